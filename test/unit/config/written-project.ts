import type { ConfigInputs } from "../../../src/config/config-inputs.ts";
import { parseProject } from "../../../src/config/project.ts";
import type { Project } from "../../../src/config/project.ts";
import { inspectProject, resolveProject } from "../../../src/config/resolve-project.ts";
import type { ResolvedProject, Selection } from "../../../src/config/resolve-project.ts";
import type { Diagnostic } from "../../../src/model/diagnostic.ts";
import type { Pipeline, PipelineTask, TaskKind } from "../../../src/model/pipeline.ts";

/** Nothing set, no repository. */
export const NO_INPUTS: ConfigInputs = { environment: {}, variables: {}, git: {} };

/** Environments for tests that need some. */
export const BLUE_AND_GREEN = JSON.stringify({
  environments: { blue: { port: 8081, variables: { TIER: "front" } }, green: { port: 8082 } },
});

/** A project whose files are given as texts. */
export function writtenProject(files: Readonly<Record<string, string>>): Project {
  return parseProject("/project", {
    listPipelines: () =>
      Object.keys(files)
        .filter((file) => /^pipelines\/[^/]+\.ya?ml$/.test(file))
        .sort(),
    read: (file) => files[file] ?? { missing: true, reason: "it does not exist" },
  });
}

/** Every problem of a project, as `file:line:column code`. */
export function problems(
  files: Readonly<Record<string, string>>,
  inputs: Partial<ConfigInputs> = {},
  selection: Selection = "all",
): readonly string[] {
  return diagnose(files, inputs, selection).map(describe);
}

/** Every problem of a project. */
export function diagnose(
  files: Readonly<Record<string, string>>,
  inputs: Partial<ConfigInputs> = {},
  selection: Selection = "all",
): readonly Diagnostic[] {
  return inspectProject(writtenProject(files), { ...NO_INPUTS, ...inputs }, selection).diagnostics;
}

/** `file:line:column code` of a diagnostic. */
export function describe({ code, location }: Diagnostic): string {
  return location === undefined ? code : `${location.file}:${location.line}:${location.column} ${code}`;
}

/** The resolved project; fails with the problems when there are any. */
export function resolved(
  files: Readonly<Record<string, string>>,
  inputs: Partial<ConfigInputs> = {},
  selection: Selection = "all",
): ResolvedProject {
  const result = resolveProject(writtenProject(files), { ...NO_INPUTS, ...inputs }, selection);
  if (!result.ok) throw new Error(result.diagnostics.map((found) => `${describe(found)}: ${found.message}`).join("\n"));
  return result.value;
}

/** The only pipeline of a project of one file. */
export function pipelineOf(text: string, inputs: Partial<ConfigInputs> = {}): Pipeline {
  const [pipeline] = resolved({ "pipelines/main.yaml": text }, inputs).pipelines;
  if (pipeline === undefined) throw new Error("there is no pipeline");
  return pipeline;
}

/** A task of one kind; fails when it is of another. */
export function taskOf<K extends TaskKind>(pipeline: Pipeline, name: string, kind: K): PipelineTask & { kind: K } {
  const task = pipeline.tasks.find((candidate) => candidate.name === name);
  if (task === undefined || !isOfKind(task, kind)) throw new Error(`no ${kind} task ${name}`);
  return task;
}

function isOfKind<K extends TaskKind>(task: PipelineTask, kind: K): task is PipelineTask & { kind: K } {
  return task.kind === kind;
}
