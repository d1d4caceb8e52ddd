import type { Task, TaskGraph, TaskId } from "../model/task.ts";
import type { Candidate } from "./admission.ts";
import type { Demand, Pools } from "./pools.ts";
import type { FinishedTask } from "./run-result.ts";
import { ALL_SUCCEEDED } from "./upstream.ts";
import type { Upstream } from "./upstream.ts";

/**
 * A task during one run.
 *
 *     waiting   openNeeds > 0
 *     ready     in the admission
 *     running   has an execution
 *     final     `finished` is set, once
 */
export interface RunNode extends Candidate {
  readonly task: Task;
  readonly needs: readonly RunNode[];
  /** In graph order. */
  readonly dependents: readonly RunNode[];
  /** Place in the order of starting: longest remaining path first, ties in graph order. */
  readonly rank: number;
  readonly demand: Demand;
  /** Needs that have not ended. */
  openNeeds: number;
  /** How everything upstream ended; known when no need is open. */
  upstream: Upstream;
  /** What the node hands on to its dependents; known when it is final. */
  handsOn: Upstream;
  finished: FinishedTask | undefined;
}

/**
 * The nodes of a run in graph order. Throws where the graph breaks its invariants (a need that does not exist or does not come
 * earlier, an undeclared pool): such a graph could not end.
 */
export function createNodes(
  graph: TaskGraph,
  pools: Pools,
  remainingPathMs: ReadonlyMap<TaskId, number>,
): readonly RunNode[] {
  const ranks = rankTasks(graph.order, remainingPathMs);
  const nodes = new Map<TaskId, RunNode & { readonly dependents: RunNode[] }>();
  for (const id of graph.order) {
    const task = graph.tasks.get(id);
    if (task === undefined) throw new Error(`The graph's order names ${id}, which it does not contain.`);
    const needs = task.needs.map((need) => nodes.get(need));
    const known = needs.filter((need) => need !== undefined);
    if (known.length < needs.length) throw new Error(`${id} stands before something that it needs.`);
    const node = {
      task,
      needs: known,
      dependents: [],
      rank: ranks.get(id) ?? 0,
      demand: pools.demand(task.pools),
      openNeeds: known.length,
      upstream: ALL_SUCCEEDED,
      handsOn: ALL_SUCCEEDED,
      finished: undefined,
    };
    for (const need of known) need.dependents.push(node);
    nodes.set(id, node);
  }
  return [...nodes.values()];
}

function rankTasks(order: readonly TaskId[], remainingPathMs: ReadonlyMap<TaskId, number>): Map<TaskId, number> {
  const paths = order.map((id) => ({ id, pathMs: remainingPathMs.get(id) ?? 0 }));
  // The sort is stable, so tasks with equal paths stay in graph order.
  paths.sort((left, right) => right.pathMs - left.pathMs);
  return new Map(paths.map(({ id }, rank) => [id, rank]));
}
