import { describe, expect, it } from "vitest";
import { planCleanup } from "../../../src/plan/cleanup.ts";
import type { CleanupPolicy } from "../../../src/model/build-config.ts";
import type { CleanupPlan } from "../../../src/model/cleanup.ts";
import type { EngineObservation } from "../../../src/model/observation.ts";
import { HOUR_MS, NOW_MS, POLICY, SCOPE, aRecord, anImage, anObservation } from "./cleanup-rig.ts";

const removedIds = (plan: CleanupPlan): string[] => plan.items.map((item) => item.id);
const protections = (plan: CleanupPlan): Record<string, string> =>
  Object.fromEntries(plan.kept.map((item) => [item.id.replace("sha256:", ""), item.protection.because]));

describe("planCleanup: images", () => {
  it("removes what is older than the newest of each service, oldest first", () => {
    const images = [
      anImage("a", { ageMs: 2 * HOUR_MS }),
      anImage("b", { ageMs: 5 * HOUR_MS }),
      anImage("c", { ageMs: 4 * HOUR_MS }),
      anImage("d", { ageMs: 3 * HOUR_MS }),
      anImage("e", { ageMs: 50 * HOUR_MS, service: "api" }),
    ];
    const plan = planCleanup(anObservation({ images }), POLICY, SCOPE);
    expect(removedIds(plan)).toEqual(["sha256:b", "sha256:c"]);
    expect(plan.items[0]?.reason).toBe("untagged, number 4 of web, the newest 2 are kept");
    expect(protections(plan)).toEqual({ a: "newest-of-service", d: "newest-of-service", e: "newest-of-service" });
  });

  it("counts a tag that was set again as new", () => {
    const images = [
      anImage("old-but-tagged-today", { ageMs: 90 * HOUR_MS, lastTaggedAtMs: NOW_MS - 2 * HOUR_MS }),
      anImage("b", { ageMs: 5 * HOUR_MS }),
      anImage("c", { ageMs: 4 * HOUR_MS }),
    ];
    expect(removedIds(planCleanup(anObservation({ images }), POLICY, SCOPE))).toEqual(["sha256:b"]);
  });

  it.each(["running", "exited", "created"])("keeps the image of a container that is %s", (state) => {
    const images = [anImage("a"), anImage("b", { ageMs: 11 * HOUR_MS }), anImage("c", { ageMs: 12 * HOUR_MS })];
    const containers = [{ id: "1", name: "web-1", imageId: "sha256:c", state, labels: {} }];
    const plan = planCleanup(anObservation({ images, containers }), POLICY, SCOPE);
    expect(removedIds(plan)).toEqual([]);
    expect(plan.kept.find((item) => item.id === "sha256:c")?.protection).toEqual({
      because: "used-by-container",
      container: "web-1",
      state,
    });
  });

  it("keeps the images of releases, however old", () => {
    const images = [anImage("a"), anImage("b", { ageMs: 11 * HOUR_MS }), anImage("c", { ageMs: 12 * HOUR_MS })];
    const released = new Map([["sha256:c", "r1"]]);
    const plan = planCleanup(anObservation({ images }), { ...POLICY, keepImagesPerService: 1 }, { ...SCOPE, released });
    expect(removedIds(plan)).toEqual(["sha256:b"]);
    expect(plan.kept.find((item) => item.id === "sha256:c")?.protection).toEqual({
      because: "released",
      deployId: "r1",
    });
  });

  it("keeps what is younger than the minimum age, to the millisecond", () => {
    const images = [
      anImage("a", { ageMs: 0 }),
      anImage("b", { ageMs: 1 }),
      anImage("young", { ageMs: HOUR_MS - 1 }),
      anImage("of-age", { ageMs: HOUR_MS }),
    ];
    const plan = planCleanup(anObservation({ images }), POLICY, SCOPE);
    expect(removedIds(plan)).toEqual(["sha256:of-age"]);
    expect(protections(plan)["young"]).toBe("younger-than-minimum-age");
  });

  it("keeps an image that also has a name which is not ours", () => {
    const old = (id: string, tags: readonly string[]) => anImage(id, { ageMs: 90 * HOUR_MS, tags });
    const images = [
      anImage("a"),
      anImage("b"),
      old("ours", ["shop/web:1", "docker.io/shop/web:2"]),
      old("theirs", ["shop/web:3", "backup/web:3"]),
      old("registry", ["registry.test:5000/shop/web:3"]),
    ];
    const plan = planCleanup(anObservation({ images }), POLICY, SCOPE);
    expect(removedIds(plan)).toEqual(["sha256:ours"]);
    expect(protections(plan)).toMatchObject({ theirs: "tagged-by-others", registry: "tagged-by-others" });
  });

  it("does not let a name that is not ours push one of ours out of the newest", () => {
    const images = [
      anImage("theirs", { ageMs: 90 * HOUR_MS, tags: ["backup/web:3"], lastTaggedAtMs: NOW_MS }),
      anImage("newest", { ageMs: 2 * HOUR_MS }),
      anImage("second", { ageMs: 3 * HOUR_MS }),
      anImage("third", { ageMs: 4 * HOUR_MS }),
    ];
    const plan = planCleanup(anObservation({ images }), POLICY, SCOPE);
    expect(removedIds(plan)).toEqual(["sha256:third"]);
    expect(protections(plan)).toEqual({
      theirs: "tagged-by-others",
      newest: "newest-of-service",
      second: "newest-of-service",
    });
  });

  it("keeps an image of another project or without our labels, whatever the policy", () => {
    const foreign = [
      anImage("x", { ageMs: 90 * HOUR_MS, labels: {} }),
      anImage("y", { labels: { "dev.orchestrate.project": "other", "dev.orchestrate.service": "web" } }),
      anImage("z", { labels: { "dev.orchestrate.project": "shop" } }),
    ];
    const plan = planCleanup(anObservation({ images: [...foreign, ...foreign] }), { ...POLICY, minAgeMs: 0 }, SCOPE);
    expect(plan).toMatchObject({ items: [], predictedBytes: 0 });
    expect(protections(plan)).toEqual({ x: "not-ours", y: "not-ours", z: "not-ours" });
  });

  it("keeps one image of a service even when told to keep none", () => {
    const images = [anImage("a"), anImage("b", { ageMs: 20 * HOUR_MS })];
    const plan = planCleanup(anObservation({ images }), { ...POLICY, keepImagesPerService: 0 }, SCOPE);
    expect(removedIds(plan)).toEqual(["sha256:b"]);
  });
});

