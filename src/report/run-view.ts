import type { EventTask, RunEvent, TaskEnding, TaskFact, TaskStep } from "../model/event.ts";
import type { Failure } from "../model/failure.ts";
import type { TaskKind } from "../model/pipeline.ts";
import type { SourceLocation } from "../model/location.ts";
import type { FinalStatus, RunStatus } from "../model/status.ts";
import type { TaskId } from "../model/task.ts";

/** What is known of a run from its events so far. Every reporter that needs memory keeps one of these. */
export interface RunView {
  readonly runId: string;
  readonly variants: readonly string[];
  readonly concurrency: number;
  /** Relative to the project directory; empty before `run-started`. */
  readonly logDirectory: string;
  readonly startedAtMs: number;
  /** Time of the latest event. */
  readonly nowMs: number;
  /** In the order in which `run-started` announced them, which is the graph's. */
  readonly tasks: ReadonlyMap<TaskId, TaskView>;
  /** The tasks with status `running`. */
  readonly running: ReadonlySet<TaskId>;
  readonly cancelling?: { readonly because: "signal" | "fail-fast"; readonly signal?: string };
  /** Absent while it runs, and for ever when the run was killed. */
  readonly finished?: {
    readonly status: RunStatus;
    readonly durationMs: number;
    readonly counts: Readonly<Record<FinalStatus, number>>;
  };
}

/** What is known of one task. */
export interface TaskView {
  readonly id: TaskId;
  readonly kind: TaskKind;
  readonly environment?: string;
  readonly location?: SourceLocation;
  readonly status: "waiting" | "running" | FinalStatus;
  /** 0 while it waits. */
  readonly attempt: number;
  /** Why it could start and does not yet; absent where nothing holds it up. */
  readonly waitingFor?: string;
  /** Start of the first attempt; absent where it never started. */
  readonly startedAtMs?: number;
  /** Steps that run now, with the time of their first report. */
  readonly runningSteps: ReadonlyMap<string, RunningStep>;
  readonly stepsDone: number;
  readonly stepsCached: number;
  /** Attempts that failed and were repeated. */
  readonly retried: readonly { readonly attempt: number; readonly failure: Failure }[];
  readonly durationMs?: number;
  readonly ending?: TaskEnding;
}

/** A step that runs, and since when. */
export interface RunningStep {
  readonly step: TaskStep;
  readonly sinceMs: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type OpenTask = Writable<Omit<TaskView, "runningSteps" | "retried">> & {
  runningSteps: Map<string, RunningStep>;
  retried: { readonly attempt: number; readonly failure: Failure }[];
};
type OpenView = Writable<Omit<RunView, "tasks" | "running">> & { tasks: Map<TaskId, OpenTask>; running: Set<TaskId> };

/** A view and the fold that advances it, in place: events come by the hundred thousand. */
export interface RunFold {
  readonly view: RunView;
  readonly advance: (event: RunEvent) => void;
}

/** Starts with an empty view. Equal events give equal views; nothing but the events is looked at. */
export function foldRun(): RunFold {
  const view: OpenView = {
    runId: "",
    variants: [],
    concurrency: 0,
    logDirectory: "",
    startedAtMs: 0,
    nowMs: 0,
    tasks: new Map(),
    running: new Set(),
  };
  return { view, advance: (event) => advance(view, event) };
}

function advance(view: OpenView, event: RunEvent): void {
  view.nowMs = event.atMs;
  switch (event.type) {
    case "run-started":
      view.runId = event.runId;
      view.variants = event.variants;
      view.concurrency = event.concurrency;
      view.logDirectory = event.logDirectory;
      view.startedAtMs = event.atMs;
      for (const task of event.tasks) view.tasks.set(task.id, announced(task));
      return;
    case "task-waiting": {
      const task = view.tasks.get(event.task);
      if (task !== undefined) task.waitingFor = event.because;
      return;
    }
    case "task-started":
      startTask(view, event.task, event.attempt);
      return;
    case "task-step":
      advanceStep(view.tasks.get(event.task), event.step, event.atMs);
      return;
    case "task-retrying": {
      const task = view.tasks.get(event.task);
      task?.retried.push({ attempt: event.attempt, failure: event.failure });
      task?.runningSteps.clear();
      return;
    }
    case "task-finished":
      finishTask(view, event);
      return;
    case "run-cancelling":
      view.cancelling = { because: event.because, ...(event.signal === undefined ? {} : { signal: event.signal }) };
      return;
    case "run-finished":
      view.finished = { status: event.status, durationMs: event.durationMs, counts: event.counts };
      return;
    case "task-output":
      return;
  }
}

function announced(task: EventTask): OpenTask {
  return {
    id: task.id,
    kind: task.kind,
    ...(task.environment === undefined ? {} : { environment: task.environment }),
    ...(task.location === undefined ? {} : { location: task.location }),
    status: "waiting",
    attempt: 0,
    runningSteps: new Map(),
    stepsDone: 0,
    stepsCached: 0,
    retried: [],
  };
}

function startTask(view: OpenView, id: TaskId, attempt: number): void {
  const task = view.tasks.get(id);
  if (task === undefined) return;
  delete task.waitingFor;
  task.status = "running";
  task.attempt = attempt;
  task.startedAtMs ??= view.nowMs;
  view.running.add(id);
}

function advanceStep(task: OpenTask | undefined, step: TaskStep, atMs: number): void {
  if (task === undefined) return;
  if (step.state === "running") {
    const sinceMs = task.runningSteps.get(step.id)?.sinceMs ?? atMs - (step.durationMs ?? 0);
    task.runningSteps.set(step.id, { step, sinceMs });
    return;
  }
  task.runningSteps.delete(step.id);
  if (step.state === "cached") task.stepsCached += 1;
  if (step.state !== "failed") task.stepsDone += 1;
}

function finishTask(view: OpenView, event: Extract<RunEvent, { type: "task-finished" }>): void {
  const task = view.tasks.get(event.task);
  if (task === undefined) return;
  const { type: _type, atMs: _atMs, task: _task, durationMs, ...ending } = event;
  task.status = event.status;
  task.durationMs = durationMs;
  task.ending = ending;
  delete task.waitingFor;
  task.runningSteps.clear();
  view.running.delete(event.task);
}

/** The facts of a task; none before it ended. */
export function factsOf(task: TaskView): readonly TaskFact[] {
  const { ending } = task;
  return ending?.status === "succeeded" || ending?.status === "failed" ? ending.facts : [];
}
