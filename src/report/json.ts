import type { TaskFact } from "../model/event.ts";
import type { Failure } from "../model/failure.ts";
import type { TaskKind } from "../model/pipeline.ts";
import type { FinalStatus } from "../model/status.ts";
import type { TaskOutputs } from "../model/task.ts";
import { factsOf } from "./run-view.ts";
import type { RunView, TaskView } from "./run-view.ts";
import { logFileOf, summarizeRun } from "./summary.ts";
import type { DeployedFact, FailureSummary, ImageSummary, RunSummary, SpaceSummary } from "./summary.ts";

/** Version of the `--json` result; raised when a key changes its meaning or goes. */
export const JSON_RESULT_VERSION = 1;

/** What `--json` prints and `summary.json` holds. Keys are only added within a version. */
export interface JsonResult {
  readonly version: typeof JSON_RESULT_VERSION;
  readonly run: string;
  readonly variants: readonly string[];
  readonly status: RunSummary["status"];
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly counts: Readonly<Record<FinalStatus, number>>;
  /** In graph order. */
  readonly tasks: readonly JsonTask[];
  readonly images: readonly ImageSummary[];
  readonly space?: SpaceSummary;
  readonly deployed: readonly DeployedFact[];
  /** Relative to the project directory. */
  readonly logDirectory: string;
}

/** One task of a {@link JsonResult}. */
export interface JsonTask {
  readonly id: string;
  readonly kind: TaskKind;
  readonly environment?: string;
  readonly status: TaskView["status"];
  readonly attempts: number;
  readonly durationMs?: number;
  readonly outputs?: TaskOutputs;
  readonly facts: readonly TaskFact[];
  readonly failure?: JsonFailure;
  readonly blockedBy?: readonly string[];
  readonly skippedBecause?: string;
  /** Relative to the project directory; exists when the task printed something or failed. */
  readonly log: string;
}

/** A failure with its explanation and its own data. */
export type JsonFailure = Pick<FailureSummary, "headline" | "evidence" | "nextSteps" | "continueOnError"> & {
  readonly reason: Failure["reason"];
  readonly details: Failure;
};

/** The result for scripts; `JSON.stringify` it. */
export function renderJsonResult(view: RunView): JsonResult {
  const summary = summarizeRun(view);
  const failures = new Map(summary.failures.map((failure) => [failure.task, failure]));
  return {
    version: JSON_RESULT_VERSION,
    run: summary.runId,
    variants: summary.variants,
    status: summary.status,
    startedAt: new Date(summary.startedAtMs).toISOString(),
    durationMs: summary.durationMs,
    counts: summary.counts,
    tasks: Array.from(view.tasks.values(), (task) => renderTask(view, task, failures.get(task.id))),
    images: summary.images,
    ...(summary.space === undefined ? {} : { space: summary.space }),
    deployed: summary.deployed,
    logDirectory: summary.logDirectory,
  };
}

function renderTask(view: RunView, task: TaskView, failure: FailureSummary | undefined): JsonTask {
  return {
    id: task.id,
    kind: task.kind,
    ...(task.environment === undefined ? {} : { environment: task.environment }),
    status: task.status,
    attempts: task.attempt,
    ...(task.durationMs === undefined ? {} : { durationMs: task.durationMs }),
    ...endingKeys(task, failure),
    facts: factsOf(task),
    log: logFileOf(view, task.id),
  };
}

function endingKeys(
  task: TaskView,
  failure: FailureSummary | undefined,
): Pick<JsonTask, "outputs" | "failure" | "blockedBy" | "skippedBecause"> {
  const { ending } = task;
  switch (ending?.status) {
    case "succeeded":
      return { outputs: ending.outputs };
    case "failed": {
      if (failure === undefined) return {};
      const { headline, evidence, nextSteps, continueOnError, reason } = failure;
      return { failure: { reason, headline, evidence, nextSteps, continueOnError, details: ending.failure } };
    }
    case "blocked":
      return { blockedBy: ending.by };
    case "skipped":
      return { skippedBecause: ending.because };
    case "cancelled":
    case undefined:
      return {};
  }
}