describe("planCleanup: cache", () => {
  const budget = (maxCacheBytes: number): CleanupPolicy => ({ ...POLICY, minAgeMs: 0, maxCacheBytes });

  it("prunes the longest unused until the budget holds, and no more", () => {
    const cache = [
      aRecord("new", { lastUsedAtMs: NOW_MS - 1 }),
      aRecord("oldest", { lastUsedAtMs: NOW_MS - 3 }),
      aRecord("old", { lastUsedAtMs: NOW_MS - 2 }),
    ];
    expect(removedIds(planCleanup(anObservation({ cache }), budget(2_000), SCOPE))).toEqual(["oldest"]);
    expect(removedIds(planCleanup(anObservation({ cache }), budget(1_999), SCOPE))).toEqual(["oldest", "old"]);
    expect(planCleanup(anObservation({ cache }), budget(3_000), SCOPE).items).toEqual([]);
  });

  it("prefers the less used of two that were last used together", () => {
    const cache = [aRecord("often", { usageCount: 9 }), aRecord("seldom", { usageCount: 2 })];
    expect(removedIds(planCleanup(anObservation({ cache }), budget(1_000), SCOPE))).toEqual(["seldom"]);
  });

  it("prunes children before their parents, and no parent of something that stays", () => {
    const cache = [
      aRecord("parent", { lastUsedAtMs: 1 }),
      aRecord("child", { parents: ["parent"], lastUsedAtMs: 3 }),
      aRecord("busy-parent", { lastUsedAtMs: 0 }),
      aRecord("busy", { parents: ["busy-parent"], inUse: true }),
    ];
    expect(removedIds(planCleanup(anObservation({ cache }), budget(0), SCOPE))).toEqual(["child", "parent"]);
  });

  it("leaves an empty record that keeps nothing else from going", () => {
    const cache = [
      aRecord("empty", { sizeBytes: 0 }),
      aRecord("below", { lastUsedAtMs: 9 }),
      aRecord("empty-above", { sizeBytes: 0, parents: ["below"] }),
    ];
    expect(removedIds(planCleanup(anObservation({ cache }), budget(0), SCOPE))).toEqual(["empty-above", "below"]);
  });

  it("leaves records that share their bytes with an image: removing them frees nothing", () => {
    const images = [anImage("a")];
    const cache = [aRecord("shared", { shared: true }), aRecord("private")];
    const plan = planCleanup(anObservation({ images, cache }), budget(0), SCOPE);
    expect(removedIds(plan)).toEqual(["private"]);
    expect(plan.predictedBytes).toBe(1_000);
  });

  it("counts and prunes a record whose last image goes, and predicts its layer once", () => {
    const images = [
      anImage("a"),
      anImage("b", { ageMs: 11 * HOUR_MS }),
      anImage("c", { ageMs: 12 * HOUR_MS, sizeBytes: 700, layers: [{ chainId: "c", sizeBytes: 700 }] }),
    ];
    const cache = [aRecord("layer-of-c", { shared: true, sizeBytes: 700 })];
    const kept = planCleanup(anObservation({ images, cache }), budget(1_000), SCOPE);
    expect(removedIds(kept)).toEqual(["sha256:c"]);
    expect(kept.predictedBytes).toBe(0); // the cache still holds the layer
    const pruned = planCleanup(anObservation({ images, cache }), budget(0), SCOPE);
    expect(removedIds(pruned)).toEqual(["sha256:c", "layer-of-c"]);
    expect(pruned.predictedBytes).toBe(700);
  });
});

