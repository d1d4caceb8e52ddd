/** What a clean task would remove and keep, in the order in which it would. */
export interface CleanupPlan {
  readonly items: readonly CleanupItem[];
  readonly kept: readonly KeptItem[];
  /** Bytes that the removals should free by the engine's own accounting. */
  readonly predictedBytes: number;
  /** Bytes on the disk that the engine's accounting knows nothing of and that the removals free as well. */
  readonly hiddenBytes?: number;
  /** What the clean-up is held to, as it was and as it should be after the removals. */
  readonly budgets?: readonly CleanupBudget[];
}

/** A limit that a clean-up works towards. */
export interface CleanupBudget {
  /** `cache` and `images` are upper bounds of accounted bytes, `free-space` a lower bound of the free bytes of the engine's disk. */
  readonly name: "cache" | "images" | "free-space";
  readonly limitBytes: number;
  readonly beforeBytes: number;
  /** Predicted. */
  readonly afterBytes: number;
  /** Whether it holds afterwards. */
  readonly holds: boolean;
}

/** One removal. */
export type CleanupItem =
  | {
      readonly item: "image";
      readonly id: string;
      readonly tags: readonly string[];
      readonly service: string;
      readonly sizeBytes: number;
      /** What it frees at its place in the order. */
      readonly freesBytes?: number;
      readonly reason: string;
    }
  | {
      readonly item: "cache-record";
      readonly id: string;
      readonly type: string;
      readonly description: string;
      readonly sizeBytes: number;
      /** When it was planned: one that has been used since stays. */
      readonly lastUsedAtMs?: number;
      readonly freesBytes?: number;
      readonly reason: string;
    }
  /** Only with `--volumes`, and never one that a container mounts. */
  | {
      readonly item: "volume";
      /** Its name. */
      readonly id: string;
      readonly sizeBytes: number;
      readonly reason: string;
    };

/** Something of ours that stays, and why. */
export interface KeptItem {
  readonly item: "image";
  readonly id: string;
  readonly tags: readonly string[];
  readonly service: string;
  readonly sizeBytes: number;
  readonly protection: Protection;
}

/** Why something must not be removed. */
export type Protection =
  | { readonly because: "used-by-container"; readonly container: string; readonly state: string }
  | { readonly because: "newest-of-service"; readonly rank: number; readonly keep: number }
  | { readonly because: "younger-than-minimum-age"; readonly minAgeMs: number }
  | { readonly because: "tagged-by-others"; readonly tag: string }
  /** Part of the live release, or of the one that a rollback would put live. */
  | { readonly because: "released"; readonly deployId: string }
  /** Built or reserved by a run that is in progress, of this or another process. */
  | { readonly because: "run-in-progress"; readonly runId: string }
  | { readonly because: "pinned"; readonly pattern: string }
  | { readonly because: "not-ours" };

/** A run that is in progress on an engine, of whichever process: what it may have made or used since its start stays. */
export interface RunInProgress {
  readonly runId: string;
  readonly startedAtMs: number;
  /** Bytes that its builds have reserved and not yet written. */
  readonly reservedBytes: number;
}

/** What a clean task did. Predicted, accounted and physical bytes are three numbers. */
export interface CleanupResult {
  readonly removed: readonly CleanupItem[];
  /** Planned, but changed since: re-checked just before and kept. */
  readonly spared: readonly { readonly item: CleanupItem; readonly why: string }[];
  readonly predictedBytes: number;
  /** By the engine's accounting, before minus after: of the whole engine, whoever else was at work. */
  readonly accountedBytes: number;
  /** Free space of the engine's disk, after minus before; absent where it cannot be measured. */
  readonly physicalBytes?: number;
  /** What others added or removed meanwhile, so that the numbers are not of this clean-up alone; absent when nothing did. */
  readonly disturbance?: { readonly added: number; readonly removed: number };
}
