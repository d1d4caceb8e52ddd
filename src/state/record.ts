import type { TaskFact } from "../model/event.ts";
import type { Failure } from "../model/failure.ts";
import type { TaskKind } from "../model/pipeline.ts";
import type { FinalStatus, RunStatus } from "../model/status.ts";
import type { TaskId, TaskOutputs } from "../model/task.ts";

/** A run that begins. */
export interface StartedRun {
  readonly runId: string;
  readonly variants: readonly string[];
  readonly startedAtMs: number;
  /** The process that runs it: a run without an end whose process is gone was interrupted. */
  readonly processId: number;
  /** Relative to the project directory. */
  readonly logDirectory: string;
}

/** How long a step of a build took. */
export interface StepDuration {
  /** As BuildKit names it: `[web builder 2/5] RUN make`. */
  readonly name: string;
  readonly durationMs: number;
}

/** A task that ended. */
export interface FinishedTaskRecord {
  readonly runId: string;
  readonly task: TaskId;
  readonly kind: TaskKind;
  readonly status: FinalStatus;
  /** Absent where it never started. */
  readonly startedAtMs?: number;
  readonly finishedAtMs: number;
  readonly durationMs: number;
  readonly outputs: TaskOutputs;
  readonly facts: readonly TaskFact[];
  readonly failure?: Failure;
  /** Steps that it did itself; those that came from the cache tell nothing. */
  readonly steps?: readonly StepDuration[];
}

/** A run as the history shows it. */
export interface RunRecord {
  readonly runId: string;
  readonly variants: readonly string[];
  /** `running` until an end is recorded, or until its process is found gone. */
  readonly status: RunStatus | "running" | "interrupted";
  readonly startedAtMs: number;
  readonly durationMs?: number;
  readonly processId: number;
  readonly logDirectory: string;
}

/** A task of a recorded run. */
export interface TaskRecord {
  readonly task: TaskId;
  readonly kind: string;
  readonly status: string;
  readonly startedAtMs?: number;
  readonly durationMs: number;
  readonly outputs: TaskOutputs;
  /** The facts as JSON text; what reads them validates them. */
  readonly factsJson: string;
  /** The failure as JSON text. */
  readonly failureJson?: string;
}

/** The size of an image that some run built. */
export interface ImageSizeRecord {
  readonly imageId: string;
  readonly sizeBytes: number;
  /** When it was last seen built, milliseconds since 1970. */
  readonly atMs: number;
}
