import type { CleanupStep } from "../model/build-config.ts";
import type { Protection } from "../model/cleanup.ts";
import type { ObservedCacheRecord } from "../model/observation.ts";
import { findRunInProgress } from "./cleanup-images.ts";
import type { CleanupScope } from "./cleanup-images.ts";
import type { EngineLedger } from "./cleanup-ledger.ts";
import { evictionOrder, recordTimeMs } from "./cleanup-value.ts";

/** The steps that prune the cache. */
export type CacheStep = Exclude<CleanupStep, "untagged-images" | "old-images">;

/** Which kinds of records a step is about; undefined is all. */
const STEP_TYPES: Readonly<Record<CacheStep, ReadonlySet<string> | undefined>> = {
  "stale-sources": new Set(["source.local", "source.git.checkout"]),
  cache: new Set(["regular"]),
  "cache-mounts": new Set(["exec.cachemount"]),
  "young-cache": undefined,
};

/** A removal, with what it frees by the engine's accounting at its place in the order. */
export interface Eviction {
  readonly record: ObservedCacheRecord;
  readonly step: CacheStep;
  readonly freesBytes: number;
}

/** What decides beside the records themselves. */
export interface CacheFacts {
  readonly nowMs: number;
  /** Unused for less, a record stays in every step but `young-cache`. */
  readonly minAgeMs: number;
  readonly scope: CleanupScope;
}

/**
 * The cache while records are taken from it. Invariants: a record goes after all its children; none goes that a build uses, that a run in
 * progress may have made or used, or that shares its bytes with an image that is still there.
 */
export class CachePlan {
  readonly evictions: Eviction[] = [];
  readonly #facts: CacheFacts;
  readonly #ledger: EngineLedger;
  readonly #records: Map<string, ObservedCacheRecord>;
  readonly #children = new Map<string, number>();
  readonly #protections = new Map<string, Protection>();
  /** What each removal gave the disk. */
  readonly #weights = new Map<string, number>();

  constructor(records: readonly ObservedCacheRecord[], ledger: EngineLedger, facts: CacheFacts) {
    this.#facts = facts;
    this.#ledger = ledger;
    this.#records = new Map(records.map((record) => [record.id, record]));
    for (const record of this.#records.values()) {
      for (const parent of new Set(record.parents)) this.#children.set(parent, (this.#children.get(parent) ?? 0) + 1);
      const protection = protectRecord(record, facts.scope);
      if (protection !== undefined) this.#protections.set(record.id, protection);
    }
  }

  /** Evicts by value, children before their parents, for as long as `isNeeded` says so. */
  evict(step: CacheStep, isNeeded: () => boolean): void {
    if (!isNeeded()) return;
    const eligible = [...this.#records.values()].filter((record) => this.#isEligible(record, step));
    const order = evictionOrder(eligible, {
      nowMs: this.#facts.nowMs,
      rebuildMs: this.#facts.scope.rebuildMs ?? new Map(),
      weightBytes: (record) => this.#ledger.weightBytes(record),
      parentsOf: (record) => record.parents.flatMap((id) => this.#records.get(id) ?? []),
    });
    const waiting = new Set(eligible.filter((record) => !this.#isLeaf(record)));
    const leaves = eligible.filter((record) => this.#isLeaf(record)).sort((a, b) => order(b, a));
    while (isNeeded()) {
      const record = leaves.pop();
      if (record === undefined) return;
      this.#remove(record, step);
      for (const id of new Set(record.parents)) {
        const parent = this.#records.get(id);
        if (parent === undefined || !waiting.has(parent) || !this.#isLeaf(parent)) continue;
        waiting.delete(parent);
        insert(leaves, parent, order);
      }
    }
  }

  /**
   * Takes back removals that free nothing and make no room for one that does: an empty record, unless one that it builds on goes
   * later. Returns what is left, in order.
   */
  settle(): readonly Eviction[] {
    const needed = new Set<string>();
    for (const eviction of this.evictions.toReversed()) {
      const { record } = eviction;
      if (this.#weights.get(record.id) !== 0 || record.parents.some((id) => needed.has(id))) needed.add(record.id);
      else {
        this.#records.set(record.id, record);
        this.#ledger.addRecord(record);
      }
    }
    return this.evictions.filter(({ record }) => needed.has(record.id));
  }

  /** What is left and why, of what could go otherwise: `isAgeRespected` says whether any step would take young records. */
  kept(isAgeRespected: boolean): readonly { readonly record: ObservedCacheRecord; readonly protection: Protection }[] {
    const { nowMs, minAgeMs } = this.#facts;
    const kept = [...this.#records.values()].flatMap((record) => {
      const protection: Protection | undefined =
        this.#protections.get(record.id) ??
        (this.#ledger.isShared(record)
          ? { because: "shared-with-image" }
          : isAgeRespected && nowMs - recordTimeMs(record) < minAgeMs
            ? { because: "younger-than-minimum-age", minAgeMs }
            : undefined);
      return protection === undefined ? [] : [{ record, protection }];
    });
    return kept.sort((a, b) => b.record.sizeBytes - a.record.sizeBytes || (a.record.id < b.record.id ? -1 : 1));
  }

  #remove(record: ObservedCacheRecord, step: CacheStep): void {
    this.#weights.set(record.id, this.#ledger.weightBytes(record));
    const freesBytes = this.#ledger.removeRecord(record);
    this.#records.delete(record.id);
    for (const parent of new Set(record.parents)) this.#children.set(parent, (this.#children.get(parent) ?? 0) - 1);
    this.evictions.push({ record, step, freesBytes });
  }

  #isLeaf(record: ObservedCacheRecord): boolean {
    return (this.#children.get(record.id) ?? 0) === 0;
  }

  #isEligible(record: ObservedCacheRecord, step: CacheStep): boolean {
    if (STEP_TYPES[step]?.has(record.type) === false || this.#protections.has(record.id)) return false;
    const { nowMs, minAgeMs } = this.#facts;
    if (step !== "young-cache" && nowMs - recordTimeMs(record) < minAgeMs) return false;
    return !this.#ledger.isShared(record);
  }
}

/** Keeps the list in order, the one to go first at its end. */
function insert(
  leaves: ObservedCacheRecord[],
  record: ObservedCacheRecord,
  order: (a: ObservedCacheRecord, b: ObservedCacheRecord) => number,
): void {
  let low = 0;
  let high = leaves.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = leaves[middle];
    if (other !== undefined && order(other, record) > 0) low = middle + 1;
    else high = middle;
  }
  leaves.splice(low, 0, record);
}

/**
 * What a run in progress has made or used stays, so that its later builds find it. Copies of build contexts are no results: they are only sent
 * again, and after a build that has filled the disk they are all that there is to remove.
 */
function protectRecord(record: ObservedCacheRecord, scope: CleanupScope): Protection | undefined {
  if (record.inUse) return { because: "used-by-build" };
  return record.type === "source.local" ? undefined : findRunInProgress(scope, recordTimeMs(record));
}
