import type { BuildConfig } from "../model/build-config.ts";
import type { EngineObservation } from "../model/observation.ts";

/** BuildKit's cache. Only the private part takes space of its own; the rest is part of images. */
export interface CacheUsage {
  readonly records: number;
  readonly totalBytes: number;
  readonly privateBytes: number;
  /** Upper bound of the private part by the policy `normal`. */
  readonly budgetBytes: number;
  /** `regular`, `source.local`, `exec.cachemount` …, the largest private part first. */
  readonly kinds: readonly CacheKind[];
}

/** The records of one kind. */
export interface CacheKind {
  readonly type: string;
  readonly records: number;
  readonly privateBytes: number;
  readonly sharedBytes: number;
}

/** Sums up the cache records by kind. */
export function describeCache({ cache }: EngineObservation, config: BuildConfig): CacheUsage {
  const kinds = new Map<string, { records: number; privateBytes: number; sharedBytes: number }>();
  for (const { type, shared, sizeBytes } of cache) {
    const kind = kinds.get(type) ?? { records: 0, privateBytes: 0, sharedBytes: 0 };
    kind.records += 1;
    kind[shared ? "sharedBytes" : "privateBytes"] += sizeBytes;
    kinds.set(type, kind);
  }
  const sorted = Array.from(kinds, ([type, kind]) => ({ type, ...kind })).sort(
    (a, b) => b.privateBytes - a.privateBytes || (a.type < b.type ? -1 : 1),
  );
  const privateBytes = sorted.reduce((sum, kind) => sum + kind.privateBytes, 0);
  return {
    records: cache.length,
    totalBytes: sorted.reduce((sum, kind) => sum + kind.sharedBytes, privateBytes),
    privateBytes,
    budgetBytes: config.cleanup.normal.maxCacheBytes,
    kinds: sorted,
  };
}
