import type { RunEvent } from "../../src/model/event.ts";
import type { Failure } from "../../src/model/failure.ts";
import type { PerformTask, TaskContext, TaskResult } from "../../src/model/performer.ts";
import type { FinalStatus } from "../../src/model/status.ts";
import type { TaskId, TaskOutputs } from "../../src/model/task.ts";
import { runGraph } from "../../src/run/run-graph.ts";
import type { RunOptions } from "../../src/run/run-options.ts";
import type { RunResult } from "../../src/run/run-result.ts";
import { ControlledClock, quiet } from "./controlled-clock.ts";
import type { SketchedGraph } from "./task-graph.ts";

/** A failure that no retry helps. */
export const BROKEN: Failure = { reason: "command-not-found", command: "frobnicate" };

/** A failure of the retry class `network`. */
export const OFFLINE: Failure = {
  reason: "network",
  error: "connection refused",
  evidence: { command: "fetch", exitCode: 1, lastLines: [] },
};

/** One attempt that waits for the test to say how it ends. */
export interface OpenAttempt {
  readonly task: TaskId;
  readonly context: TaskContext;
  print(line: string): void;
  succeed(outputs?: TaskOutputs): void;
  fail(failure?: Failure): void;
  /** A bug: the performer rejects. */
  crash(error: unknown): void;
}

/** A run whose tasks do what the test says, when it says it, on a clock that the test moves. */
export class ControlledRun {
  readonly clock = new ControlledClock();
  readonly interrupt = new AbortController();
  readonly events: RunEvent[] = [];
  /** Ids in the order of their attempts' starts. */
  readonly started: TaskId[] = [];
  readonly result: Promise<RunResult>;
  readonly #open = new Map<TaskId, OpenAttempt>();
  #settled = false;

  /** Starts running at once. */
  constructor({ graph, remainingPathMs }: SketchedGraph, options: Partial<RunOptions> = {}) {
    this.result = runGraph(graph, {
      runId: "run-1",
      pipeline: "sketch",
      logDirectory: "logs/docker/run-1",
      signal: this.interrupt.signal,
      clock: this.clock,
      remainingPathMs,
      perform: (task, context) => this.#perform(task, context),
      emit: (event) => this.events.push(event),
      ...options,
    });
    const settle = (): void => {
      this.#settled = true;
    };
    this.result.then(settle, settle);
  }

  /** Attempts that have not ended, in the order of their starts. */
  get open(): readonly OpenAttempt[] {
    return [...this.#open.values()];
  }

  /** Ids of what runs, sorted. */
  get running(): readonly TaskId[] {
    return [...this.#open.keys()].sort();
  }

  /** Whether the run has resolved or rejected. */
  get settled(): boolean {
    return this.#settled;
  }

  /** The running attempt of a task; throws when it does not run, so that no test passes for want of a start. */
  attempt(task: TaskId): OpenAttempt {
    const attempt = this.#open.get(task);
    if (attempt === undefined)
      throw new Error(`${task} does not run; running: ${this.running.join(", ") || "nothing"}`);
    return attempt;
  }

  /** Ends attempts well, one after the other, letting all else follow each time. */
  async succeed(...tasks: readonly TaskId[]): Promise<void> {
    for (const task of tasks) {
      this.attempt(task).succeed();
      await quiet();
    }
  }

  /** Ends an attempt with a failure. */
  async fail(task: TaskId, failure: Failure = BROKEN): Promise<void> {
    this.attempt(task).fail(failure);
    await quiet();
  }

  /** The first Ctrl-C. */
  async cancel(signal = "SIGINT"): Promise<void> {
    this.interrupt.abort(signal);
    await quiet();
  }

  /** Final statuses as announced so far. */
  get statuses(): Readonly<Record<TaskId, FinalStatus>> {
    const statuses: Record<TaskId, FinalStatus> = {};
    for (const event of this.events) if (event.type === "task-finished") statuses[event.task] = event.status;
    return statuses;
  }

  /** Events without their times, reduced to `type task detail`, as a test wants to read them. */
  get story(): readonly string[] {
    return this.events.map(tellEvent);
  }

  async #perform(task: TaskId, context: TaskContext): Promise<TaskResult> {
    if (this.#open.has(task)) throw new Error(`${task} runs twice at once`);
    const { promise, resolve, reject } = Promise.withResolvers<TaskResult>();
    this.started.push(task);
    this.#open.set(task, {
      task,
      context,
      print: (line) => context.report({ type: "output", stream: "stdout", line }),
      succeed: (outputs = {}) => resolve({ ok: true, outputs, facts: [] }),
      fail: (failure = BROKEN) => resolve({ ok: false, failure, facts: [] }),
      crash: (error) => reject(error),
    });
    try {
      return await promise;
    } finally {
      this.#open.delete(task);
    }
  }
}

/** Runs every task to a good end as soon as it starts, and tells the events. */
export function performAtOnce(): PerformTask {
  return async () => ({ ok: true, outputs: {}, facts: [] });
}

function tellEvent(event: RunEvent): string {
  switch (event.type) {
    case "run-started":
      return `run-started ${event.tasks.map(({ id }) => id).join(" ")}`;
    case "task-waiting":
      return `task-waiting ${event.task} ${event.because}`;
    case "task-started":
      return `task-started ${event.task} ${event.attempt}`;
    case "task-step":
      return `task-step ${event.task} ${event.step.name}`;
    case "task-output":
      return `task-output ${event.task} ${event.line}`;
    case "task-retrying":
      return `task-retrying ${event.task} ${event.failure.reason} ${event.delayMs}ms`;
    case "task-finished":
      return `task-finished ${event.task} ${event.status}`;
    case "run-cancelling":
      return `run-cancelling ${event.because}${event.signal === undefined ? "" : ` ${event.signal}`}`;
    case "run-finished":
      return `run-finished ${event.status}`;
  }
}
