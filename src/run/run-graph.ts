import { EVENT_VERSION } from "../model/event.ts";
import type { EventTask, RunEventBody, TaskEnding } from "../model/event.ts";
import { runStatus } from "../model/status.ts";
import type { Task, TaskGraph, TaskId } from "../model/task.ts";
import { Admission } from "./admission.ts";
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { Execution } from "./execution.ts";
import type { ExecutionSetting } from "./execution.ts";
import { LateValues } from "./late-values.ts";
import { Place } from "./place.ts";
import { Pools } from "./pools.ts";
import { createNodes } from "./run-node.ts";
import type { RunNode } from "./run-node.ts";
import type { RunOptions } from "./run-options.ts";
import { countStatuses } from "./run-result.ts";
import type { FinishedTask, RunResult } from "./run-result.ts";
import type { StopCause } from "./stop.ts";
import { handOn, judge, mergeUpstream, runsAfterFailure } from "./upstream.ts";

/**
 * Runs every task of the graph that may run, and resolves when every attempt has settled and every task has an ending.
 *
 * - A task starts when all its needs have ended and its `if` holds (see {@link judge}), the limits permit it (see
 *   {@link Admission}), and the run was not stopped.
 * - Keep-going: a failure stops only what is downstream of it. Fail-fast: the first failure without `continue_on_error` stops
 *   the run; what runs is cancelled and nothing starts, except tasks whose `if` is meant for failures (`always()`, `failure()`).
 * - An aborted `signal` stops the run without exception: everything that runs is cancelled, nothing starts, `always()` included.
 * - `continue_on_error`: the failure counts as a success for the tasks downstream and for the run.
 * - Room (see {@link EnterRoom}) is asked for when a task has its place. While it waits for room, others may have the place; a task
 *   that finds none fails without an attempt.
 *
 * Rejects only for a bug: a performer or a reporter that throws, or a graph that breaks its invariants. Then everything that
 * runs is cancelled and awaited first, no further task gets an ending, and there is no `run-finished`.
 */
export async function runGraph(graph: TaskGraph, options: RunOptions): Promise<RunResult> {
  return await new Run(graph, options).execute();
}

/** A node that is running. */
interface Started {
  readonly node: RunNode;
  readonly execution: Execution;
  readonly place: Place<RunNode>;
}

/** A node and an ending that is not announced yet. */
interface Ended {
  readonly node: RunNode;
  readonly ending: TaskEnding;
  readonly durationMs: number;
  readonly attempts: number;
  readonly upToDate: boolean;
}

/** Causes by weight: a heavier one takes over from a lighter one. */
const WEIGHT: Readonly<Record<StopCause, number>> = { "fail-fast": 1, signal: 2, bug: 3 };

/**
 * The state of one run. Everything that happens comes in through {@link Run.#act}: the beginning, the end of an execution,
 * the abort of the signal. An emitted event may itself cause an abort; what follows from that is done by the outer call.
 */
class Run {
  readonly #graph: TaskGraph;
  readonly #options: RunOptions;
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #nodes: readonly RunNode[];
  readonly #admission: Admission<RunNode>;
  readonly #values: LateValues;
  readonly #setting: ExecutionSetting;
  readonly #running = new Map<RunNode, Started>();
  /** What ended, in the order in which it is announced. A list, not recursion: chains may be long. */
  #endings: Ended[] = [];
  readonly #bugs: unknown[] = [];
  readonly #done = Promise.withResolvers<void>();
  #unfinished: number;
  #stopped: StopCause | undefined;
  #advancing = false;

  constructor(graph: TaskGraph, options: RunOptions) {
    const { runId, pipeline, logDirectory } = options;
    const pools = new Pools(graph.concurrency.pools);
    this.#graph = graph;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#limit = options.concurrency ?? graph.concurrency.tasks;
    this.#admission = new Admission(this.#limit, pools);
    this.#nodes = createNodes(graph, pools, options.remainingPathMs);
    this.#values = new LateValues({ id: runId, pipeline, log_directory: logDirectory });
    this.#unfinished = this.#nodes.length;
    const emit = (event: RunEventBody): void => this.#emit(event);
    const { perform, enter } = options;
    this.#setting = { perform, enter, clock: this.#clock, values: this.#values, emit };
  }

