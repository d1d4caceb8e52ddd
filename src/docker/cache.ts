import type { ObservedCacheRecord } from "../model/observation.ts";

/**
 * Bytes of the cache that removing records can free: those that no image shares. `docker system df` prints the same number as
 * the size of the build cache.
 */
export function privateCacheBytes(records: readonly ObservedCacheRecord[]): number {
  return records.reduce((total, record) => total + (record.shared ? 0 : record.sizeBytes), 0);
}
