import type { Diagnostic } from "../model/diagnostic.ts";
import type { Pipeline } from "../model/pipeline.ts";
import { buildDigraph, reachable } from "./digraph.ts";
import { resolveEdges } from "./pipeline-edges.ts";
import type { PipelineEdges } from "./pipeline-edges.ts";
import { shortestCycles } from "./shortest-cycle.ts";

/**
 * Everything about the graph of one pipeline that can be told without bake: `task-unknown`, `task-duplicate`, `task-cycle`
 * and `environment-in-shared-task`. Empty when it is sound.
 */
export function checkPipeline(pipeline: Pipeline): readonly Diagnostic[] {
  const edges = resolveEdges(pipeline);
  return [...edges.diagnostics, ...describeCycles(pipeline, edges), ...environmentInShared(pipeline, edges)];
}

/** One `task-cycle` for every knot of tasks that need each other, each showing a shortest cycle with its lines. */
export function findCycles(pipeline: Pipeline): readonly Diagnostic[] {
  return describeCycles(pipeline, resolveEdges(pipeline));
}

/**
 * Which tasks belong to the pipeline's environment: deploy tasks and everything downstream of one. All others are shared
 * between the variants of the pipeline. Indexed by the task's place in the file.
 */
export function environmentScope(pipeline: Pipeline, edges: PipelineEdges): Uint8Array {
  const graph = buildDigraph(edges.needs.map((needs) => needs.map((need) => need.place)));
  const deploys: number[] = [];
  for (const [place, task] of pipeline.tasks.entries()) if (task.kind === "deploy") deploys.push(place);
  return reachable(graph, deploys);
}

function environmentInShared(pipeline: Pipeline, edges: PipelineEdges): readonly Diagnostic[] {
  const scope = environmentScope(pipeline, edges);
  const diagnostics: Diagnostic[] = [];
  for (const [place, task] of pipeline.tasks.entries()) {
    if (scope[place] === 1 || task.usesEnvironment === undefined) continue;
    diagnostics.push({
      code: "environment-in-shared-task",
      severity: "error",
      message: `\`${task.name}\` uses the environment, but it is shared: no deploy task is upstream of it`,
      location: task.usesEnvironment,
      hint: "let it need a deploy task, or take the value from a variable that is the same for all environments",
    });
  }
  return diagnostics;
}

function describeCycles(pipeline: Pipeline, edges: PipelineEdges): readonly Diagnostic[] {
  const cycles = shortestCycles(edges.needs.map((needs) => needs.map((need) => need.place)));
  return cycles.map((cycle) => describeCycle(pipeline, edges, cycle));
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
