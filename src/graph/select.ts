import type { Checked, Diagnostic } from "../model/diagnostic.ts";
import { didYouMean, suggest } from "../model/suggestion.ts";
import type { ServiceImage, Task, TaskGraph, TaskId } from "../model/task.ts";

/** Which part of a graph to run. Nothing given means all of it. */
export interface TaskSelection {
  /** Exactly these tasks, nothing upstream or downstream of them. */
  readonly only?: readonly string[];
  /** These tasks and everything downstream of them; adds to `only` where both are given. */
  readonly from?: readonly string[];
  /** Of the build nodes keep only those of these services and what they link to; tasks of other kinds stay. */
  readonly services?: readonly string[];
}

/**
 * The selected part of a graph. A name is an id (`release@blue`, `images/frontend`), or what several ids have in common: the
 * task of the file (`images`), or an id without its environment or pipeline (`release`).
 *
 * Needs outside the selection are dropped, yet order is kept through them: of `a ← b ← c` the selection of `a` and `c` still
 * runs `c` after `a`. Images that no selected node builds are meant by their tag. Diagnostics: `task-unknown`,
 * `service-unknown`, both without a place since the name comes from the command line.
 */
export function selectTasks(graph: TaskGraph, selection: TaskSelection): Checked<TaskGraph> {
  const diagnostics: Diagnostic[] = [];
  const selected = selectByName(graph, selection, diagnostics);
  if (selection.services !== undefined) keepServices(graph, selection.services, selected, diagnostics);
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  if (selected.size === graph.tasks.size) return { ok: true, value: graph, warnings: [] };
  return { ok: true, value: restrict(graph, selected), warnings: [] };
}

function selectByName(graph: TaskGraph, { only, from }: TaskSelection, diagnostics: Diagnostic[]): Set<TaskId> {
  if (only === undefined && from === undefined) return new Set(graph.order);
  const idsOf = new Map<string, Set<TaskId>>();
  for (const task of graph.tasks.values()) {
    for (const name of namesOf(task)) idsOf.set(name, (idsOf.get(name) ?? new Set()).add(task.id));
  }
  const find = (name: string): Iterable<TaskId> => {
    const ids = idsOf.get(name);
    if (ids === undefined) diagnostics.push(unknownName(name, idsOf.keys(), graph));
    return ids ?? [];
  };
  const selected = new Set<TaskId>();
  for (const name of from ?? []) for (const id of find(name)) selected.add(id);
  for (const task of graph.tasks.values()) if (task.needs.some((need) => selected.has(need))) selected.add(task.id);
  for (const name of only ?? []) for (const id of find(name)) selected.add(id);
  return selected;
}

function namesOf(task: Task): ReadonlySet<string> {
  const bare = task.id.slice(task.id.indexOf(":") + 1);
  const suffix = task.environment === undefined ? "" : `@${task.environment.name}`;
  return new Set([task.id, bare, bare.slice(0, bare.length - suffix.length), task.origin]);
}

function keepServices(
  graph: TaskGraph,
  services: readonly string[],
  selected: Set<TaskId>,
  diagnostics: Diagnostic[],
): void {
  const known = new Set<string>();
  for (const task of graph.tasks.values()) if (task.kind === "build" && task.service) known.add(task.service.name);
  for (const name of services) if (!known.has(name)) diagnostics.push(unknownService(name, known));
  const kept = new Set<TaskId>();
  for (const id of graph.order.toReversed()) {
    const task = graph.tasks.get(id);
    if (task?.kind !== "build") continue;
    if (task.service !== undefined && services.includes(task.service.name)) kept.add(id);
    if (!kept.has(id)) continue;
    // Nodes of one build task need each other only where their bake targets are linked.
    for (const need of task.needs) {
      const upstream = graph.tasks.get(need);
      if (upstream?.kind === "build" && upstream.origin === task.origin) kept.add(need);
    }
  }
  for (const id of selected) if (graph.tasks.get(id)?.kind === "build" && !kept.has(id)) selected.delete(id);
}

/** The graph of the selected tasks; each needs the nearest selected tasks upstream of it. */
function restrict(graph: TaskGraph, selected: ReadonlySet<TaskId>): TaskGraph {
  const order = graph.order.filter((id) => selected.has(id));
  const rank = new Map(order.map((id, index) => [id, index] as const));
  const standIns = new Map<TaskId, readonly TaskId[]>();
  const tasks = new Map<TaskId, Task>();
  for (const task of graph.tasks.values()) {
    const needs = new Set<TaskId>();
    for (const need of task.needs) {
      if (selected.has(need)) needs.add(need);
      else for (const standIn of standIns.get(need) ?? []) needs.add(standIn);
    }
    if (!selected.has(task.id)) {
      standIns.set(task.id, [...needs]);
      continue;
    }
    const sorted = [...needs].sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
    tasks.set(task.id, withSelectedImages({ ...task, needs: sorted }, selected));
  }
  return { ...graph, tasks, order };
}

function withSelectedImages(task: Task, selected: ReadonlySet<TaskId>): Task {
  if (task.kind !== "verify" && task.kind !== "deploy") return task;
  const images = task.images.map((image): ServiceImage => {
    if (image.builtBy === undefined || selected.has(image.builtBy)) return image;
    return { service: image.service, ...(image.reference === undefined ? {} : { reference: image.reference }) };
  });
  return { ...task, images };
}

function unknownName(name: string, known: Iterable<string>, graph: TaskGraph): Diagnostic {
  const suggestion = suggest(name, known);
  return {
    code: "task-unknown",
    severity: "error",
    message: `\`${name}\` is no task of ${graph.variants.join(", ")}`,
    ...(suggestion === undefined ? {} : { hint: didYouMean(suggestion) }),
  };
}

function unknownService(name: string, known: ReadonlySet<string>): Diagnostic {
  const suggestion = suggest(name, known);
  const hint = suggestion === undefined ? `services that are built: ${[...known].join(", ")}` : didYouMean(suggestion);
  return {
    code: "service-unknown",
    severity: "error",
    message: `\`${name}\` is no service that is built here`,
    ...(known.size === 0 ? {} : { hint }),
  };
}
