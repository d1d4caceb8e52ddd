import type { Environment } from "../model/build-config.ts";
import type { Pipeline, PipelineTask } from "../model/pipeline.ts";
import type { ConfigInputs, Report } from "./config-inputs.ts";
import { PIPELINE_FOLDER } from "./project.ts";
import type { PipelineFile } from "./project.ts";
import type { PartialBuildConfig } from "./resolve-build-config.ts";
import { resolveCondition } from "./condition-resolution.ts";
import { resolveNeeds } from "./resolve-needs.ts";
import { resolveSettings } from "./resolve-settings.ts";
import type { KnownPools } from "./resolve-settings.ts";
import { resolveWork } from "./resolve-work.ts";
import type { Scope } from "./scope.ts";
import type { CollectedPipeline, CollectedTask } from "./task-collection.ts";
import { taskKind } from "./task-kind.ts";
import { layersOf } from "./task-layers.ts";
import { TaskNames } from "./task-names.ts";
import { ValueReader } from "./value-reader.ts";
import { reportEnvironmentInSharedTasks, reportMissingEnvironment } from "./variant-rule.ts";

/** Tasks at once where the pipeline does not say. */
const DEFAULT_CONCURRENCY = 4;

/** A pipeline to resolve for one environment, or for none. */
export interface VariantRequest {
  readonly name: string;
  readonly variant: string;
  /** Unknown where the pipeline's or the project's environments are broken, which is reported elsewhere. */
  readonly environment: Environment | "unknown" | undefined;
}

/** Everything else that a variant depends on. */
export interface VariantContext {
  readonly collected: CollectedPipeline;
  readonly build: PartialBuildConfig;
  readonly inputs: ConfigInputs;
  readonly projectDirectory: string;
  readonly report: Report;
}

/** Resolves a pipeline for one environment. The result is complete only if nothing was reported. */
export function resolveVariant(request: VariantRequest, context: VariantContext): Pipeline {
  const { collected, report } = context;
  const { written, document } = collected;
  const names = new TaskNames(collected);
  const scopes = new Map(collected.files.map((file) => [file, fileScope(file, request, context)]));
  const pools = collectPools(collected, scopes, report);
  const tasks: PipelineTask[] = [];
  for (const task of collected.tasks) {
    const scope = scopes.get(task.file);
    const resolved = scope && resolveTask(task, scope, names, pools, context);
    if (resolved !== undefined) tasks.push(resolved);
  }
  if (request.environment === undefined) reportMissingEnvironment(tasks, report);
  // A task that could not be resolved may be the link between a deploy task and another one.
  else if (tasks.length === collected.tasks.length) reportEnvironmentInSharedTasks(tasks, names, report);
  const reader = new ValueReader(document.source, scopes.get(collected.root) ?? emptyScope(context), report);
  const concurrency = written.concurrency ?? {};
  return {
    name: request.name,
    variant: request.variant,
    ...(written.description === undefined ? {} : { description: written.description }),
    ...(typeof request.environment === "object" ? { environment: request.environment } : {}),
    concurrency: {
      tasks: reader.number(concurrency, "tasks", { min: 1, whole: true }) ?? DEFAULT_CONCURRENCY,
      pools: pools === "unknown" ? {} : Object.fromEntries(pools),
    },
    tasks,
    location: document.source.keyLocation(written, "name"),
  };
}

function emptyScope({ inputs }: VariantContext): Scope {
  const { environment, git } = inputs;
  return { variables: undefined, environment: undefined, processEnvironment: environment, git };
}

/** What names mean in one file: each has its own variables. */
function fileScope(file: PipelineFile, request: VariantRequest, context: VariantContext): Scope {
  const { inputs, report } = context;
  const { environment: processEnvironment, git } = inputs;
  const { document } = file;
  const environment = request.environment;
  const broken = document?.written === undefined || document.damage.some(([key]) => key === "variables");
  if (broken) return { variables: "unknown", environment, processEnvironment, git };
  const variables = new Map<string, string>();
  const scope: Scope = { variables, environment, processEnvironment, git };
  // A default may use the variables above it, and nothing of the environment: variables are shared by all variants.
  const reader = new ValueReader(document.source, { ...scope, environment: undefined }, report);
  const written = document.written?.variables ?? {};
  for (const name of Object.keys(written)) {
    const given = Object.hasOwn(inputs.variables, name) ? inputs.variables[name] : undefined;
    variables.set(name, given ?? reader.text(written, name) ?? "");
  }
  return scope;
}

/** The pools of all files of a pipeline; where two declare one, the including file decides. */
function collectPools(
  collected: CollectedPipeline,
  scopes: ReadonlyMap<PipelineFile, Scope>,
  report: Report,
): KnownPools {
  const pools = new Map<string, number>();
  for (const file of collected.files) {
    const { document } = file;
    const scope = scopes.get(file);
    if (document?.written === undefined || scope === undefined) continue;
    if (document.damage.some(([key]) => key === "concurrency")) return "unknown";
    const reader = new ValueReader(document.source, scope, report);
    const written = document.written.concurrency?.pools ?? {};
    for (const name of Object.keys(written)) {
      const capacity = reader.number(written, name, { min: 1, whole: true });
      if (capacity !== undefined && !pools.has(name)) pools.set(name, capacity);
    }
  }
  return pools;
}

function resolveTask(
  task: CollectedTask,
  scope: Scope,
  names: TaskNames,
  pools: KnownPools,
  context: VariantContext,
): PipelineTask | undefined {
  const { written, document } = task;
  const kind = taskKind(written);
  if (kind === undefined || document.written === undefined) return undefined;
  const { build, projectDirectory, report } = context;
  const reader = new ValueReader(document.source, scope, report, task.prefix);
  const settings = resolveSettings(layersOf(written, kind, document.written), reader, pools);
  const condition = resolveCondition(written, written.if, reader);
  const work = resolveWork(kind, written, { reader, build, base: baseDirectory(task.file.file), projectDirectory });
  // Last, since reading the rest finds the references that add needs.
  const needs = resolveNeeds(task, reader, names);
  if (work === undefined) return undefined;
  return {
    name: task.name,
    ...(written.description === undefined ? {} : { description: written.description }),
    location: task.location,
    ...(reader.environmentUse === undefined ? {} : { usesEnvironment: reader.environmentUse }),
    ...settings,
    condition,
    needs,
    ...work,
  };
}

/** Paths in a file of `pipelines/` are relative to the project; in any other, which is only included, to that file. */
function baseDirectory(file: string): string {
  const directory = file.slice(0, Math.max(0, file.lastIndexOf("/")));
  return directory === PIPELINE_FOLDER || directory === "" ? "." : directory;
}
