import type { CleanupPolicy } from "../../../src/model/build-config.ts";
import type { EngineObservation, ObservedCacheRecord, ObservedImage } from "../../../src/model/observation.ts";
import type { CleanupScope } from "../../../src/plan/cleanup-images.ts";

export const NOW_MS = 1_800_000_000_000;
export const HOUR_MS = 3_600_000;

export const SCOPE: CleanupScope = {
  project: "shop",
  services: [
    { name: "web", repositories: ["shop/web"] },
    { name: "api", repositories: ["shop/api"] },
  ],
};

export const POLICY: CleanupPolicy = { maxCacheBytes: 1_000_000, keepImagesPerService: 2, minAgeMs: HOUR_MS };

/** An image of ours, as old as asked, with one layer of its own. */
export function anImage(
  id: string,
  change: Partial<ObservedImage> & { ageMs?: number; service?: string } = {},
): ObservedImage {
  const { ageMs = 10 * HOUR_MS, service = "web", ...rest } = change;
  return {
    id: `sha256:${id}`,
    tags: [],
    labels: { "dev.orchestrate.project": "shop", "dev.orchestrate.service": service },
    sizeBytes: 1_000,
    createdAtMs: NOW_MS - ageMs,
    lastTaggedAtMs: 0,
    layers: [{ chainId: `chain-${id}`, sizeBytes: 1_000 }],
    ...rest,
  };
}

/** A private record of the cache. */
export function aRecord(id: string, change: Partial<ObservedCacheRecord> = {}): ObservedCacheRecord {
  return {
    id,
    parents: [],
    type: "regular",
    description: `[build] COPY ${id}`,
    sizeBytes: 1_000,
    inUse: false,
    shared: false,
    lastUsedAtMs: NOW_MS - HOUR_MS,
    usageCount: 1,
    ...change,
  };
}

export function anObservation(change: Partial<EngineObservation> = {}): EngineObservation {
  return { nowMs: NOW_MS, images: [], containers: [], cache: [], ...change };
}