  async execute(): Promise<RunResult> {
    const { signal } = this.#options;
    const startedAtMs = this.#clock.now();
    const onAbort = (): void => this.#act(() => this.#stop("signal"));
    this.#act(() => {
      this.#announceRun();
      signal?.addEventListener("abort", onAbort, { once: true });
      if (signal?.aborted === true) this.#stop("signal");
      for (const node of this.#nodes) if (node.needs.length === 0) this.#decide(node);
    });
    await this.#done.promise;
    signal?.removeEventListener("abort", onAbort);
    if (this.#bugs.length > 1) throw new AggregateError(this.#bugs, `${this.#bugs.length} bugs ended the run`);
    if (this.#bugs.length === 1) throw this.#bugs[0];
    return this.#conclude(this.#clock.now() - startedAtMs);
  }

  /** Changes the state, then does all that follows from it. Whatever throws on the way is a bug and ends the run. */
  #act(change: () => void): void {
    try {
      change();
      this.#advance();
    } catch (error) {
      this.#bugs.push(error);
      this.#stop("bug");
    }
    if (this.#advancing || this.#running.size > 0) return;
    if (this.#unfinished > 0 && this.#bugs.length === 0) {
      this.#bugs.push(new Error(`${this.#unfinished} tasks can neither start nor end`));
    }
    this.#done.resolve();
  }

  /** Announces endings and starts tasks until there is nothing left to announce or to start. */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    try {
      for (;;) {
        this.#announceEndings();
        const node = this.#admission.admit();
        if (node === undefined) return;
        const started = this.#running.get(node);
        if (started === undefined) this.#start(node);
        else started.place.admit();
      }
    } finally {
      this.#advancing = false;
    }
  }

