import type { TaskEnding } from "../model/event.ts";
import type { FinalStatus, RunStatus } from "../model/status.ts";
import type { TaskId } from "../model/task.ts";

/** How a run ended. */
export interface RunResult {
  readonly status: RunStatus;
  /** Name of the signal that interrupted the run, where there was one. */
  readonly signal?: string;
  readonly durationMs: number;
  readonly counts: Readonly<Record<FinalStatus, number>>;
  /** Every task of the graph, in graph order. */
  readonly tasks: ReadonlyMap<TaskId, FinishedTask>;
}

/** How one task ended. */
export interface FinishedTask {
  readonly ending: TaskEnding;
  /** From the start of the first attempt to the end of the last, waits between attempts included; 0 when it never started. */
  readonly durationMs: number;
  /** Attempts that were started. */
  readonly attempts: number;
}

/** How many tasks ended in each status. */
export function countStatuses(tasks: Iterable<FinishedTask>): Record<FinalStatus, number> {
  const counts = { succeeded: 0, failed: 0, cancelled: 0, blocked: 0, skipped: 0 };
  for (const { ending } of tasks) counts[ending.status] += 1;
  return counts;
}
