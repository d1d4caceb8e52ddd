import type { Concurrency } from "../model/pipeline.ts";
import type { Task } from "../model/task.ts";

/**
 * The limits of pipelines that run together: of each limit the smallest, since a limit is a promise ("never more than two
 * builds at once") that company must not break. A pool holds at least the largest weight that a single task takes from it,
 * else that task could never start.
 */
export function mergeConcurrency(limits: readonly Concurrency[], tasks: Iterable<Task>): Concurrency {
  const pools: Record<string, number> = {};
  for (const limit of limits) {
    for (const [pool, capacity] of Object.entries(limit.pools))
      pools[pool] = Math.min(pools[pool] ?? capacity, capacity);
  }
  for (const task of tasks) {
    for (const [pool, weight] of Object.entries(task.pools)) pools[pool] = Math.max(pools[pool] ?? weight, weight);
  }
  return { tasks: Math.max(1, Math.min(...limits.map((limit) => limit.tasks))), pools };
}
