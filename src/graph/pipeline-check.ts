import type { Diagnostic } from "../model/diagnostic.ts";
import type { Pipeline, PipelineTask } from "../model/pipeline.ts";
import { buildDigraph, reachable } from "./digraph.ts";
import { resolveEdges } from "./pipeline-edges.ts";
import type { PipelineEdges } from "./pipeline-edges.ts";
import { shortestCycles } from "./shortest-cycle.ts";

/** What the needs of a pipeline's tasks say, before build tasks are expanded. Tasks are numbered in the order of the file. */
export interface PipelineStructure {
  readonly pipeline: Pipeline;
  readonly edges: PipelineEdges;
  /**
   * 1 for tasks that belong to the pipeline's environment: deploy tasks and everything downstream of one. All others are
   * shared between the variants of the pipeline.
   */
  readonly inEnvironment: Uint8Array;
}

/** Resolves the needs of a pipeline and follows its deploys downstream. */
export function readStructure(pipeline: Pipeline): PipelineStructure {
  const edges = resolveEdges(pipeline);
  const deploys: number[] = [];
  for (const [place, task] of pipeline.tasks.entries()) if (task.kind === "deploy") deploys.push(place);
  return { pipeline, edges, inEnvironment: reachable(buildDigraph(edges.places), deploys) };
}

/**
 * Everything about the graph of one pipeline that can be told without bake: `task-unknown`, `task-duplicate`, `task-cycle`
 * and `environment-in-shared-task`. Empty when it is sound.
 */
export function checkPipeline(pipeline: Pipeline): readonly Diagnostic[] {
  return checkStructure(readStructure(pipeline));
}

/** {@link checkPipeline} for a structure that is already there. */
export function checkStructure({ pipeline, edges, inEnvironment }: PipelineStructure): readonly Diagnostic[] {
  const shared = pipeline.tasks.filter((_task, place) => inEnvironment[place] !== 1);
  return [...edges.diagnostics, ...describeCycles(pipeline, edges), ...environmentInShared(shared)];
}

/** One `task-cycle` for every knot of tasks that need each other, each showing a shortest cycle with its lines. */
export function findCycles(pipeline: Pipeline): readonly Diagnostic[] {
  return describeCycles(pipeline, resolveEdges(pipeline));
}

function environmentInShared(shared: readonly PipelineTask[]): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const { name, usesEnvironment } of shared) {
    if (usesEnvironment === undefined) continue;
    diagnostics.push({
      code: "environment-in-shared-task",
      severity: "error",
      message: `\`${name}\` uses the environment, but it is shared: no deploy task is upstream of it`,
      location: usesEnvironment,
      hint: "let it need a deploy task, or take the value from a variable that is the same for all environments",
    });
  }
  return diagnostics;
}

function describeCycles(pipeline: Pipeline, edges: PipelineEdges): readonly Diagnostic[] {
  return shortestCycles(edges.places).map((cycle) => describeCycle(pipeline, edges, cycle));
}

/** Tells the cycle in the direction of `needs`, as the file has it: `a` needs `b` needs `a`. */
function describeCycle(pipeline: Pipeline, edges: PipelineEdges, cycle: readonly number[]): Diagnostic {
  const [first = 0, ...rest] = cycle;
  const path = [first, ...rest.reverse(), first];
  const related = [];
  for (const [step, place] of path.slice(0, -1).entries()) {
    const next = path[step + 1];
    const need = edges.needs[place]?.find((candidate) => candidate.place === next);
    if (need === undefined) continue;
    const message = `\`${nameAt(pipeline, place)}\` needs \`${need.written.task}\``;
    related.push({ message, location: need.written.location });
  }
  const location = related[0]?.location;
  return {
    code: "task-cycle",
    severity: "error",
    message:
      path.length === 2
        ? `\`${nameAt(pipeline, first)}\` needs itself`
        : `${path.length - 1} tasks need each other: ${pathText(path.map((place) => nameAt(pipeline, place)))}`,
    ...(location === undefined ? {} : { location }),
    hint: "remove one of these needs",
    related,
  };
}

/** Names longer cycles by their beginning and end; the related locations have every step. */
function pathText(names: readonly string[]): string {
  const shown =
    names.length <= 12 ? names : [...names.slice(0, 6), `… ${names.length - 10} more …`, ...names.slice(-4)];
  return shown.join(" → ");
}

function nameAt(pipeline: Pipeline, place: number): string {
  return pipeline.tasks[place]?.name ?? "";
}
