import type { CleanupPolicy } from "../model/build-config.ts";
import type { CleanupPlan } from "../model/cleanup.ts";
import type { EngineObservation } from "../model/observation.ts";
import { selectCacheRecords } from "./cleanup-cache.ts";
import { judgeImages } from "./cleanup-images.ts";
import type { CleanupScope } from "./cleanup-images.ts";
import { accountedSizeBytes, recordsSharedWith } from "./cleanup-sharing.ts";

/**
 * What a clean-up would remove and keep. Images and cache are planned together: a layer that an image and the cache
 * share is freed when the last of the two lets go of it.
 * Invariants: only images that carry our labels are listed; nothing protected is; cache records in use or shared with
 * an image that stays are not; every record is listed after its children; same input, same plan; once applied, a second
 * plan is empty.
 */
export function planCleanup(observation: EngineObservation, policy: CleanupPolicy, scope: CleanupScope): CleanupPlan {
  const { items: images, kept } = judgeImages(observation, policy, scope);
  const removed = new Set(images.map((item) => item.id));
  const remaining = observation.images.filter((image) => !removed.has(image.id));
  const stillShared = recordsSharedWith(remaining, observation);
  const records = selectCacheRecords(observation.cache, stillShared, policy.maxCacheBytes, observation.nowMs);
  const pruned = new Set(records.map((item) => item.id));
  const before = accountedSizeBytes(observation.images, observation.cache, (record) => record.shared);
  const after = accountedSizeBytes(
    remaining,
    observation.cache.filter((record) => !pruned.has(record.id)),
    (record) => stillShared.has(record.id),
  );
  return { items: [...images, ...records], kept, predictedBytes: before - after };
}
