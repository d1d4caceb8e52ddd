import type { Failure } from "./failure.ts";
import type { TaskKind } from "./pipeline.ts";
import type { SourceLocation } from "./location.ts";
import type { FinalStatus, RunStatus } from "./status.ts";
import type { TaskId, TaskOutputs } from "./task.ts";

/** Version of the event format; the first field of `run-started`. */
export const EVENT_VERSION = 1;

/**
 * Something that happened in a run. Reporters see nothing else, so replaying recorded events prints what was printed.
 * Order: `run-started` first, `run-finished` last; for each task `task-started` … `task-finished`, or `task-finished` alone
 * where it never started. `task-waiting` may come before `task-started`, and between two attempts.
 */
export type RunEvent = {
  /** Milliseconds since 1970. */
  readonly atMs: number;
} & RunEventBody;

/** What happened. */
export type RunEventBody =
  | {
      readonly type: "run-started";
      readonly version: typeof EVENT_VERSION;
      readonly runId: string;
      readonly variants: readonly string[];
      readonly tasks: readonly EventTask[];
      readonly concurrency: number;
      /** Relative to the project directory. */
      readonly logDirectory: string;
    }
  /** It could start, and there is no room for it yet. `because` is for people: `240 MB of disk are needed, 100 MB are free …`. */
  | { readonly type: "task-waiting"; readonly task: TaskId; readonly because: string }
  | { readonly type: "task-started"; readonly task: TaskId; readonly attempt: number }
  /** A step within a task: a BuildKit vertex, a removal, a phase of a deploy, a check. */
  | { readonly type: "task-step"; readonly task: TaskId; readonly step: TaskStep }
  /** A line of output, without its line end. Secrets are redacted before the event is made. */
  | { readonly type: "task-output"; readonly task: TaskId; readonly stream: "stdout" | "stderr"; readonly line: string }
  | {
      readonly type: "task-retrying";
      readonly task: TaskId;
      /** The attempt that failed. */
      readonly attempt: number;
      readonly failure: Failure;
      readonly delayMs: number;
    }
  | TaskFinishedEvent
  /** The first signal or a fail-fast stop: running tasks are being ended. */
  | { readonly type: "run-cancelling"; readonly because: "signal" | "fail-fast"; readonly signal?: string }
  | {
      readonly type: "run-finished";
      readonly status: RunStatus;
      readonly durationMs: number;
      readonly counts: Readonly<Record<FinalStatus, number>>;
    };

/** A task as `run-started` announces it. */
export interface EventTask {
  readonly id: TaskId;
  readonly kind: TaskKind;
  readonly needs: readonly TaskId[];
  readonly environment?: string;
  /** Where the pipeline file names the task; CI annotations of its failure point there. */
  readonly location?: SourceLocation;
}

/** One step of a task. `id` is unique in the task; a step may be reported several times as its state changes. */
export interface TaskStep {
  readonly id: string;
  readonly name: string;
  readonly state: "running" | "done" | "cached" | "failed";
  readonly durationMs?: number;
}

/** How a task ended. Present exactly once for every task of the run. */
export type TaskFinishedEvent = {
  readonly type: "task-finished";
  readonly task: TaskId;
  readonly durationMs: number;
} & TaskEnding;

/** The final status with what belongs to it. */
export type TaskEnding =
  | { readonly status: "succeeded"; readonly outputs: TaskOutputs; readonly facts: readonly TaskFact[] }
  | {
      readonly status: "failed";
      readonly failure: Failure;
      readonly continueOnError: boolean;
      readonly facts: readonly TaskFact[];
    }
  | { readonly status: "cancelled" }
  | { readonly status: "blocked"; readonly by: readonly TaskId[] }
  | { readonly status: "skipped"; readonly because: string };

/** What a task found out or did, for the summary and the report. */
export type TaskFact =
  | {
      readonly fact: "image-built";
      readonly bakeTarget: string;
      readonly service?: string;
      readonly imageId: string;
      readonly sizeBytes: number;
      /** The size limit of the service, whether or not a check looked at it. */
      readonly limitBytes?: number;
      readonly cachedSteps: number;
      readonly steps: number;
    }
  /** What a real build wrote to the engine's disk, at the peak; absent where every step came from the cache. */
  | {
      readonly fact: "disk-written";
      readonly bakeTarget: string;
      /** Both are remembered for each of the two: containerd keeps more. */
      readonly imageStore: "graph-driver" | "containerd";
      /** Of the build context, as far as it was transferred. */
      readonly contextBytes: number;
      /** New layers of all stages, with all the copies that the store makes of them. */
      readonly layerBytes: number;
    }
  | {
      readonly fact: "image-size";
      readonly service: string;
      /** `sha256:…`; records of older versions lack it. */
      readonly imageId?: string;
      readonly sizeBytes: number;
      readonly limitBytes?: number;
    }
  | {
      readonly fact: "space-freed";
      readonly predictedBytes: number;
      /** By the engine's account, before minus after: of the whole engine, whoever else was at work. */
      readonly accountedBytes: number;
      /** Free space of the engine's disk, after minus before; absent where it cannot be measured. */
      readonly physicalBytes?: number;
      readonly removed: number;
      /** Planned, and kept after all: how many for which reason. */
      readonly spared?: readonly { readonly why: string; readonly count: number }[];
      /** Images and records that others added or removed meanwhile. */
      readonly disturbance?: { readonly added: number; readonly removed: number };
    }
  | {
      readonly fact: "deployed";
      readonly environment: string;
      readonly project: string;
      readonly url?: string;
      readonly containers: number;
      /** What runs there was already this release: no container was touched. */
      readonly unchanged?: boolean;
    }
  /** What users saw while a deploy through a router went on, by the router's own counters. */
  | {
      readonly fact: "traffic-served";
      /** The colour that is live at its end. */
      readonly live: string;
      readonly requests: number;
      readonly failed: number;
      /** Attempts that failed and were repeated, most of them unnoticed; absent in logs of older versions. */
      readonly retried?: number;
      /** How long the call took that moved the traffic; absent where none did. */
      readonly cutoverMs?: number;
    }
  | { readonly fact: "http-answered"; readonly url: string; readonly status: number; readonly durationMs: number };
