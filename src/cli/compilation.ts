import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Project } from "../config/project.ts";
import { namePipelines } from "../config/pipeline-names.ts";
import { resolveBuildConfig } from "../config/resolve-build-config.ts";
import { resolveProject } from "../config/resolve-project.ts";
import { bakeQueries, isAnswered } from "../graph/bake-query.ts";
import type { BakeAnswer, BakeAnswers, BakeQuery } from "../graph/bake-query.ts";
import { compileGraph } from "../graph/compile.ts";
import { selectTasks } from "../graph/select.ts";
import type { TaskSelection } from "../graph/select.ts";
import type { BuildConfig } from "../model/build-config.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Pipeline } from "../model/pipeline.ts";
import type { Task, TaskGraph } from "../model/task.ts";
import type { Invocation, Options } from "./command-declaration.ts";
import { findIdleColour } from "./idle-colour.ts";
import { openProject } from "./loaded-project.ts";
import type { LoadedProject } from "./loaded-project.ts";
import type { Surroundings } from "./surroundings.ts";
import { refuse, succeed, tellWarnings } from "./trouble.ts";
import type { Outcome, SourceTexts } from "./trouble.ts";

/** Everything that executing, planning or drawing a graph needs. */
export interface Compiled {
  readonly directory: string;
  readonly project: Project;
  readonly buildConfig: BuildConfig;
  readonly pipelines: readonly Pipeline[];
  /** What was compiled. */
  readonly whole: TaskGraph;
  /** The part of it that `--only` and `--from` select; all of it without them. */
  readonly graph: TaskGraph;
}

/** Compiles the pipelines that the command line names, and keeps of them what `--only` and `--from` select. */
export async function compileNamed(invocation: Invocation, surroundings: Surroundings): Promise<Outcome<Compiled>> {
  const opened = await openProject(invocation, surroundings);
  if (!opened.ok) return opened;
  const { project, inputs } = opened.value;
  const names = await nameIdleVariants(opened.value, invocation.arguments, surroundings);
  const resolved = resolveProject(project, inputs, [...new Set(names)]);
  if (!resolved.ok) return refuse(resolved.diagnostics, project.sources);
  await tellWarnings(resolved.warnings, project.sources, surroundings);
  const { buildConfig } = resolved.value;
  const named = namePipelines(project);
  const pipelines = resolved.value.pipelines.map((pipeline) => {
    if (invocation.arguments.includes(pipeline.variant)) return pipeline;
    return markIdle(pipeline, named.find(({ name }) => name === pipeline.name)?.environments ?? []);
  });
  const compiled = await compilePipelines(opened.value, buildConfig, pipelines, surroundings);
  if (!compiled.ok) return compiled;
  const selected = selectTasks(compiled.value.whole, readSelection(invocation.options));
  if (!selected.ok) return refuse(selected.diagnostics, project.sources);
  return succeed({ ...compiled.value, graph: selected.value });
}

/** `deploy` means the variant of its idle colour, where a router knows one. */
async function nameIdleVariants(
  { directory, project, inputs }: LoadedProject,
  names: readonly string[],
  surroundings: Surroundings,
): Promise<readonly string[]> {
  const named = namePipelines(project);
  const known = new Set(named.flatMap(({ variants }) => variants));
  return await Promise.all(
    names.map(async (name) => {
      const pipeline = named.find((each) => each.name === name);
      if (known.has(name) || pipeline === undefined) return name;
      const config = resolveBuildConfig(project, inputs);
      if (!config.ok) return name;
      const site = { directory, buildConfig: config.value };
      const idle = await findIdleColour(site, pipeline.environments, surroundings);
      return idle === undefined ? name : `${name}-${idle}`;
    }),
  );
}

function markIdle(pipeline: Pipeline, idleAmong: readonly string[]): Pipeline {
  const { environment } = pipeline;
  return environment === undefined ? pipeline : { ...pipeline, environment: { ...environment, idleAmong } };
}

function readSelection(options: Options): TaskSelection {
  const only = options.list("only");
  const from = options.list("from");
  return { ...(only.length === 0 ? {} : { only }), ...(from.length === 0 ? {} : { from }) };
}

