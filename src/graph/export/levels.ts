import type { Task, TaskGraph, TaskId } from "../../model/task.ts";

/** The tasks by their distance from the start: level 0 needs nothing, level n needs at least one task of level n - 1. */
export function levelsOf(graph: TaskGraph): readonly (readonly Task[])[] {
  const levelOf = new Map<TaskId, number>();
  const levels: Task[][] = [];
  for (const id of graph.order) {
    const task = graph.tasks.get(id);
    if (task === undefined) continue;
    let level = 0;
    for (const need of task.needs) level = Math.max(level, (levelOf.get(need) ?? 0) + 1);
    levelOf.set(id, level);
    (levels[level] ??= []).push(task);
  }
  return levels;
}

/** The tasks of each environment in graph order; those that are shared have the key undefined. */
export function byEnvironment(graph: TaskGraph): ReadonlyMap<string | undefined, readonly Task[]> {
  const groups = new Map<string | undefined, Task[]>();
  for (const task of graph.tasks.values()) {
    const name = task.environment?.name;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [task]);
    else group.push(task);
  }
  return groups;
}