  #announceEndings(): void {
    while (this.#endings.length > 0) {
      const endings = this.#endings;
      this.#endings = [];
      for (const ended of endings) this.#finish(ended);
    }
  }

  /** Gives a node its ending, and decides about those that waited for it alone. */
  #finish({ node, ending, durationMs, attempts, upToDate }: Ended): void {
    const { id } = node.task;
    node.finished = { ending, durationMs, attempts };
    node.handsOn = handOn(id, node.upstream, ending, upToDate);
    this.#unfinished -= 1;
    if (ending.status === "succeeded") this.#values.record(id, ending.outputs);
    this.#emit({ type: "task-finished", task: id, durationMs, ...ending });
    const failed = ending.status === "failed" && !ending.continueOnError;
    if (failed && this.#options.failFast === true) this.#stop("fail-fast");
    if (this.#stopped === "bug") return;
    for (const dependent of node.dependents) {
      dependent.openNeeds -= 1;
      if (dependent.openNeeds === 0) this.#decide(dependent);
    }
  }

  /** All needs of the node have ended: it becomes ready, or ends without running. */
  #decide(node: RunNode): void {
    const { id, condition } = node.task;
    node.upstream = mergeUpstream(node.needs.map(({ handsOn }) => handsOn));
    const verdict = judge(condition, node.upstream);
    const upToDate = this.#options.upToDate?.get(id);
    if (!verdict.runs) this.#endUnstarted(node, verdict.ending);
    else if (upToDate !== undefined) {
      this.#values.record(id, upToDate.outputs);
      this.#endUnstarted(node, { status: "skipped", because: upToDate.because }, true);
    } else if (this.#mayStart(node)) this.#admission.add(node);
    else this.#endUnstarted(node, { status: "cancelled" });
  }

  #endUnstarted(node: RunNode, ending: TaskEnding, upToDate = false): void {
    this.#endings.push({ node, ending, durationMs: 0, attempts: 0, upToDate });
  }

  #mayStart({ task }: RunNode): boolean {
    return this.#stopped === undefined || (this.#stopped === "fail-fast" && runsAfterFailure(task.condition));
  }

  #start(node: RunNode): void {
    const place = new Place(node, this.#admission);
    const execution = new Execution(node.task, node.upstream, this.#setting, {
      wait: (because, parked) =>
        this.#act(() => {
          this.#emit({ type: "task-waiting", task: node.task.id, because });
          if (parked) place.giveBack();
        }),
      regain: async () => {
        const regained = place.regain();
        this.#act(() => undefined);
        await regained;
      },
    });
    const started = { node, execution, place };
    this.#running.set(node, started);
    void this.#conduct(started);
  }

  /** Waits for the end of an execution. Never rejects: what it throws inside becomes the bug that ends the run. */
  async #conduct({ node, execution, place }: Started): Promise<void> {
    const [settled] = await Promise.allSettled([execution.run()]);
    this.#act(() => {
      this.#running.delete(node);
      place.giveBack();
      if (settled.status === "rejected") throw settled.reason;
      const { durationMs, attempts } = execution;
      this.#endings.push({ node, ending: settled.value, durationMs, attempts, upToDate: false });
    });
  }

  /** Ends what runs and what is ready, as far as the cause demands it. */
  #stop(cause: StopCause): void {
    const lighter = this.#stopped === undefined || WEIGHT[this.#stopped] < WEIGHT[cause];
    if (!lighter || this.#unfinished === 0) return;
    this.#stopped = cause;
    if (cause === "bug") this.#endings = [];
    else this.#announceStop(cause);
    for (const { node, execution } of this.#running.values()) if (!this.#mayStart(node)) execution.stop(cause);
    for (const node of this.#admission.drain()) {
      const started = this.#running.get(node);
      if (this.#mayStart(node)) this.#admission.add(node);
      else if (started !== undefined) started.place.callOff();
      else if (cause !== "bug") this.#endUnstarted(node, { status: "cancelled" });
    }
  }

  #conclude(durationMs: number): RunResult {
    const tasks = new Map<TaskId, FinishedTask>();
    for (const { task, finished } of this.#nodes) if (finished !== undefined) tasks.set(task.id, finished);
    const interrupted = this.#stopped === "signal";
    const endings = this.#nodes.map(({ task: { continueOnError }, finished }) => ({
      status: finished?.ending.status ?? "cancelled",
      continueOnError,
    }));
    const status = runStatus(endings, interrupted);
    const counts = countStatuses(tasks.values());
    this.#emit({ type: "run-finished", status, durationMs, counts });
    const signal = interrupted ? signalName(this.#options.signal) : undefined;
    return { status, ...(signal === undefined ? {} : { signal }), durationMs, counts, tasks };
  }

  #announceRun(): void {
    const { runId, logDirectory } = this.#options;
    const { variants } = this.#graph;
    const tasks = this.#nodes.map(({ task }) => describeTask(task));
    const concurrency = this.#limit;
    this.#emit({ type: "run-started", version: EVENT_VERSION, runId, variants, tasks, concurrency, logDirectory });
  }

  #announceStop(because: "signal" | "fail-fast"): void {
    const signal = because === "signal" ? signalName(this.#options.signal) : undefined;
    this.#emit({ type: "run-cancelling", because, ...(signal === undefined ? {} : { signal }) });
  }

  #emit(event: RunEventBody): void {
    this.#options.emit({ atMs: this.#clock.now(), ...event });
  }
}

/** The name that the composition root gave as reason of the abort. */
function signalName(signal: AbortSignal | undefined): string | undefined {
  const reason: unknown = signal?.reason;
  return typeof reason === "string" ? reason : undefined;
}

function describeTask({ id, kind, needs, environment, location }: Task): EventTask {
  return { id, kind, needs, location, ...(environment === undefined ? {} : { environment: environment.name }) };
}
