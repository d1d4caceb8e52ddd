import { sortDiagnostics } from "../../config/config-inputs.ts";
import { inspectProject } from "../../config/resolve-project.ts";
import { findCycles } from "../../graph/pipeline-check.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Invocation } from "../command-declaration.ts";
import { EXIT } from "../exit-code.ts";
import { openProject } from "../loaded-project.ts";
import type { LoadedProject } from "../loaded-project.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble, tellWarnings } from "../trouble.ts";

interface Validated {
  readonly pipelines: number;
  readonly tasks: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** `orchestrate validate`: every problem of the files, without Docker. Exit code 2 when there is one. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const json = invocation.options.flag("json");
  const opened = await openProject(invocation, surroundings);
  if (!opened.ok) return tellTrouble(opened.trouble, surroundings, json);
  const { diagnostics, pipelines, tasks } = validate(opened.value, invocation.arguments);
  const { sources } = opened.value.project;
  if (diagnostics.some((diagnostic) => diagnostic.severity === "error")) {
    return tellTrouble({ trouble: "diagnostics", diagnostics, sources }, surroundings, json);
  }
  if (json) {
    surroundings.stdout.write(`${JSON.stringify({ version: 1, pipelines, tasks, diagnostics }, undefined, 2)}\n`);
    return EXIT.success;
  }
  await tellWarnings(diagnostics, sources, surroundings);
  surroundings.stdout.write(`${count(pipelines, "pipeline")} with ${count(tasks, "task")}: no problems\n`);
  return EXIT.success;
}

function validate({ project, inputs }: LoadedProject, names: readonly string[]): Validated {
  const inspected = inspectProject(project, inputs, names.length === 0 ? "all" : names);
  const { pipelines } = inspected;
  const diagnostics = sortDiagnostics([...inspected.diagnostics, ...pipelines.flatMap(findCycles)]);
  const tasks = pipelines.reduce((sum, pipeline) => sum + pipeline.tasks.length, 0);
  return { pipelines: pipelines.length, tasks, diagnostics };
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}
