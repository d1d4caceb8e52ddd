import type { TaskGraph, TaskId } from "../model/task.ts";

/** How long a task took before, in milliseconds; undefined where nothing was recorded. */
export type KnownDuration = (id: TaskId) => number | undefined;

/** The longest chain of tasks. */
export interface CriticalPath {
  /** From a task without needs to one that nothing needs; empty for an empty graph. */
  readonly tasks: readonly TaskId[];
  /** Sum of its estimated durations; absent when no duration of any task is known. */
  readonly durationMs?: number;
}

/**
 * For each task the longest path from its start to the end of the graph, itself included: the larger, the earlier it should
 * start. In milliseconds by recorded durations; where one is unknown the task is taken to be long (97th percentile of the
 * known ones), which costs less than taking it to be short. With no duration known at all each task counts 1.
 */
export function remainingPath(graph: TaskGraph, knownDurationMs: KnownDuration): ReadonlyMap<TaskId, number> {
  return tracePaths(graph, estimateDurations(graph, knownDurationMs)).remaining;
}

/** The path that decides how long the whole graph takes when nothing limits it. Of equal ones the first in order. */
export function criticalPath(graph: TaskGraph, knownDurationMs: KnownDuration): CriticalPath {
  const { remaining, next } = tracePaths(graph, estimateDurations(graph, knownDurationMs));
  let start: TaskId | undefined;
  for (const id of graph.order) {
    if (start === undefined || (remaining.get(id) ?? 0) > (remaining.get(start) ?? 0)) start = id;
  }
  const tasks: TaskId[] = [];
  for (let id = start; id !== undefined; id = next.get(id)) tasks.push(id);
  const known = graph.order.some((id) => knownDurationMs(id) !== undefined);
  return { tasks, ...(known && start !== undefined ? { durationMs: remaining.get(start) ?? 0 } : {}) };
}

interface Paths {
  readonly remaining: ReadonlyMap<TaskId, number>;
  /** The successor on the longest path. */
  readonly next: ReadonlyMap<TaskId, TaskId>;
}

function tracePaths(graph: TaskGraph, estimateMs: (id: TaskId) => number): Paths {
  const remaining = new Map<TaskId, number>();
  const behind = new Map<TaskId, number>();
  const next = new Map<TaskId, TaskId>();
  // Backwards through the order: all that needs a task has been seen before the task itself.
  for (const id of graph.order.toReversed()) {
    const total = (behind.get(id) ?? 0) + estimateMs(id);
    remaining.set(id, total);
    for (const need of graph.tasks.get(id)?.needs ?? []) {
      if (total < (behind.get(need) ?? 0)) continue;
      behind.set(need, total);
      next.set(need, id);
    }
  }
  return { remaining, next };
}

function estimateDurations(graph: TaskGraph, knownDurationMs: KnownDuration): (id: TaskId) => number {
  const known: number[] = [];
  for (const id of graph.order) {
    const durationMs = knownDurationMs(id);
    if (durationMs !== undefined) known.push(durationMs);
  }
  if (known.length === 0) return () => 1;
  known.sort((a, b) => a - b);
  const long = known[Math.ceil(known.length * 0.97) - 1] ?? 1;
  return (id) => knownDurationMs(id) ?? long;
}
