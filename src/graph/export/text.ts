import type { Task, TaskGraph, TaskId } from "../../model/task.ts";
import { levelsOf } from "./levels.ts";

/**
 * The graph for a terminal: a line for each task, grouped by level, with its kind and what it needs. Tasks of one level need
 * none of each other. Ends with a line end.
 */
export function renderText(graph: TaskGraph): string {
  const levels = levelsOf(graph);
  const idWidth = widest(graph.order);
  const numberWidth = String(levels.length).length;
  const sizes = buildSizes(graph);
  const lines = [describeHead(graph), ""];
  for (const [index, tasks] of levels.entries()) {
    for (const [place, task] of tasks.entries()) {
      const number = (place === 0 ? String(index + 1) : "").padStart(numberWidth);
      const needs = task.needs.length === 0 ? "" : `needs ${shortenNeeds(task, graph, sizes).join(", ")}`;
      lines.push(`${number}  ${task.id.padEnd(idWidth)}  ${task.kind.padEnd(6)}  ${needs}`.trimEnd());
    }
  }
  return `${lines.join("\n")}\n`;
}

function describeHead(graph: TaskGraph): string {
  const pools = Object.entries(graph.concurrency.pools).map(([name, capacity]) => `pool ${name} ${capacity}`);
  const count = graph.tasks.size;
  const parts = [
    graph.variants.join(" + "),
    `${count} ${count === 1 ? "task" : "tasks"}`,
    `at most ${graph.concurrency.tasks} at once`,
    ...pools,
  ];
  return parts.join(" · ");
}

/** How many nodes each build task has, by the ids of its nodes without the bake target. */
function buildSizes(graph: TaskGraph): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const task of graph.tasks.values()) {
    const stem = buildStem(task);
    if (stem !== undefined) sizes.set(stem, (sizes.get(stem) ?? 0) + 1);
  }
  return sizes;
}

function buildStem(task: Task | undefined): string | undefined {
  return task?.kind === "build" ? task.id.slice(0, task.id.lastIndexOf(`/${task.bakeTarget}`) + 1) : undefined;
}

/** Writes `images/*` where every node of a build task is needed. */
function shortenNeeds(task: Task, graph: TaskGraph, sizes: ReadonlyMap<string, number>): readonly string[] {
  const counts = new Map<string, number>();
  const stemOf = (need: TaskId): string | undefined => buildStem(graph.tasks.get(need));
  for (const need of task.needs) {
    const stem = stemOf(need);
    if (stem !== undefined) counts.set(stem, (counts.get(stem) ?? 0) + 1);
  }
  const names = task.needs.map((need) => {
    const stem = stemOf(need) ?? "";
    const count = counts.get(stem) ?? 0;
    return count > 1 && count === sizes.get(stem) ? `${stem}*` : need;
  });
  return [...new Set(names)];
}

function widest(texts: readonly string[]): number {
  let width = 0;
  for (const text of texts) width = Math.max(width, text.length);
  return width;
}
