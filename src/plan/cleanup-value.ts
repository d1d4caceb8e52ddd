import type { ObservedCacheRecord } from "../model/observation.ts";

/** Compares two records: the one to go first comes first. */
export type EvictionOrder = (a: ObservedCacheRecord, b: ObservedCacheRecord) => number;

/** What the order looks at besides the records. */
export interface EvictionFacts {
  readonly nowMs: number;
  /** How long a build step took, by the name under which the cache describes its result. */
  readonly rebuildMs: ReadonlyMap<string, number>;
  /** What a record's removal gives the disk, whatever its listed size is. */
  readonly weightBytes: (record: ObservedCacheRecord) => number;
  readonly parentsOf: (record: ObservedCacheRecord) => readonly ObservedCacheRecord[];
}

/**
 * Worth least first: `milliseconds to rebuild × uses ÷ age ÷ bytes`. A step of unknown duration counts as the median of those
 * known; where none is known it is BuildKit's order: longest unused, then least used. Ties by ID, so that the order never
 * depends on the engine's.
 */
export function evictionOrder(records: readonly ObservedCacheRecord[], facts: EvictionFacts): EvictionOrder {
  const durations = new Map<ObservedCacheRecord, number>();
  for (const record of records) {
    const known = findRebuildMs(record, facts.rebuildMs);
    if (known !== undefined) durations.set(record, known);
  }
  if (durations.size === 0) return (a, b) => compareUse(a, b) || compareId(a, b);
  const sorted = [...durations.values()].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const values = new Map<ObservedCacheRecord, number>();
  const valueOf = (record: ObservedCacheRecord): number => {
    let value = values.get(record);
    if (value === undefined) {
      value = worth(record, durations.get(record) ?? median, facts);
      values.set(record, value);
    }
    return value;
  };
  return (a, b) => valueOf(a) - valueOf(b) || compareUse(a, b) || compareId(a, b);
}

/** How long the step of a record took when it ran; undefined where it is not remembered. */
export function findRebuildMs(record: ObservedCacheRecord, rebuildMs: ReadonlyMap<string, number>): number | undefined {
  const { description } = record;
  return rebuildMs.get(description) ?? rebuildMs.get(description.replace(/^mount \/ from exec (\/bin\/sh -c )?/, ""));
}

/** When a record was last used, or made where it never was. */
export function recordTimeMs(record: ObservedCacheRecord): number {
  return Math.max(record.lastUsedAtMs, record.createdAtMs ?? 0);
}

function worth(record: ObservedCacheRecord, durationMs: number, facts: EvictionFacts): number {
  const ageMs = Math.max(1_000, facts.nowMs - recordTimeMs(record));
  const uses = Math.max(1, record.usageCount);
  return (durationMs * uses) / ageMs / Math.max(1, freedBelow(record, facts));
}

/** A record without bytes counts with those that it keeps from going: the ones that it builds on. */
function freedBelow(record: ObservedCacheRecord, facts: EvictionFacts, depth = 0): number {
  const bytes = facts.weightBytes(record);
  if (bytes > 0 || depth >= 8) return bytes;
  return facts.parentsOf(record).reduce((sum, parent) => sum + freedBelow(parent, facts, depth + 1), 0);
}

function compareUse(a: ObservedCacheRecord, b: ObservedCacheRecord): number {
  return recordTimeMs(a) - recordTimeMs(b) || a.usageCount - b.usageCount;
}

function compareId(a: ObservedCacheRecord, b: ObservedCacheRecord): number {
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}
