import type { CleanupPolicies, CleanupPolicy, CleanupStep, FreeSpaceMark } from "../model/build-config.ts";
import type { DiskSpace } from "../model/observation.ts";
import type { CleanSpec } from "../model/pipeline.ts";

/** What a clean-up does where its policy names no steps. */
export const NORMAL_STEPS: readonly CleanupStep[] = ["stale-sources", "untagged-images", "old-images", "cache"];

/** The named policy with what the task overrides of it. */
export function resolveCleanupPolicy(policies: CleanupPolicies, spec: CleanSpec): CleanupPolicy {
  const named = policies[spec.policy] ?? policies.normal;
  const maxImagesBytes = spec.maxImagesBytes ?? named.maxImagesBytes;
  const minFree = spec.minFree ?? named.minFree;
  const steps = spec.steps ?? named.steps;
  const pinned = [...(named.pinned ?? []), ...(spec.pinned ?? [])];
  return {
    maxCacheBytes: spec.maxCacheBytes ?? named.maxCacheBytes,
    keepImagesPerService: spec.keepImagesPerService ?? named.keepImagesPerService,
    minAgeMs: spec.minAgeMs ?? named.minAgeMs,
    ...(maxImagesBytes === undefined ? {} : { maxImagesBytes }),
    ...(minFree === undefined ? {} : { minFree }),
    ...(steps === undefined ? {} : { steps }),
    ...(pinned.length === 0 ? {} : { pinned }),
  };
}

/** The free space that a mark means on a disk. */
export function freeSpaceBytes(mark: FreeSpaceMark, disk: DiskSpace): number {
  return "bytes" in mark ? mark.bytes : Math.round(mark.share * disk.totalBytes);
}

/** Below this share of free space an engine cannot even remove an image: the cache goes first. */
const FULL_SHARE = 0.01;

/** How much of the engine's disk must be free. */
export interface FreeSpaceGoal {
  /** The engine cannot remove images any more. */
  readonly isFull: boolean;
  /** Free bytes to reach; below the low mark at the start this is the high one, else nothing has to be done for it. */
  readonly goalBytes: number;
  /** The limit by the policy alone; absent where it sets none. */
  readonly limitBytes?: number;
  /** The limit with the room that a build needs; absent where none is asked for. */
  readonly neededBytes?: number;
}

/** Undefined where the disk cannot be measured: then nothing is done for its sake. */
export function resolveFreeSpaceGoal(
  policy: CleanupPolicy,
  disk: DiskSpace | undefined,
  needBytes = 0,
): FreeSpaceGoal | undefined {
  if (disk === undefined) return undefined;
  const fullBytes = Math.ceil(FULL_SHARE * disk.totalBytes);
  const isFull = disk.freeBytes < fullBytes;
  const { minFree } = policy;
  const lowBytes = minFree === undefined ? 0 : freeSpaceBytes(minFree.low, disk);
  const highBytes = minFree === undefined ? 0 : Math.max(lowBytes, freeSpaceBytes(minFree.high, disk));
  const neededBytes = lowBytes + needBytes;
  const begins = isFull || disk.freeBytes < neededBytes;
  const goalBytes = begins ? Math.max(highBytes, neededBytes, isFull ? fullBytes : 0) : 0;
  const isLimited = minFree !== undefined || isFull;
  const limitBytes = begins ? Math.max(highBytes, isFull ? fullBytes : 0) : lowBytes;
  return {
    isFull,
    goalBytes,
    ...(isLimited ? { limitBytes } : {}),
    ...(needBytes > 0 ? { neededBytes } : {}),
  };
}