/** Compiles resolved pipelines into one graph, asking bake for the targets of their build tasks. */
export async function compilePipelines(
  { directory, project }: LoadedProject,
  buildConfig: BuildConfig,
  pipelines: readonly Pipeline[],
  surroundings: Surroundings,
): Promise<Outcome<Compiled>> {
  const asked = await askBake(directory, bakeQueries(pipelines, buildConfig), surroundings);
  if (!asked.ok) {
    if (asked.diagnostics === undefined) return asked.outcome;
    return refuse(asked.diagnostics, withSources(project.sources, directory, asked.diagnostics));
  }
  const graph = compileGraph({ pipelines, buildConfig, bake: asked.answers });
  if (!graph.ok) return refuse(graph.diagnostics, project.sources);
  const forbidden = await findForbidden(directory, graph.value.tasks.values());
  if (forbidden.length > 0) return refuse(forbidden, project.sources);
  await tellWarnings(graph.warnings, project.sources, surroundings);
  return succeed({ directory, project, buildConfig, pipelines, whole: graph.value, graph: graph.value });
}

type Asked =
  | { readonly ok: true; readonly answers: BakeAnswers }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics?: undefined; readonly outcome: Outcome<never> };

async function askBake(directory: string, queries: readonly BakeQuery[], surroundings: Surroundings): Promise<Asked> {
  const answers = new Map<string, BakeAnswer>();
  if (queries.length === 0) return { ok: true, answers };
  const { loadBakeDefinition, listBakeTargets } = await import("../docker/bake.ts");
  for (const query of queries) {
    if (isAnswered(query, answers)) continue;
    const site = { workingDirectory: directory, call: query.call, signal: surroundings.signal };
    const result = await loadBakeDefinition(site, query.targets);
    if (result.ok) {
      answers.set(query.key, { found: true, definition: result.definition });
      continue;
    }
    const { problem } = result;
    if (problem.problem === "target-unknown") {
      answers.set(query.key, { found: false, unknown: problem.target, known: await listBakeTargets(site) });
    } else if (query.required && problem.problem === "failed") {
      return { ok: false, outcome: { ok: false, trouble: { trouble: "failure", failure: problem.failure } } };
    } else if (query.required && problem.problem === "file-invalid") {
      return { ok: false, diagnostics: [describeInvalidFile(problem)] };
    }
  }
  return { ok: true, answers };
}

/** Entitlements that bake targets ask for and their tasks do not allow: told before anything starts. */
async function findForbidden(directory: string, tasks: Iterable<Task>): Promise<readonly Diagnostic[]> {
  const { missingEntitlements } = await import("../docker/bake-entitlements.ts");
  const diagnostics: Diagnostic[] = [];
  for (const task of tasks) {
    if (task.kind !== "build") continue;
    const missing = missingEntitlements(task.definition, task.bake, directory);
    if (missing.length === 0) continue;
    diagnostics.push({
      code: "entitlement-not-allowed",
      severity: "error",
      message: `the bake target \`${task.bakeTarget}\` asks for what the task does not allow: ${missing.join(", ")}`,
      location: task.location,
      hint: `if you trust it, add to the build task: allow: ${JSON.stringify(missing)}`,
    });
  }
  return diagnostics;
}

/** Adds the files that diagnostics point into and the project did not read, such as bake files, for their code frames. */
function withSources(sources: SourceTexts, directory: string, diagnostics: readonly Diagnostic[]): SourceTexts {
  const all = new Map(sources);
  for (const { location } of diagnostics) {
    if (location === undefined || all.has(location.file)) continue;
    const file = path.resolve(directory, location.file);
    if (existsSync(file)) all.set(location.file, readFileSync(file, "utf8"));
  }
  return all;
}

interface InvalidBakeFile {
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

function describeInvalidFile({ message, file, line, column }: InvalidBakeFile): Diagnostic {
  return {
    code: "bake-definition-invalid",
    severity: "error",
    message: `docker buildx bake refuses the bake files: ${message}`,
    ...(file === undefined ? {} : { location: { file, line: line ?? 1, column: column ?? 1 } }),
    hint: "`docker buildx bake --print` shows the same",
  };
}
