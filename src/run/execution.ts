import type { RunEventBody, TaskEnding } from "../model/event.ts";
import { retryClass } from "../model/failure.ts";
import type { Failure } from "../model/failure.ts";
import type { PerformTask, TaskContext, TaskReport, TaskResult } from "../model/performer.ts";
import type { Retry } from "../model/pipeline.ts";
import type { Task } from "../model/task.ts";
import type { Clock } from "./clock.ts";
import type { LateValues } from "./late-values.ts";
import { AttemptStopped, echoesAbort } from "./stop.ts";
import type { StopCause } from "./stop.ts";
import type { Upstream } from "./upstream.ts";

/** Lines of output that a `timed-out` failure shows. */
const LAST_LINES = 20;

/** What an execution shares with all others of its run. */
export interface ExecutionSetting {
  readonly perform: PerformTask;
  readonly clock: Clock;
  readonly values: LateValues;
  emit(event: RunEventBody): void;
}

/**
 * One task from its first attempt to its ending:
 *
 *     attempt 1 ──► succeeded
 *        │  └─────► failed        the class of the failure is not in `retry.on`, or no attempts are left
 *        ├──► wait ──► attempt 2 …
 *        └──► cancelled           stopped, whatever the performer says afterwards
 *
 * An attempt that was stopped or ran out of time never counts as succeeded, even if the performer says so afterwards: many
 * programs end with code 0 when they are asked to stop.
 */
export class Execution {
  readonly #task: Task;
  readonly #upstream: Upstream;
  readonly #setting: ExecutionSetting;
  #stopped: StopCause | undefined;
  #attempts = 0;
  /** Ends what goes on at the moment: an attempt, or the wait before the next. */
  #interrupt: ((cause: StopCause) => void) | undefined;

  constructor(task: Task, upstream: Upstream, setting: ExecutionSetting) {
    this.#task = task;
    this.#upstream = upstream;
    this.#setting = setting;
  }

  /** Attempts started so far. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Cancels the task; the first cause counts. The promise of `run` still waits for the performer to settle. */
  stop(cause: StopCause): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = cause;
    this.#interrupt?.(cause);
  }

  /** Runs attempts until the task has an ending. Rejects only where the performer or a reporter has a bug. */
  async run(): Promise<TaskEnding> {
    const { id, retry, continueOnError } = this.#task;
    for (;;) {
      this.#attempts += 1;
      const attempt = this.#attempts;
      this.#setting.emit({ type: "task-started", task: id, attempt });
      if (this.#stopped !== undefined) return { status: "cancelled" };
      const result = await this.#attempt(attempt);
      if (result === undefined) return { status: "cancelled" };
      if (result.ok) return { status: "succeeded", outputs: result.outputs, facts: result.facts };
      const { failure, facts } = result;
      const delayMs = retryDelayMs(retry, attempt, failure);
      if (delayMs === undefined) return { status: "failed", failure, continueOnError, facts };
      if (this.#stopped !== undefined) return { status: "cancelled" };
      this.#setting.emit({ type: "task-retrying", task: id, attempt, failure, delayMs });
      if (!(await this.#wait(delayMs))) return { status: "cancelled" };
    }
  }

  /** One attempt; undefined when the task was stopped meanwhile. */
  async #attempt(attempt: number): Promise<TaskResult | undefined> {
    const { id, timeoutMs } = this.#task;
    const { clock, perform } = this.#setting;
    const controller = new AbortController();
    const { signal } = controller;
    let timedOut = false;
    const stopTimer = clock.schedule(timeoutMs, () => {
      timedOut = true;
      controller.abort(new AttemptStopped("timed-out"));
    });
    this.#interrupt = (cause) => controller.abort(new AttemptStopped(cause));
    const output = new AttemptOutput(this.#task, this.#setting);
    let result: TaskResult | undefined;
    try {
      result = await perform(id, this.#context(attempt, signal, output));
    } catch (error) {
      if (!echoesAbort(error, signal)) throw error;
    } finally {
      stopTimer();
      output.close();
      this.#interrupt = undefined;
    }
    if (this.#stopped !== undefined) return undefined;
    if (!timedOut) return result;
    const failure: Failure = { reason: "timed-out", timeoutMs, lastLines: output.lastLines };
    return { ok: false, failure, facts: result?.facts ?? [] };
  }

  #context(attempt: number, signal: AbortSignal, output: AttemptOutput): TaskContext {
    const { values } = this.#setting;
    return {
      signal,
      attempt,
      outputs: (task) => values.outputs(task),
      lookUp: (reference) => values.lookUp(reference, this.#upstream),
      report: (report) => output.report(report),
    };
  }

  /** Waits before the next attempt; false when the task was stopped meanwhile. */
  async #wait(delayMs: number): Promise<boolean> {
    if (this.#stopped === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const stopTimer = this.#setting.clock.schedule(delayMs, resolve);
      this.#interrupt = () => resolve();
      await promise;
      stopTimer();
      this.#interrupt = undefined;
    }
    return this.#stopped === undefined;
  }
}

/** Passes on what an attempt reports while it runs, and keeps its last lines. */
class AttemptOutput {
  readonly lastLines: string[] = [];
  readonly #task: Task;
  readonly #setting: ExecutionSetting;
  #open = true;

  constructor(task: Task, setting: ExecutionSetting) {
    this.#task = task;
    this.#setting = setting;
  }

  /** A report after the attempt has ended belongs to nothing: no event of a task may follow its `task-finished`. */
  report(report: TaskReport): void {
    if (!this.#open) return;
    const task = this.#task.id;
    if (report.type === "step") {
      this.#setting.emit({ type: "task-step", task, step: report.step });
      return;
    }
    const { stream, line } = report;
    this.lastLines.push(line);
    if (this.lastLines.length > LAST_LINES) this.lastLines.shift();
    this.#setting.emit({ type: "task-output", task, stream, line });
  }

  close(): void {
    this.#open = false;
  }
}

/** How long to wait before the attempt after `attempt`; undefined when there is none. */
export function retryDelayMs(retry: Retry, attempt: number, failure: Failure): number | undefined {
  const failureClass = retryClass(failure);
  if (failureClass === undefined || attempt > retry.max || !retry.on.includes(failureClass)) return undefined;
  return retry.backoffMs * 2 ** (attempt - 1);
}
