import { explainPipeline } from "../../config/explain-pipeline.ts";
import type { ExplainedTask } from "../../config/explain-pipeline.ts";
import { resolveProject } from "../../config/resolve-project.ts";
import type { SourceLocation } from "../../model/location.ts";
import type { Invocation } from "../command-declaration.ts";
import { EXIT } from "../exit-code.ts";
import { openProject } from "../loaded-project.ts";
import type { LoadedProject } from "../loaded-project.ts";
import type { Surroundings } from "../surroundings.ts";
import { refuse, succeed, tellTrouble, tellWarnings } from "../trouble.ts";
import type { Outcome } from "../trouble.ts";

/** A variant with the settings of its tasks. */
interface ExplainedVariant {
  readonly variant: string;
  readonly tasks: readonly ExplainedTask[];
}

/** `orchestrate config`: pipelines as they were understood, with `--explain` where each value was written. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const { options } = invocation;
  const json = options.flag("json");
  const opened = await openProject(invocation, surroundings);
  if (!opened.ok) return tellTrouble(opened.trouble, surroundings, json);
  const { project, inputs } = opened.value;
  const resolved = resolveProject(project, inputs, invocation.arguments);
  if (!resolved.ok) return tellTrouble(refusalOf(resolved.diagnostics, opened.value), surroundings, json);
  await tellWarnings(resolved.warnings, project.sources, surroundings);
  if (json && !options.flag("explain")) {
    surroundings.stdout.write(`${JSON.stringify({ version: 1, ...resolved.value }, undefined, 2)}\n`);
    return EXIT.success;
  }
  const explained = explainAll(opened.value, invocation.arguments);
  if (!explained.ok) return tellTrouble(explained.trouble, surroundings, json);
  const text = json
    ? JSON.stringify({ version: 1, pipelines: explained.value }, undefined, 2)
    : explained.value.map((variant) => renderVariant(variant, options.flag("explain"))).join("\n\n");
  surroundings.stdout.write(`${text}\n`);
  return EXIT.success;
}

function refusalOf(diagnostics: Parameters<typeof refuse>[0], { project }: LoadedProject) {
  return { trouble: "diagnostics", diagnostics, sources: project.sources } as const;
}

function explainAll(
  { project, inputs }: LoadedProject,
  variants: readonly string[],
): Outcome<readonly ExplainedVariant[]> {
  const explained: ExplainedVariant[] = [];
  for (const variant of variants) {
    const tasks = explainPipeline(project, inputs, variant);
    if (!tasks.ok) return refuse(tasks.diagnostics, project.sources);
    explained.push({ variant, tasks: tasks.value });
  }
  return succeed(explained);
}

function renderVariant({ variant, tasks }: ExplainedVariant, explain: boolean): string {
  const lines = [variant];
  for (const { task, settings } of tasks) {
    lines.push(`  ${task}`);
    const width = Math.max(0, ...settings.map(({ key }) => key.length));
    const valueWidth = Math.min(40, Math.max(0, ...settings.map(({ value }) => value.length)));
    for (const { key, value, from, location } of settings) {
      const origin = explain ? `  # ${from}${location === undefined ? "" : ` (${describePlace(location)})`}` : "";
      lines.push(`    ${key.padEnd(width)}  ${explain ? value.padEnd(valueWidth) : value}${origin}`.trimEnd());
    }
  }
  return lines.join("\n");
}

function describePlace({ file, line }: SourceLocation): string {
  return `${file}:${line}`;
}
