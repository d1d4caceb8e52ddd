import { COMMAND_LINE } from "../model/location.ts";
import type { TaskFact } from "../model/event.ts";
import type { Failure } from "../model/failure.ts";
import type { TaskKind } from "../model/pipeline.ts";
import type { FinalStatus, RunStatus } from "../model/status.ts";
import type { TaskId } from "../model/task.ts";
import { explainFailure } from "./explain-failure.ts";
import { describeFact } from "./fact-text.ts";
import type { Explanation } from "./explanation.ts";
import { taskLogName } from "./log-name.ts";
import { printableLine } from "./printable.ts";
import { factsOf } from "./run-view.ts";
import type { RunView, TaskView } from "./run-view.ts";

/** What a reader wants to know after a run. Derived from its events alone. */
export interface RunSummary {
  readonly runId: string;
  readonly variants: readonly string[];
  /** `unfinished` when the events end without `run-finished`: the run was killed, or still goes on. */
  readonly status: RunStatus | "unfinished";
  /** The signal that ended it, or that one failure stopped the rest. */
  readonly cancelledBy?: string;
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly counts: Readonly<Record<FinalStatus, number>>;
  /** In graph order. */
  readonly tasks: readonly TaskSummary[];
  readonly images: readonly ImageSummary[];
  /** Present when a clean task ran. */
  readonly space?: SpaceSummary;
  readonly deployed: readonly DeployedFact[];
  /** In graph order, those that do not count first: what decides stands last, where eyes and terminals end. */
  readonly failures: readonly FailureSummary[];
  /** Relative to the project directory. */
  readonly logDirectory: string;
}

/** How one task ended. */
export interface TaskSummary {
  readonly id: TaskId;
  readonly kind: TaskKind;
  readonly status: FinalStatus | "waiting" | "running";
  /** Absent where it never started or has not ended. */
  readonly durationMs?: number;
  readonly attempts: number;
  /** Why it is blocked or skipped, and that a failure did not count. */
  readonly note?: string;
}

