/**
 * The life of a task:
 *
 *     waiting ──► ready ──► running ──► succeeded
 *        │          │          ├──────► failed
 *        │          └──────────┴──────► cancelled   (Ctrl-C, --fail-fast)
 *        ├──► blocked     a task upstream failed, was blocked or cancelled
 *        └──► skipped     its `if` does not hold, a task upstream was skipped, or it is up to date
 *
 * Every task ends in exactly one final status.
 */
export type TaskStatus = "waiting" | "ready" | "running" | FinalStatus;

/** A status that never changes again. */
export type FinalStatus = "succeeded" | "failed" | "cancelled" | "blocked" | "skipped";

/** How a whole run ended; derived from its tasks. */
export type RunStatus = "succeeded" | "failed" | "cancelled";

/** What a run's status depends on. */
export interface FinishedTask {
  readonly status: FinalStatus;
  readonly continueOnError: boolean;
}

/**
 * Cancelled when the run was interrupted; failed when a task failed without `continue_on_error`; else succeeded.
 * A blocked task never decides: what blocked it does.
 */
export function runStatus(tasks: Iterable<FinishedTask>, interrupted: boolean): RunStatus {
  if (interrupted) return "cancelled";
  for (const task of tasks) {
    if (task.status === "failed" && !task.continueOnError) return "failed";
  }
  return "succeeded";
}
