import { describe, expect, it } from "vitest";
import type { CleanupPolicy } from "../../../src/model/build-config.ts";
import type { CleanupPlan } from "../../../src/model/cleanup.ts";
import type { EngineObservation } from "../../../src/model/observation.ts";
import { planCleanup } from "../../../src/plan/cleanup.ts";
import { measureBudgets } from "../../../src/plan/cleanup-budgets.ts";
import { resolveCleanupPolicy } from "../../../src/plan/cleanup-policy.ts";
import { HOUR_MS, NOW_MS, POLICY, SCOPE, aRecord, anImage, anObservation } from "./cleanup-rig.ts";

const removedIds = (plan: CleanupPlan): string[] => plan.items.map((item) => item.id);
const OLD_MS = NOW_MS - 90 * HOUR_MS;
const LOOSE: CleanupPolicy = { maxCacheBytes: 1e9, keepImagesPerService: 2, minAgeMs: HOUR_MS };

/** Ten private records of 1,000 bytes each, the first the longest unused, and a disk of 100,000. */
function tenRecords(freeBytes: number): EngineObservation {
  const cache = Array.from({ length: 10 }, (_, index) => aRecord(`r${index}`, { lastUsedAtMs: OLD_MS + index }));
  return anObservation({ cache, disk: { freeBytes, totalBytes: 100_000 } });
}

describe("planCleanup: free space", () => {
  const minFree = { low: { bytes: 5_000 }, high: { share: 0.08 } };

  it("begins below the low mark and goes on until the high one", () => {
    const policy = { ...LOOSE, minFree };
    expect(planCleanup(tenRecords(5_000), policy, SCOPE).items).toEqual([]);
    const plan = planCleanup(tenRecords(4_999), policy, SCOPE);
    expect(removedIds(plan)).toEqual(["r0", "r1", "r2", "r3"]);
    expect(plan.budgets.find(({ name }) => name === "free-space")).toEqual({
      name: "free-space",
      limitBytes: 8_000,
      beforeBytes: 4_999,
      afterBytes: 8_999,
      holds: true,
    });
  });

  it("says when it cannot be met, and takes what it can", () => {
    const policy = { ...LOOSE, minFree: { low: { bytes: 50_000 }, high: { bytes: 50_000 } } };
    const plan = planCleanup(tenRecords(4_000), policy, SCOPE);
    expect(plan.items.length).toBe(10);
    expect(plan.budgets).toContainEqual({
      name: "free-space",
      limitBytes: 50_000,
      beforeBytes: 4_000,
      afterBytes: 14_000,
      holds: false,
    });
  });

  it("makes the room that a build needs above the minimum", () => {
    const scope = { ...SCOPE, needBytes: 7_000 };
    const plan = planCleanup(tenRecords(6_000), { ...LOOSE, minFree }, scope);
    expect(removedIds(plan)).toEqual(["r0", "r1", "r2", "r3", "r4", "r5"]); // 5,000 + 7,000
    expect(plan.budgets.find(({ name }) => name === "needed-space")).toMatchObject({ limitBytes: 12_000, holds: true });
    expect(planCleanup(tenRecords(12_000), { ...LOOSE, minFree }, scope).items).toEqual([]);
  });

  it("does nothing for a disk that cannot be measured, and names no budget for it", () => {
    const { cache } = tenRecords(0);
    const plan = planCleanup(anObservation({ cache }), { ...LOOSE, minFree }, { ...SCOPE, needBytes: 5_000 });
    expect(plan.items).toEqual([]);
    expect(plan.budgets.map(({ name }) => name)).toEqual(["cache", "images-per-service"]);
  });
});

describe("planCleanup: a full disk", () => {
  const images = [anImage("a"), anImage("b"), anImage("c", { ageMs: 90 * HOUR_MS })];

  it("is cleaned cache first, until one part in a hundred is free; images follow", () => {
    const full = planCleanup({ ...tenRecords(999), images }, LOOSE, SCOPE);
    expect(removedIds(full)).toEqual(["r0", "sha256:c"]);
    const other = planCleanup({ ...tenRecords(1_000), images }, LOOSE, SCOPE);
    expect(removedIds(other)).toEqual(["sha256:c"]);
  });
});

