import type { CleanupStep } from "./build-config.ts";

/** Version of a plan of a clean-up as it is written to a file. */
export const CLEANUP_PLAN_VERSION = 1;

/** What a clean task would remove and keep, in the order in which it would. */
export interface CleanupPlan {
  readonly version: typeof CLEANUP_PLAN_VERSION;
  /** Invariant: their `freesBytes` add up to `predictedBytes`. */
  readonly items: readonly CleanupItem[];
  /** What a protection keeps, whatever the policy says. */
  readonly kept: readonly KeptItem[];
  /** Bytes that the removals should free by the engine's own accounting. */
  readonly predictedBytes: number;
  /** Bytes that the disk should gain: what the accounting does not see is taken off or added, where its size is known. */
  readonly physicalBytes: number;
  /** On the disk after the removals and in no number of the engine: base layers that only the cache still holds, as records of size 0. */
  readonly hiddenBytes: number;
  /** What the clean-up is held to, as it was and as it should be after the removals. */
  readonly budgets: readonly CleanupBudget[];
}

/** A limit that a clean-up works towards. */
export type CleanupBudget =
  | {
      /**
       * `cache` (private records) and `images` (ours, each layer once) are upper bounds of accounted bytes. `free-space` and
       * `needed-space`, the room that a build needs above the minimum, are lower bounds of the free bytes of the engine's disk.
       */
      readonly name: "cache" | "images" | "free-space" | "needed-space";
      readonly limitBytes: number;
      readonly beforeBytes: number;
      /** Predicted. */
      readonly afterBytes: number;
      /** Whether it holds afterwards. */
      readonly holds: boolean;
    }
  | {
      /** How many images the service with the most has. */
      readonly name: "images-per-service";
      readonly limitImages: number;
      readonly beforeImages: number;
      readonly afterImages: number;
      /** False where a protection keeps more. */
      readonly holds: boolean;
    };

/** One removal. */
export type CleanupItem =
  | {
      readonly item: "image";
      readonly id: string;
      readonly tags: readonly string[];
      /** Of an image that is not ours, the repository that it is named by; empty where it has no name. */
      readonly service: string;
      readonly sizeBytes: number;
      /** What it frees at its place in the order, by the engine's accounting: 0 while the cache holds its layers. */
      readonly freesBytes: number;
      readonly step: CleanupStep;
      readonly reason: string;
    }
  | {
      readonly item: "cache-record";
      readonly id: string;
      readonly type: string;
      readonly description: string;
      readonly sizeBytes: number;
      /** When it was planned: one that has been used since stays. */
      readonly lastUsedAtMs: number;
      readonly freesBytes: number;
      readonly step: CleanupStep;
      readonly reason: string;
    }
  /** Only with `--volumes`, and never one that a container mounts. Always after everything else. */
  | {
      readonly item: "volume";
      /** Its name. */
      readonly id: string;
      readonly sizeBytes: number;
      readonly freesBytes: number;
      readonly reason: string;
    };

/** Something that stays, and why. Of the cache only what could go otherwise, of volumes only with `--volumes`. */
export type KeptItem =
  | {
      readonly item: "image";
      readonly id: string;
      readonly tags: readonly string[];
      readonly service: string;
      readonly sizeBytes: number;
      readonly protection: Protection;
    }
  | {
      readonly item: "cache-record";
      readonly id: string;
      readonly type: string;
      readonly description: string;
      readonly sizeBytes: number;
      readonly protection: Protection;
    }
  | { readonly item: "volume"; readonly id: string; readonly sizeBytes: number; readonly protection: Protection };

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
  | { readonly because: "not-ours" }
  /** A build holds the cache record, or one above it, right now. */
  | { readonly because: "used-by-build" }
  /** A cache record that shares its bytes with an image that stays: removing it frees nothing. */
  | { readonly because: "shared-with-image" };

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
