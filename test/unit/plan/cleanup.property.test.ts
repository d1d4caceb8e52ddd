import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planCleanup } from "../../../src/plan/cleanup.ts";
import type { CleanupPolicy } from "../../../src/model/build-config.ts";
import type { CleanupPlan } from "../../../src/model/cleanup.ts";
import { HOUR_MS, NOW_MS, SCOPE, accountedBytes, applyPlan, worlds } from "./cleanup-rig.ts";

const removedIds = (plan: CleanupPlan): string[] => plan.items.map((item) => item.id);

describe("planCleanup: on any engine", () => {
  const policies = fc.record({
    maxCacheBytes: fc.integer({ min: 0, max: 30_000 }),
    keepImagesPerService: fc.integer({ min: 1, max: 3 }),
    minAgeMs: fc.integer({ min: 0, max: 60 * HOUR_MS }),
  });
  const check = (property: (world: Parameters<typeof applyPlan>[0], policy: CleanupPolicy) => void): void => {
    fc.assert(fc.property(worlds, policies, property), { numRuns: 2_000 });
  };

  it("lists nothing that is protected or unknown, and everything of ours exactly once", () => {
    check(({ observation }, policy) => {
      const plan = planCleanup(observation, policy, SCOPE);
      const removed = new Set(removedIds(plan));
      for (const image of observation.images) {
        const listed = removed.has(image.id);
        const ours = image.labels["dev.orchestrate.project"] === "shop";
        expect(plan.kept.filter((item) => item.id === image.id).length).toBe(ours && !listed ? 1 : 0);
        if (!listed) continue;
        expect(ours).toBe(true);
        expect(observation.containers.some((container) => container.imageId === image.id)).toBe(false);
        expect(image.tags.every((tag) => /^(docker\.io\/)?shop\/(web|api):/.test(tag))).toBe(true);
        expect(NOW_MS - image.createdAtMs).toBeGreaterThanOrEqual(policy.minAgeMs);
      }
    });
  });

  it("leaves every service its newest images", () => {
    check((world, policy) => {
      const after = applyPlan(world, planCleanup(world.observation, policy, SCOPE)).observation.images;
      for (const service of ["web", "api", "retired"]) {
        const count = (images: typeof after) =>
          images.filter(
            ({ labels }) =>
              labels["dev.orchestrate.project"] === "shop" && labels["dev.orchestrate.service"] === service,
          ).length;
        const before = count(world.observation.images);
        expect(count(after)).toBeGreaterThanOrEqual(Math.min(before, policy.keepImagesPerService));
      }
    });
  });

  it("meets the cache budget, or nothing that may be pruned is left", () => {
    check((world, policy) => {
      const { cache } = applyPlan(world, planCleanup(world.observation, policy, SCOPE)).observation;
      const privateBytes = cache.filter((record) => !record.shared).reduce((sum, record) => sum + record.sizeBytes, 0);
      if (privateBytes <= policy.maxCacheBytes) return;
      const parents = new Set(cache.flatMap((record) => record.parents));
      const prunable = cache.filter((record) => !record.shared && !record.inUse && !parents.has(record.id));
      expect(prunable.filter((record) => record.sizeBytes > 0)).toEqual([]);
    });
  });

  it("predicts the bytes that applying it frees", () => {
    check((world, policy) => {
      const plan = planCleanup(world.observation, policy, SCOPE);
      expect(plan.predictedBytes).toBe(accountedBytes(world) - accountedBytes(applyPlan(world, plan)));
    });
  });

  it("is the same for the same input in another order, and empty once applied", () => {
    check((world, policy) => {
      const plan = planCleanup(world.observation, policy, SCOPE);
      const shuffled = {
        ...world.observation,
        images: world.observation.images.toReversed(),
        cache: world.observation.cache.toReversed(),
      };
      expect(planCleanup(shuffled, policy, SCOPE).items).toEqual(plan.items);
      expect(planCleanup(applyPlan(world, plan).observation, policy, SCOPE).items).toEqual([]);
    });
  });

  it("prunes no record before its children and none that is in use", () => {
    check(({ observation }, policy) => {
      const present = new Map(observation.cache.map((record) => [record.id, record]));
      for (const item of planCleanup(observation, policy, SCOPE).items.filter(({ item }) => item !== "image")) {
        expect(present.get(item.id)?.inUse).toBe(false);
        expect([...present.values()].filter((record) => record.parents.includes(item.id))).toEqual([]);
        present.delete(item.id);
      }
    });
  });
});
