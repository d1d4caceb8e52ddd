import type { TaskKind } from "./pipeline.ts";
import type { TaskId } from "./task.ts";

/** Version of the serialised plan. */
export const PLAN_VERSION = 1;

/** What a run would do, task by task, in graph order. Making one writes nothing to the engine. */
export interface Plan {
  readonly version: typeof PLAN_VERSION;
  readonly variants: readonly string[];
  readonly tasks: readonly PlannedTask[];
}

/** One task of a plan. */
export interface PlannedTask {
  readonly id: TaskId;
  readonly kind: TaskKind;
  readonly needs: readonly TaskId[];
  readonly decision: Decision;
  /** What it would do, one line each, in the words a user knows. */
  readonly actions: readonly string[];
}

/** What happens to a task, and why. */
export type Decision =
  | { readonly action: "run"; readonly reason: string }
  /** An image with this fingerprint exists: it is tagged. */
  | { readonly action: "reuse"; readonly reason: string }
  | { readonly action: "skip"; readonly reason: string };
