import type { Condition } from "../../../src/model/condition.ts";
import type { TaskEnding } from "../../../src/model/event.ts";
import type { TaskId } from "../../../src/model/task.ts";
import { IF } from "../../rig/task-graph.ts";

/** A condition with its meaning written by hand: what the scheduler computes from the condition, the oracle has here. */
export interface Rule {
  readonly condition: Condition;
  /** Whether the task runs, given whether anything upstream failed and whether everything upstream went well. */
  readonly runs: (failed: boolean, well: boolean) => boolean;
}

/** Every kind of condition; the plain one several times, because most tasks have it. */
export const RULES: readonly Rule[] = [
  ...Array.from({ length: 6 }, () => ({ condition: IF.success, runs: (_: boolean, well: boolean) => well })),
  { condition: IF.fits, runs: (_, well) => well },
  { condition: IF.failure, runs: (failed) => failed },
  { condition: IF.always, runs: () => true },
  { condition: IF.always, runs: () => true },
  { condition: IF.never, runs: () => false },
  { condition: IF.notSuccess, runs: (_, well) => !well },
  { condition: IF.notFailure, runs: (failed) => !failed },
  { condition: { is: "any", operands: [IF.success, IF.failure] }, runs: (failed, well) => failed || well },
  { condition: { is: "all", operands: [IF.fits, IF.failure] }, runs: (failed) => failed },
  { condition: { is: "all", operands: [IF.never, IF.always] }, runs: () => false },
];

/** What the oracle knows of a task. */
export interface OracleTask {
  readonly id: TaskId;
  readonly needs: readonly TaskId[];
  readonly rule: Rule;
  readonly continueOnError: boolean;
  readonly upToDate: boolean;
}

/** How the run was stopped, as the test did it. */
export interface Stops {
  readonly signal: boolean;
  readonly failFast: boolean;
}

/**
 * Says how a task must end, from how everything upstream of it ended and, where it ran, from what the test told its last
 * attempt. Written from the documentation, the slow way: it walks the ancestors of each task anew.
 */
export class Oracle {
  readonly #tasks: ReadonlyMap<TaskId, OracleTask>;

  constructor(tasks: readonly OracleTask[]) {
    this.#tasks = new Map(tasks.map((task) => [task.id, task]));
  }

  /** All that a task needs, directly and not. */
  ancestors(id: TaskId): readonly TaskId[] {
    const found = new Set<TaskId>();
    const visit = (task: TaskId): void => {
      for (const need of this.#tasks.get(task)?.needs ?? []) {
        if (!found.has(need)) visit(need);
        found.add(need);
      }
    };
    visit(id);
    return [...found];
  }

  /** Whether a task's condition lets it run, given the endings of all upstream of it. */
  wouldRun(id: TaskId, endings: ReadonlyMap<TaskId, TaskEnding>): boolean {
    const task = this.#tasks.get(id);
    if (task === undefined) throw new Error(`no task ${id}`);
    const upstream = this.ancestors(id).map((ancestor) => weigh(endings.get(ancestor)));
    return task.rule.runs(
      upstream.includes("failed"),
      upstream.every((weight) => weight === "well"),
    );
  }

  /** How a task that no attempt was started for must have ended. */
  unstarted(id: TaskId, endings: ReadonlyMap<TaskId, TaskEnding>, stops: Stops): Partial<TaskEnding> | "must run" {
    const task = this.#tasks.get(id);
    if (task === undefined) throw new Error(`no task ${id}`);
    if (this.wouldRun(id, endings)) {
      if (task.upToDate) return { status: "skipped", because: "up to date" };
      const stopped = stops.signal || (stops.failFast && !task.rule.runs(true, false));
      return stopped ? { status: "cancelled" } : "must run";
    }
    const culprits = this.ancestors(id).filter((ancestor) => {
      const weight = weigh(endings.get(ancestor));
      return weight === "failed" || weight === "cancelled";
    });
    const wanted = task.rule.runs(false, true);
    return wanted && culprits.length > 0 ? { status: "blocked", by: culprits.sort() } : { status: "skipped" };
  }
}

/** What a task upstream means for those behind it. */
function weigh(ending: TaskEnding | undefined): "well" | "failed" | "cancelled" | "neither" {
  switch (ending?.status) {
    case "succeeded":
      return "well";
    case "failed":
      return ending.continueOnError ? "well" : "failed";
    case "cancelled":
      return "cancelled";
    case "skipped":
      return ending.because === "up to date" ? "well" : "neither";
    case "blocked":
    case undefined:
      return "neither";
  }
}
