import type { TaskFact, TaskStep } from "./event.ts";
import type { Failure } from "./failure.ts";
import type { LateReference } from "./template.ts";
import type { TaskId, TaskOutputs } from "./task.ts";

/**
 * Does one attempt of one task. The scheduler calls it, `tasks/*` implement it, the composition root connects the two.
 * Promises: it never rejects for expected trouble (that is a failure); it ends soon after `signal` aborts, leaving no process
 * behind; what it reports before it returns belongs to the attempt.
 */
export type PerformTask = (task: TaskId, context: TaskContext) => Promise<TaskResult>;

/** What an attempt may use. */
export interface TaskContext {
  /** Aborts on timeout of the attempt, on Ctrl-C and on a fail-fast stop. */
  readonly signal: AbortSignal;
  /** Counts from 1. */
  readonly attempt: number;
  /** Outputs of a task that succeeded earlier in this run. */
  outputs(task: TaskId): TaskOutputs | undefined;
  /** The value of a late reference; undefined when it has none. */
  lookUp(reference: LateReference): string | undefined;
  /** Tells the reporters something; safe to call often. */
  report(report: TaskReport): void;
}

/** What an attempt may tell while it runs. */
export type TaskReport =
  | { readonly type: "output"; readonly stream: "stdout" | "stderr"; readonly line: string }
  | { readonly type: "step"; readonly step: TaskStep };

/** How an attempt ended. Facts are kept whether or not it succeeded. */
export type TaskResult =
  | { readonly ok: true; readonly outputs: TaskOutputs; readonly facts: readonly TaskFact[] }
  | { readonly ok: false; readonly failure: Failure; readonly facts: readonly TaskFact[] };