/** An image that the run built or measured. */
export interface ImageSummary {
  /** The service, or the bake target where no service is declared for it. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly limitBytes?: number;
}

/** Sum over the clean tasks. Predicted, accounted and physical bytes are three numbers. */
export interface SpaceSummary {
  readonly predictedBytes: number;
  readonly accountedBytes: number;
  /** Absent where the disk of one of them could not be measured. */
  readonly physicalBytes?: number;
  readonly removed: number;
}

/** An environment that was deployed. */
export type DeployedFact = Extract<TaskFact, { readonly fact: "deployed" }>;

/** A failed task with what to tell about it. */
export interface FailureSummary extends Explanation {
  readonly task: TaskId;
  readonly reason: Failure["reason"];
  readonly continueOnError: boolean;
  readonly logFile: string;
}

/** Sums a run up; also one that did not finish. */
export function summarizeRun(view: RunView): RunSummary {
  const tasks = [...view.tasks.values()];
  const space = sumSpace(tasks);
  const cancelledBy = view.cancelling?.signal ?? (view.cancelling === undefined ? undefined : view.cancelling.because);
  return {
    runId: view.runId,
    variants: view.variants,
    status: view.finished?.status ?? "unfinished",
    ...(cancelledBy === undefined ? {} : { cancelledBy }),
    startedAtMs: view.startedAtMs,
    durationMs: view.finished?.durationMs ?? view.nowMs - view.startedAtMs,
    counts: view.finished?.counts ?? countStatuses(tasks),
    tasks: tasks.map(summarizeTask),
    images: collectImages(tasks),
    ...(space === undefined ? {} : { space }),
    deployed: tasks.flatMap(factsOf).filter((fact) => fact.fact === "deployed"),
    failures: tasks
      .flatMap((task) => summarizeFailure(view, task))
      .toSorted((a, b) => Number(b.continueOnError) - Number(a.continueOnError)),
    logDirectory: view.logDirectory,
  };
}

/** The log file of a task, relative to the project directory. */
export function logFileOf(view: Pick<RunView, "logDirectory">, task: TaskId): string {
  return `${view.logDirectory.replace(/\/+$/, "")}/${taskLogName(task)}`;
}

/** Explains the failure of a task, with what users saw of it; undefined for one that did not fail. */
export function explainTask(view: RunView, task: TaskView): Explanation | undefined {
  if (task.ending?.status !== "failed") return undefined;
  const explanation = explainAttempt(view, task, task.ending.failure);
  const seen = task.ending.facts
    .filter(({ fact }) => fact === "traffic-served")
    .map(describeFact)
    .map(printableLine);
  return { ...explanation, evidence: [...seen, ...explanation.evidence] };
}

/** Explains a failure of one attempt of a task. */
export function explainAttempt(view: RunView, task: TaskView, failure: Failure): Explanation {
  return explainFailure(failure, {
    task: task.id,
    logFile: logFileOf(view, task.id),
    variants: task.location?.file === COMMAND_LINE ? [] : view.variants,
    ...(task.location === undefined ? {} : { source: `${task.location.file}:${task.location.line}` }),
  });
}

function summarizeFailure(view: RunView, task: TaskView): readonly FailureSummary[] {
  const explanation = explainTask(view, task);
  if (explanation === undefined || task.ending?.status !== "failed") return [];
  const { failure, continueOnError } = task.ending;
  return [
    { task: task.id, reason: failure.reason, continueOnError, logFile: logFileOf(view, task.id), ...explanation },
  ];
}

function summarizeTask(task: TaskView): TaskSummary {
  const note = noteOf(task);
  return {
    id: task.id,
    kind: task.kind,
    status: task.status,
    ...(task.durationMs === undefined || task.startedAtMs === undefined ? {} : { durationMs: task.durationMs }),
    attempts: task.attempt,
    ...(note === undefined ? {} : { note }),
  };
}

function noteOf(task: TaskView): string | undefined {
  switch (task.ending?.status) {
    case "blocked":
      return `by ${task.ending.by.join(", ")}`;
    case "skipped":
      return task.ending.because;
    case "failed":
      return task.ending.continueOnError ? "does not count: continue_on_error" : undefined;
    case "succeeded":
    case "cancelled":
    case undefined:
      return task.attempt > 1 ? `attempt ${task.attempt}` : undefined;
  }
}

function countStatuses(tasks: readonly TaskView[]): Record<FinalStatus, number> {
  const counts = { succeeded: 0, failed: 0, cancelled: 0, blocked: 0, skipped: 0 };
  for (const { status } of tasks) {
    if (status !== "waiting" && status !== "running") counts[status] += 1;
  }
  return counts;
}

/** One entry for each image in order of appearance; a measured size and its limit win over the build's own. */
function collectImages(tasks: readonly TaskView[]): readonly ImageSummary[] {
  const images = new Map<string, ImageSummary>();
  for (const fact of tasks.flatMap(factsOf)) {
    if (fact.fact === "image-built") {
      const name = fact.service ?? fact.bakeTarget;
      const limit = fact.limitBytes === undefined ? {} : { limitBytes: fact.limitBytes };
      images.set(name, { ...limit, ...images.get(name), name, sizeBytes: fact.sizeBytes });
    } else if (fact.fact === "image-size") {
      images.set(fact.service, {
        ...images.get(fact.service),
        name: fact.service,
        sizeBytes: fact.sizeBytes,
        ...(fact.limitBytes === undefined ? {} : { limitBytes: fact.limitBytes }),
      });
    }
  }
  return [...images.values()];
}

function sumSpace(tasks: readonly TaskView[]): SpaceSummary | undefined {
  const freed = tasks.flatMap(factsOf).filter((fact) => fact.fact === "space-freed");
  if (freed.length === 0) return undefined;
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
  // Where nothing was removed there was nothing to measure.
  const measured = freed.flatMap(({ removed, physicalBytes }) => (removed === 0 ? [] : [physicalBytes]));
  const physical = measured.filter((each) => each !== undefined);
  return {
    predictedBytes: sum(freed.map((fact) => fact.predictedBytes)),
    accountedBytes: sum(freed.map((fact) => fact.accountedBytes)),
    ...(physical.length > 0 && physical.length === measured.length ? { physicalBytes: sum(physical) } : {}),
    removed: sum(freed.map((fact) => fact.removed)),
  };
}
