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
  /** What a build is expected to take of the engine's disk, at its peak; builds that run only. */
  readonly disk?: DiskNeed;
  /** What it would do, one line each, in the words a user knows. */
  readonly actions: readonly string[];
}

/** What happens to a task, and why. */
export type Decision =
  | { readonly action: "run"; readonly reason: string }
  /** An image with this fingerprint exists: it is tagged. */
  | { readonly action: "reuse"; readonly reason: string }
  | { readonly action: "skip"; readonly reason: string };

/** `declared` by `resources: { disk }`, `measured` when it was last built (× 1.2), `guessed` from its build context. */
export const DISK_NEED_BASES = ["declared", "measured", "guessed"] as const;

/** What a build is expected to take of the engine's disk, at its peak. */
export interface DiskNeed {
  readonly bytes: number;
  readonly basis: (typeof DISK_NEED_BASES)[number];
  /** Without so much it cannot succeed; a guess may well be too high, so it is refused only below this. */
  readonly leastBytes: number;
}

/** Where a need comes from, for people. */
export function describeBasis({ basis }: Pick<DiskNeed, "basis">): string {
  switch (basis) {
    case "declared":
      return "as its task declares";
    case "measured":
      return "measured when it was last built, and a fifth more";
    case "guessed":
      return "guessed: three times its build context and 1 GB";
  }
}
