import type { Diagnostic } from "../model/diagnostic.ts";
import type { Check, RunSpec } from "../model/pipeline.ts";
import type { LateReference, Template } from "../model/template.ts";

/** The node that a `${tasks.NAME.…}` reference means, or what is wrong with it. Undefined when the name is unknown. */
export type FindNode = (reference: TaskReference) => string | Diagnostic | undefined;

/** A reference to an output of a task. */
export type TaskReference = Extract<LateReference, { readonly namespace: "tasks" }>;

/** Replaces the names of tasks in a template by the ids of their nodes; problems are added to `diagnostics`. */
function resolveTemplate(template: Template, findNode: FindNode, diagnostics: Diagnostic[]): Template {
  if (template.parts.every((part) => typeof part === "string" || part.namespace !== "tasks")) return template;
  const parts = template.parts.map((part) => {
    if (typeof part === "string" || part.namespace !== "tasks") return part;
    const found = findNode(part);
    if (typeof found === "string") return { ...part, task: found };
    if (found !== undefined) diagnostics.push(found);
    return part;
  });
  return { parts };
}

/** {@link resolveTemplate} for every template of a command. */
export function resolveCommand(run: RunSpec, findNode: FindNode, diagnostics: Diagnostic[]): RunSpec {
  const resolve = (template: Template): Template => resolveTemplate(template, findNode, diagnostics);
  const { command } = run;
  const environment = Object.fromEntries(
    Object.entries(run.environment).map(([name, value]) => [name, resolve(value)] as const),
  );
  if (command.form === "shell") return { ...run, environment };
  return { ...run, environment, command: { ...command, arguments: command.arguments.map(resolve) } };
}

/** {@link resolveTemplate} for every template of checks. */
export function resolveChecks(
  checks: readonly Check[],
  findNode: FindNode,
  diagnostics: Diagnostic[],
): readonly Check[] {
  return checks.map((check) =>
    check.check === "http" ? { ...check, url: resolveTemplate(check.url, findNode, diagnostics) } : check,
  );
}
