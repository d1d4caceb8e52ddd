import { formatByteSize } from "../model/byte-size.ts";
import type { Checked } from "../model/diagnostic.ts";
import { formatDuration } from "../model/duration.ts";
import type { SourceLocation } from "../model/location.ts";
import type { PipelineTask } from "../model/pipeline.ts";
import type { ConfigInputs } from "./config-inputs.ts";
import { describeWork } from "./explain-work.ts";
import { namePipelines } from "./pipeline-names.ts";
import type { Project } from "./project.ts";
import { resolveProject } from "./resolve-project.ts";
import { collectTasks } from "./task-collection.ts";
import type { CollectedTask } from "./task-collection.ts";
import { choose, layersOf } from "./task-layers.ts";
import type { Layer, Origin } from "./task-layers.ts";

/** A resolved value of a task and where it comes from. */
export interface ExplainedSetting {
  /** As it would be written: `timeout`, `retry.max`, `deploy.health.timeout`. */
  readonly key: string;
  /** For people. */
  readonly value: string;
  readonly from: Origin["from"];
  /** Where it was written; absent for a default. */
  readonly location?: SourceLocation;
}

/** A task with every setting that decides how it runs. */
export interface ExplainedTask {
  readonly task: string;
  readonly settings: readonly ExplainedSetting[];
}

/** Where each value of each task of a variant comes from, for `config --explain`. */
export function explainPipeline(
  project: Project,
  inputs: ConfigInputs,
  variant: string,
): Checked<readonly ExplainedTask[]> {
  const resolved = resolveProject(project, inputs, [variant]);
  if (!resolved.ok) return resolved;
  const named = namePipelines(project).find(({ variants }) => variants.includes(variant));
  const collected = named === undefined ? undefined : collectTasks(project, named.file);
  const written = new Map(collected?.tasks.map((task) => [task.name, task]));
  const tasks = resolved.value.pipelines.flatMap((pipeline) => pipeline.tasks);
  const explained = tasks.flatMap((task) => {
    const source = written.get(task.name);
    return source === undefined ? [] : [{ task: task.name, settings: explainTask(task, source) }];
  });
  return { ok: true, value: explained, warnings: resolved.warnings };
}

function explainTask(task: PipelineTask, collected: CollectedTask): readonly ExplainedSetting[] {
  const { document, written } = collected;
  if (document.written === undefined) return [];
  const layers = layersOf(written, task.kind, document.written);
  const origin = (key: string, within?: "retry" | "resources"): Origin => originOf(collected, layers, key, within);
  const own = (key: "needs" | "if"): Origin =>
    Object.hasOwn(written, key)
      ? { from: "task", location: document.source.valueLocation(written, key) }
      : { from: "built-in default" };
  const { resources, retry, pools } = task;
  const settings: ExplainedSetting[] = [
    { key: "needs", value: list(task.needs.map((need) => need.task)), ...own("needs") },
    { key: "if", value: written.if === undefined ? "success()" : String(written.if), ...own("if") },
    { key: "timeout", value: formatDuration(task.timeoutMs), ...origin("timeout") },
    { key: "continue_on_error", value: String(task.continueOnError), ...origin("continue_on_error") },
    { key: "retry.max", value: String(retry.max), ...origin("max", "retry") },
    { key: "retry.on", value: list(retry.on), ...origin("on", "retry") },
    { key: "retry.backoff", value: formatDuration(retry.backoffMs), ...origin("backoff", "retry") },
  ];
  if (Object.keys(pools).length > 0) settings.push({ key: "pool", value: describePools(pools), ...origin("pool") });
  const resource = (key: string, value: string | undefined): void => {
    if (value !== undefined) settings.push({ key: `resources.${key}`, value, ...origin(key, "resources") });
  };
  resource("memory", resources.memoryBytes === undefined ? undefined : formatByteSize(resources.memoryBytes));
  resource("cpus", resources.cpus?.toString());
  resource("disk", resources.diskBytes === undefined ? undefined : formatByteSize(resources.diskBytes));
  return [...settings, ...describeWork(task, written, document.source)];
}

function originOf(
  { document: { source } }: CollectedTask,
  layers: readonly Layer[],
  key: string,
  within: "retry" | "resources" | undefined,
): Origin {
  const chosen = choose(layers, key, within);
  if (chosen === undefined) return { from: "built-in default" };
  return { from: chosen.layer, location: source.valueLocation(chosen.container, chosen.key) };
}

function describePools(pools: Readonly<Record<string, number>>): string {
  const parts = Object.entries(pools).map(([pool, weight]) => (weight === 1 ? pool : `${pool} (${weight})`));
  return parts.join(", ");
}

function list(words: readonly string[]): string {
  return words.length === 0 ? "none" : words.join(", ");
}
