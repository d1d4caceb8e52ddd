import type { RunEventBody, TaskEnding } from "../model/event.ts";
import { retryClass } from "../model/failure.ts";
import type { Failure } from "../model/failure.ts";
import type {
  EnterRoom,
  PerformTask,
  Room,
  RoomContext,
  RoomResult,
  TaskContext,
  TaskReport,
  TaskResult,
} from "../model/performer.ts";
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
  /** Nothing needs room when absent. */
  readonly enter?: EnterRoom | undefined;
  readonly clock: Clock;
  readonly values: LateValues;
  emit(event: RunEventBody): void;
}

/** The place of a task under the limits, while it waits for room. */
export interface TaskPlace {
  /** The task waits: tells why and, when it is parked, lets others have its place. */
  wait(because: string, parked: boolean): void;
  /** Resolves when the task has its place, or when the run stops. */
  regain(): Promise<void>;
}

/**
 * One task from its first attempt to its ending:
 *
 *     room? ──► attempt 1 ──► succeeded
 *       │          │  └─────► failed        the class of the failure is not in `retry.on`, or no attempts are left
 *       │          ├──► wait, or room is made ──► attempt 2 …
 *       │          └──► cancelled           stopped, whatever the performer says afterwards
 *       └──► failed or cancelled, without an attempt
 *
 * An attempt that was stopped or ran out of time never counts as succeeded, even if the performer says so afterwards: many
 * programs end with code 0 when they are asked to stop.
 */
export class Execution {
  readonly #task: Task;
  readonly #upstream: Upstream;
  readonly #setting: ExecutionSetting;
  readonly #place: TaskPlace;
  #stopped: StopCause | undefined;
  #attempts = 0;
  #startedAtMs: number | undefined;
  #room: Room | undefined;
  /** Ends what goes on at the moment: an attempt, or the wait before the next. */
  #interrupt: ((cause: StopCause) => void) | undefined;

  constructor(task: Task, upstream: Upstream, setting: ExecutionSetting, place: TaskPlace) {
    this.#task = task;
    this.#upstream = upstream;
    this.#setting = setting;
    this.#place = place;
  }

  /** Attempts started so far. */
  get attempts(): number {
    return this.#attempts;
  }

  /** From the start of the first attempt until now; 0 when there was none. */
  get durationMs(): number {
    return this.#startedAtMs === undefined ? 0 : this.#setting.clock.now() - this.#startedAtMs;
  }

  /** Cancels the task; the first cause counts. The promise of `run` still waits for the performer to settle. */
  stop(cause: StopCause): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = cause;
    this.#interrupt?.(cause);
  }

  /** Runs attempts until the task has an ending. Rejects only where the performer, the room or a reporter has a bug. */
  async run(): Promise<TaskEnding> {
    const { id, continueOnError } = this.#task;
    const { enter } = this.#setting;
    const asked = enter === undefined ? undefined : this.#ask((context) => enter(id, context));
    const entered = asked === undefined ? undefined : await asked;
    if (entered?.ok === false && this.#stopped === undefined) {
      return { status: "failed", failure: entered.failure, continueOnError, facts: [] };
    }
    try {
      return this.#stopped === undefined ? await this.#repeat() : { status: "cancelled" };
    } finally {
      this.#room?.leave();
    }
  }

  async #repeat(): Promise<TaskEnding> {
    const { id, retry, continueOnError } = this.#task;
    const setting = this.#setting;
    let recoveries = 0;
    for (;;) {
      this.#attempts += 1;
      const attempt = this.#attempts;
      this.#startedAtMs ??= setting.clock.now();
      setting.emit({ type: "task-started", task: id, attempt });
      if (this.#stopped !== undefined) return { status: "cancelled" };
      const result = await this.#attempt(attempt);
      if (result === undefined) return { status: "cancelled" };
      if (result.ok) return { status: "succeeded", outputs: result.outputs, facts: result.facts };
      const { failure, facts } = result;
      const recovering = this.#ask((context) => this.#room?.recover(failure, context));
      const recovered = recovering !== undefined && (await recovering).ok;
      if (this.#stopped !== undefined) return { status: "cancelled" };
      if (recovered) recoveries += 1;
      const delayMs = recovered ? 0 : retryDelayMs(retry, attempt - recoveries, failure);
      if (delayMs === undefined) return { status: "failed", failure, continueOnError, facts };
      setting.emit({ type: "task-retrying", task: id, attempt, failure, delayMs });
      if (!(await this.#wait(delayMs))) return { status: "cancelled" };
    }
  }

  /** Asks for room, or for more of it; undefined where none is needed. The answer comes when the task has its place again. */
  #ask(ask: (context: RoomContext) => Promise<RoomResult> | undefined): Promise<RoomResult> | undefined {
    const controller = new AbortController();
    let open = true;
    const asked = ask({
      signal: controller.signal,
      waiting: (because, how) => {
        if (open) this.#place.wait(because, how === "parked");
      },
    });
    if (asked === undefined) return undefined;
    this.#interrupt = (cause) => controller.abort(new AttemptStopped(cause));
    if (this.#stopped !== undefined) this.#interrupt(this.#stopped);
    this.#room = undefined;
    const settle = async (): Promise<RoomResult> => {
      const result = await asked;
      open = false;
      if (result.ok) this.#room = result.room;
      if (this.#stopped === undefined) await this.#place.regain();
      this.#interrupt = undefined;
      return result;
    };
    return settle();
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
