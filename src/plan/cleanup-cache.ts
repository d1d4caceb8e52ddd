import { formatByteSize } from "../model/byte-size.ts";
import type { CleanupItem } from "../model/cleanup.ts";
import { formatDuration } from "../model/duration.ts";
import type { ObservedCacheRecord } from "../model/observation.ts";

type CacheItem = Extract<CleanupItem, { readonly item: "cache-record" }>;

/**
 * The records to prune until the private cache fits the budget, in the order of their removal: longest unused first,
 * children before their parents. Fewer when records in use, or shared with an image, stand in the way.
 */
export function selectCacheRecords(
  records: readonly ObservedCacheRecord[],
  shared: ReadonlySet<string>,
  maxCacheBytes: number,
  nowMs: number,
): readonly CacheItem[] {
  const budget = `the private cache may hold ${formatByteSize(maxCacheBytes)}`;
  const children = countChildren(records);
  const byId = new Map(records.map((record) => [record.id, record]));
  let privateBytes = 0;
  const candidates: ObservedCacheRecord[] = [];
  for (const record of records) {
    if (shared.has(record.id)) continue;
    privateBytes += record.sizeBytes;
    if (!record.inUse) candidates.push(record);
  }
  candidates.sort(byWorth);
  const items: CacheItem[] = [];
  while (privateBytes > maxCacheBytes) {
    const index = candidates.findIndex((record) => (children.get(record.id) ?? 0) === 0);
    const [record] = index < 0 ? [] : candidates.splice(index, 1);
    if (record === undefined) break;
    privateBytes -= record.sizeBytes;
    for (const parent of new Set(record.parents)) {
      if (byId.has(parent)) children.set(parent, (children.get(parent) ?? 0) - 1);
    }
    items.push(cacheItem(record, `${budget}; ${describeUse(record, nowMs)}`));
  }
  return dropUseless(items);
}

/** Worth least first: longest unused, then least used; ties by ID, so that the order never depends on the engine's. */
function byWorth(a: ObservedCacheRecord, b: ObservedCacheRecord): number {
  return a.lastUsedAtMs - b.lastUsedAtMs || a.usageCount - b.usageCount || (a.id < b.id ? -1 : 1);
}

function countChildren(records: readonly ObservedCacheRecord[]): Map<string, number> {
  const children = new Map<string, number>();
  for (const record of records) {
    for (const parent of new Set(record.parents)) children.set(parent, (children.get(parent) ?? 0) + 1);
  }
  return children;
}

/** When the last removals are of records without bytes, the budget held before them: they stay. */
function dropUseless(items: readonly CacheItem[]): readonly CacheItem[] {
  let end = items.length;
  while (end > 0 && items[end - 1]?.sizeBytes === 0) end -= 1;
  return items.slice(0, end);
}

function cacheItem(record: ObservedCacheRecord, reason: string): CacheItem {
  const { id, type, description, sizeBytes } = record;
  return { item: "cache-record", id, type, description, sizeBytes, reason };
}

function describeUse(record: ObservedCacheRecord, nowMs: number): string {
  if (record.lastUsedAtMs <= 0) return "never used";
  return `last used ${formatDuration(Math.max(0, nowMs - record.lastUsedAtMs))} ago`;
}