describe("planCleanup: which record holds which layer", () => {
  /** Four builds of one service, each with a changed layer of the same size on a common base, all still in the cache. */
  const rebuilds = (): EngineObservation => {
    const base = { chainId: "base", sizeBytes: 5_000 };
    const versions = [0, 1, 2, 3];
    const images = versions.map((n) =>
      anImage(`v${n}`, {
        ageMs: (10 - n) * HOUR_MS,
        sizeBytes: 5_100,
        layers: [base, { chainId: `top-${n}`, sizeBytes: 100 }],
      }),
    );
    const tops = versions.map((n) =>
      aRecord(`r${n}`, { parents: ["base"], shared: true, sizeBytes: 100, lastUsedAtMs: NOW_MS - (10 - n) * HOUR_MS }),
    );
    return anObservation({ images, cache: [...tops, aRecord("base", { shared: true, sizeBytes: 5_000 })] });
  };

  it("tells layers of equal size apart by their age", () => {
    const plan = planCleanup(rebuilds(), { ...POLICY, maxCacheBytes: 0 }, SCOPE);
    expect(removedIds(plan)).toEqual(["sha256:v0", "sha256:v1", "r0", "r1"]);
    expect(plan.predictedBytes).toBe(200);
  });

  it("calls a record shared when it fits nowhere", () => {
    const { images, cache } = rebuilds();
    const odd = cache.map((record) => (record.id === "r0" ? aRecord("r0", { ...record, sizeBytes: 101 }) : record));
    const plan = planCleanup(anObservation({ images, cache: odd }), { ...POLICY, maxCacheBytes: 0 }, SCOPE);
    expect(removedIds(plan)).not.toContain("r0");
  });

  it("finds the place of a record whose parent was pruned", () => {
    const { images, cache } = rebuilds();
    const orphans = cache.filter((record) => record.id !== "base");
    const plan = planCleanup(anObservation({ images, cache: orphans }), { ...POLICY, maxCacheBytes: 0 }, SCOPE);
    expect(removedIds(plan)).toEqual(["sha256:v0", "sha256:v1", "r0", "r1"]);
  });
});
