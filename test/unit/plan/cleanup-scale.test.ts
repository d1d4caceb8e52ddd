import { describe, expect, it } from "vitest";
import type { ObservedCacheRecord, ObservedImage, ObservedLayer } from "../../../src/model/observation.ts";
import { planCleanup } from "../../../src/plan/cleanup.ts";
import { renderCleanupPlan } from "../../../src/plan/cleanup-text.ts";
import { HOUR_MS, NOW_MS, POLICY, SCOPE, aRecord, anImage, anObservation } from "./cleanup-rig.ts";

const SERVICES = 20;
const BUILDS = 10;

function stepsOf(name: string, count: number, madeMs: number): readonly ObservedLayer[] {
  return Array.from({ length: count }, (_, index) => ({
    chainId: `${name}-${index}`,
    // All of one size: the hardest to tell apart.
    sizeBytes: 5_000_000,
    createdBy: `COPY ${index} / # buildkit`,
    createdAtMs: madeMs + index * 1_000,
  }));
}

function recordsOf(layers: readonly ObservedLayer[], below: string | undefined): readonly ObservedCacheRecord[] {
  return layers.map(({ chainId, sizeBytes, createdAtMs = 0 }, index) => {
    const parent = index === 0 ? below : layers[index - 1]?.chainId;
    return aRecord(chainId, {
      parents: parent === undefined ? [] : [parent],
      description: `[1/9] COPY ${index} /`,
      sizeBytes,
      shared: true,
      createdAtMs,
      lastUsedAtMs: createdAtMs,
    });
  });
}

/** 200 images of 9 layers with all of their cache, and private records up to 2,000. */
function largeEngine() {
  const images: ObservedImage[] = [];
  const cache: ObservedCacheRecord[] = [];
  for (let service = 0; service < SERVICES; service += 1) {
    const base = stepsOf(`base-${service}`, 5, NOW_MS - 900 * HOUR_MS - service * 60_000);
    cache.push(...recordsOf(base, undefined));
    for (let build = 0; build < BUILDS; build += 1) {
      const name = `${service}-${build}`;
      const ageMs = (30 + build) * HOUR_MS;
      const own = stepsOf(name, 4, NOW_MS - ageMs - service * 60_000);
      cache.push(...recordsOf(own, base.at(-1)?.chainId));
      images.push(anImage(name, { ageMs, service: `s${service}`, sizeBytes: 45_000_000, layers: [...base, ...own] }));
    }
  }
  while (cache.length < 2_000) {
    const index = cache.length;
    cache.push(aRecord(`private-${index}`, { sizeBytes: 1_000_000, lastUsedAtMs: NOW_MS - (index % 200) * HOUR_MS }));
  }
  return anObservation({ images, cache });
}

describe("200 images and 2,000 records of the cache", () => {
  it("are planned to the byte and shown on one or two screens", () => {
    const observation = largeEngine();
    const plan = planCleanup(observation, { ...POLICY, maxCacheBytes: 0 }, SCOPE);
    const count = (kind: string) => plan.items.filter(({ item }) => item === kind).length;
    expect(count("image")).toBe(SERVICES * (BUILDS - 2));
    // Of each image that goes its four records, and all private ones that are old enough.
    const old = observation.cache.filter(({ shared, lastUsedAtMs }) => !shared && lastUsedAtMs < NOW_MS).length;
    expect(count("cache-record")).toBe(SERVICES * (BUILDS - 2) * 4 + old);
    expect(plan.predictedBytes).toBe(SERVICES * (BUILDS - 2) * 20_000_000 + old * 1_000_000);
    expect(renderCleanupPlan(plan).length).toBeLessThan(100);
  });
});
