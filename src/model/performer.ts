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

/**
 * Decides when a task may start by something that the scheduler knows nothing of, such as the disk of an engine. Undefined for a
 * task that needs no room. Promises: it never rejects for expected trouble, nor because `signal` aborts; it ends soon after that;
 * and what it waits for is only ever the end of what has been let in already.
 */
export type EnterRoom = (task: TaskId, context: RoomContext) => Promise<RoomResult> | undefined;

/** What a task has while it asks for room. */
export interface RoomContext {
  /** Aborts when the task is cancelled. No timeout of an attempt runs meanwhile. */
  readonly signal: AbortSignal;
  /**
   * Says that there is none yet, and why; safe to call often. From the first call with `parked` on, the task gives its place and its pools
   * to others until the room is found.
   */
  waiting(because: string, how?: "parked"): void;
}

/** Whether there is room. */
export type RoomResult = { readonly ok: true; readonly room: Room } | { readonly ok: false; readonly failure: Failure };

/** What a task holds from before its first attempt to the end of its last. */
export interface Room {
  /** Gives it back. Called once. */
  leave(): void;
  /**
   * After a failed attempt: whether the task is tried once more, whatever its `retry` says, because room was made for it. Undefined when
   * this failure is none of its business. The answer replaces this room, which must not be left any more.
   */
  recover(failure: Failure, context: RoomContext): Promise<RoomResult> | undefined;
}

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