describe("planCleanup: steps", () => {
  const cache = [
    aRecord("step", { lastUsedAtMs: OLD_MS }),
    aRecord("young-step", { lastUsedAtMs: NOW_MS }),
    aRecord("sources", { type: "source.local", lastUsedAtMs: OLD_MS }),
    aRecord("young-sources", { type: "source.local", lastUsedAtMs: NOW_MS }),
    aRecord("mount", { type: "exec.cachemount", lastUsedAtMs: OLD_MS }),
  ];
  const plan = (steps?: CleanupPolicy["steps"]): CleanupPlan =>
    planCleanup(
      anObservation({ cache }),
      { ...POLICY, maxCacheBytes: 0, ...(steps === undefined ? {} : { steps }) },
      SCOPE,
    );

  it("take copies of sources first, then steps; no young ones and no cache mounts unless told so", () => {
    expect(removedIds(plan())).toEqual(["sources", "step"]);
    expect(removedIds(plan(["cache-mounts"]))).toEqual(["mount"]);
    expect(removedIds(plan(["cache", "young-cache"])).slice(0, 1)).toEqual(["step"]);
    expect(removedIds(plan(["young-cache"])).sort()).toEqual(cache.map(({ id }) => id).sort());
  });

  it("name the young ones that they leave", () => {
    expect(plan().kept.map(({ id, protection }) => [id, protection.because])).toEqual([
      ["young-sources", "younger-than-minimum-age"],
      ["young-step", "younger-than-minimum-age"],
    ]);
  });

  it("end as soon as every budget holds", () => {
    const policy = { ...POLICY, maxCacheBytes: 4_000 };
    expect(removedIds(planCleanup(anObservation({ cache }), policy, SCOPE))).toEqual(["sources"]);
  });

  it("prune what an image shared with the cache, also where the cache comes first", () => {
    const layersOf = (chainId: string, sizeBytes: number) => ({ layers: [{ chainId, sizeBytes }] });
    const images = [
      anImage("a", layersOf("a", 7)),
      anImage("b", layersOf("b", 7)),
      anImage("c", { ageMs: 90 * HOUR_MS, ...layersOf("c", 1_000) }),
    ];
    const shared = aRecord("of-c", { shared: true, lastUsedAtMs: OLD_MS });
    const policy: CleanupPolicy = { ...POLICY, maxCacheBytes: 0, steps: ["cache", "old-images"] };
    const observation = anObservation({ images, cache: [shared] });
    const both = planCleanup(observation, policy, SCOPE);
    expect(both.items.map(({ id, freesBytes }) => [id, freesBytes])).toEqual([
      ["sha256:c", 0],
      ["of-c", 1_000],
    ]);
  });
});

describe("planCleanup: the budget of images", () => {
  it("counts each layer of ours once, and says when protections keep more", () => {
    const layers = [
      { chainId: "base", sizeBytes: 900 },
      { chainId: "top", sizeBytes: 50 },
    ];
    const images = [
      anImage("a", { layers }),
      anImage("b", { layers: [...layers.slice(0, 1), { chainId: "other", sizeBytes: 60 }] }),
      anImage("x", { labels: {}, layers: [{ chainId: "theirs", sizeBytes: 7_000 }] }),
    ];
    const plan = planCleanup(anObservation({ images }), { ...POLICY, maxImagesBytes: 1_000 }, SCOPE);
    expect(plan.budgets).toContainEqual({
      name: "images",
      limitBytes: 1_000,
      beforeBytes: 1_010,
      afterBytes: 1_010,
      holds: false,
    });
  });
});

describe("measureBudgets", () => {
  it("measures now what a plan foresees for afterwards", () => {
    const observation = tenRecords(4_000);
    const policy: CleanupPolicy = { ...POLICY, maxCacheBytes: 5_000 };
    const [before] = measureBudgets(observation, policy, SCOPE);
    expect(before).toEqual({ name: "cache", limitBytes: 5_000, beforeBytes: 10_000, afterBytes: 10_000, holds: false });
    const gone = new Set(removedIds(planCleanup(observation, policy, SCOPE)));
    const left = { ...observation, cache: observation.cache.filter(({ id }) => !gone.has(id)) };
    expect(measureBudgets(left, policy, SCOPE)[0]).toMatchObject({ afterBytes: 5_000, holds: true });
  });
});

describe("resolveCleanupPolicy", () => {
  const normal = { ...POLICY, pinned: ["a"] };
  const policies = { normal, aggressive: POLICY };

  it("lays what a task says over the named policy; pins add up", () => {
    const policy = resolveCleanupPolicy(policies, {
      policy: "normal",
      maxCacheBytes: 1,
      pinned: ["b"],
      allImages: true,
    });
    expect(policy).toEqual({ ...POLICY, maxCacheBytes: 1, pinned: ["a", "b"] });
  });

  it("takes `normal` where nobody wrote a policy of his own", () => {
    expect(resolveCleanupPolicy(policies, { policy: "custom" })).toEqual(normal);
  });
});
