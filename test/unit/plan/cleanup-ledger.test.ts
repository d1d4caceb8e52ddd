import { describe, expect, it } from "vitest";
import type { EngineObservation, ObservedImage } from "../../../src/model/observation.ts";
import { planCleanup } from "../../../src/plan/cleanup.ts";
import { accountedSizeBytes } from "../../../src/plan/cleanup-ledger.ts";
import { placeRecords } from "../../../src/plan/cleanup-placement.ts";
import { HOUR_MS, NOW_MS, POLICY, SCOPE, aRecord, anImage, anObservation } from "./cleanup-rig.ts";

const EVICT_ALL = { ...POLICY, maxCacheBytes: 0 };
const MADE_MS = NOW_MS - 90 * HOUR_MS;
const shared = { shared: true, lastUsedAtMs: MADE_MS };
const freed = (observation: EngineObservation) =>
  planCleanup(observation, EVICT_ALL, SCOPE).items.map(({ id, freesBytes }) => [id, freesBytes]);

/** Two images that stay and one that goes, each of a common base and a layer of its own. */
function threeImages(old: Partial<ObservedImage> = {}): readonly ObservedImage[] {
  const base = { chainId: "base", sizeBytes: 5_000 };
  return [
    anImage("a", { layers: [base, { chainId: "a", sizeBytes: 10 }] }),
    anImage("b", { layers: [base, { chainId: "b", sizeBytes: 20 }] }),
    anImage("old", { ageMs: 90 * HOUR_MS, layers: [base, { chainId: "old", sizeBytes: 300 }], ...old }),
  ];
}

describe("what a removal frees on the graph driver", () => {
  it("is the layers that nobody else holds", () => {
    expect(freed(anObservation({ images: threeImages() }))).toEqual([["sha256:old", 300]]);
  });

  it("is nothing while the cache holds them; then the record frees them", () => {
    const cache = [
      aRecord("r-base", { ...shared, sizeBytes: 5_000 }),
      aRecord("r-old", { ...shared, sizeBytes: 300, parents: ["r-base"] }),
    ];
    expect(freed(anObservation({ images: threeImages(), cache }))).toEqual([
      ["sha256:old", 0],
      ["r-old", 300],
    ]);
  });

  it("is less than nothing where a build without cache left a layer twice: both copies are the cache's from then on", () => {
    const record = { ...shared, sizeBytes: 300 };
    const images = [
      anImage("a", { layers: [] }),
      anImage("b", { layers: [] }),
      anImage("old", { ageMs: 90 * HOUR_MS, layers: [{ chainId: "old", sizeBytes: 300 }] }),
    ];
    const cache = [aRecord("first", record), aRecord("second", record)];
    const plan = planCleanup(anObservation({ images, cache }), EVICT_ALL, SCOPE);
    expect(plan.items.map(({ id, freesBytes }) => [id, freesBytes])).toEqual([
      ["sha256:old", -300],
      ["first", 300],
      ["second", 300],
    ]);
    expect(plan).toMatchObject({ predictedBytes: 300, physicalBytes: 600, hiddenBytes: 0 });
  });

  it("is on the disk still where only an empty record of the cache holds a base layer", () => {
    const images = [
      anImage("a", { layers: [] }),
      anImage("b", { layers: [] }),
      anImage("old", { ageMs: 90 * HOUR_MS, layers: [{ chainId: "base", sizeBytes: 5_000 }] }),
    ];
    const pulled = aRecord("pulled", { ...shared, sizeBytes: 0, description: "pulled from node:24" });
    const busy = { ...pulled, inUse: true };
    const held = planCleanup(anObservation({ images, cache: [busy] }), EVICT_ALL, SCOPE);
    expect(held).toMatchObject({ predictedBytes: 5_000, physicalBytes: 0, hiddenBytes: 5_000 });
    // Where the disk is short, the empty record goes as well, and with it the layer.
    const policy = { ...POLICY, minFree: { low: { bytes: 90_000 }, high: { bytes: 90_000 } } };
    const disk = { freeBytes: 5_000, totalBytes: 100_000 };
    const gone = planCleanup(anObservation({ images, cache: [pulled], disk }), policy, SCOPE);
    expect(gone.items.map(({ id, freesBytes }) => [id, freesBytes])).toEqual([
      ["sha256:old", 5_000],
      ["pulled", 0],
    ]);
    expect(gone).toMatchObject({ predictedBytes: 5_000, physicalBytes: 5_000, hiddenBytes: 0 });
  });

  it("is measured by the engine's own sum of layers where it tells it", () => {
    const observation = anObservation({ images: threeImages(), cache: [aRecord("r", { sizeBytes: 7 })] });
    expect(accountedSizeBytes(observation)).toBe(5_337);
    expect(accountedSizeBytes({ ...observation, layersBytes: 6_000 })).toBe(6_007);
  });
});

describe("what a removal frees on the containerd store", () => {
  /** As measured: an image of 50 MB unpacked; its record of the cache holds another 50 MB and the compressed layer. */
  const images = [
    anImage("a", { layers: [], contents: { unpackedBytes: 0, contentBytes: 0 } }),
    anImage("b", { layers: [], contents: { unpackedBytes: 0, contentBytes: 0 } }),
    anImage("old", {
      ageMs: 90 * HOUR_MS,
      layers: [{ chainId: "old", sizeBytes: 50_000, createdBy: "COPY a / # buildkit" }],
      contents: { unpackedBytes: 50_000, contentBytes: 30_010 },
    }),
  ];
  const store = "containerd" as const;
  const record = aRecord("r", { ...shared, sizeBytes: 80_000, description: "[1/2] COPY a /" });

  it("is the unpacked layers and the manifest while the cache holds the compressed ones; then the record frees all of its own", () => {
    expect(freed(anObservation({ store, images, cache: [record] }))).toEqual([
      ["sha256:old", 50_010],
      ["r", 80_000],
    ]);
  });

  it("is unpacked and compressed layers where the cache has gone before", () => {
    expect(freed(anObservation({ store, images }))).toEqual([["sha256:old", 80_010]]);
  });

  it("is accounted with all of the cache and with what images hold besides", () => {
    expect(accountedSizeBytes(anObservation({ store, images, cache: [record] }))).toBe(130_010);
    expect(accountedSizeBytes(anObservation({ store, images }))).toBe(80_010);
  });
});

describe("which record holds which layer", () => {
  /** Two builds in one second of layers of one size on one base; only the sources differ. */
  const twins = (second: number, steps: readonly [string, string]) => {
    const layers = (chainId: string, createdBy: string, createdAtMs: number) => ({
      layers: [{ chainId, sizeBytes: 300, createdBy: `COPY ${createdBy} # buildkit`, createdAtMs }],
    });
    return [
      anImage("young", { ageMs: HOUR_MS, ...layers("young", steps[0], MADE_MS) }),
      anImage("old", { ageMs: 90 * HOUR_MS, ...layers("old", steps[1], MADE_MS + second * 1_000) }),
    ];
  };
  const record = (id: string, step: string, createdAtMs: number, usedAtMs: number) =>
    aRecord(id, {
      shared: true,
      sizeBytes: 300,
      description: `[2/2] COPY ${step}`,
      createdAtMs,
      lastUsedAtMs: usedAtMs,
    });

  it("is told by the second in which the step ran, whatever was used last", () => {
    const cache = [
      record("of-young", "a /a", MADE_MS + 900, MADE_MS + 1_000),
      record("of-old", "a /a", MADE_MS + 5_400, NOW_MS),
    ];
    const places = placeRecords(anObservation({ images: twins(5, ["a /a", "a /a"]), cache }));
    expect(Object.fromEntries(places)).toEqual({ "of-young": "young", "of-old": "old" });
  });

  it("is told by the step, flags and stages aside, where the second is the same", () => {
    const cache = [
      record("of-young", "--from=build a /a", MADE_MS, MADE_MS + 1_000),
      record("of-old", "b /b", MADE_MS, NOW_MS),
    ];
    const places = placeRecords(anObservation({ images: twins(0, ["a /a", "b /b"]), cache }));
    expect(Object.fromEntries(places)).toEqual({ "of-young": "young", "of-old": "old" });
  });

  it("is told by what builds on it, where nothing else differs", () => {
    const bottom = (chainId: string) => ({ chainId, sizeBytes: 300 });
    const images = [
      anImage("young", { ageMs: HOUR_MS, layers: [bottom("young"), { chainId: "young-top", sizeBytes: 7 }] }),
      anImage("old", { ageMs: 90 * HOUR_MS, layers: [bottom("old"), { chainId: "old-top", sizeBytes: 8 }] }),
    ];
    const cache = [
      aRecord("r1", { shared: true, sizeBytes: 300, lastUsedAtMs: NOW_MS }),
      aRecord("r1-top", { shared: true, sizeBytes: 8, parents: ["r1"] }),
      aRecord("r2", { shared: true, sizeBytes: 300, lastUsedAtMs: MADE_MS }),
      aRecord("r2-top", { shared: true, sizeBytes: 7, parents: ["r2"] }),
    ];
    expect(Object.fromEntries(placeRecords(anObservation({ images, cache })))).toEqual({
      r1: "old",
      "r1-top": "old-top",
      r2: "young",
      "r2-top": "young-top",
    });
  });

  it("is told by the second of what builds on it, where it was made at another time itself", () => {
    const top = (chainId: string, second: number) => ({ chainId, sizeBytes: 7, createdAtMs: MADE_MS + second * 1_000 });
    const images = [
      anImage("young", { ageMs: HOUR_MS, layers: [{ chainId: "young", sizeBytes: 300 }, top("young-top", 1)] }),
      anImage("old", { ageMs: 90 * HOUR_MS, layers: [{ chainId: "old", sizeBytes: 300 }, top("old-top", 2)] }),
    ];
    const above = (id: string, parent: string, second: number) =>
      aRecord(id, { shared: true, sizeBytes: 7, parents: [parent], createdAtMs: MADE_MS + second * 1_000 });
    const cache = [
      aRecord("r1", { shared: true, sizeBytes: 300, lastUsedAtMs: NOW_MS }),
      above("r1-top", "r1", 2),
      aRecord("r2", { shared: true, sizeBytes: 300, lastUsedAtMs: MADE_MS }),
      above("r2-top", "r2", 1),
    ];
    const places = placeRecords(anObservation({ images, cache }));
    expect([places.get("r1"), places.get("r2")]).toEqual(["old", "young"]);
  });

  it("is told of a RUN with arguments and another shell alike", () => {
    const images = [
      anImage("x", {
        layers: [
          { chainId: "make", sizeBytes: 300, createdBy: "RUN |1 A=b /bin/sh -c make all # buildkit" },
          { chainId: "bash", sizeBytes: 400, createdBy: "RUN /bin/bash -c ls # buildkit" },
        ],
      }),
      anImage("y", { layers: [{ chainId: "other", sizeBytes: 300, createdBy: "RUN /bin/sh -c make # buildkit" }] }),
    ];
    const run = (id: string, command: string, sizeBytes: number, parents: readonly string[] = []) =>
      aRecord(id, { shared: true, sizeBytes, parents, description: `mount / from exec ${command}` });
    const cache = [
      run("r2", "/bin/sh -c make", 300),
      run("r1", "/bin/sh -c make all", 300),
      run("r3", "/bin/bash -c ls", 400, ["r1"]),
    ];
    expect(Object.fromEntries(placeRecords(anObservation({ images, cache })))).toEqual({
      r1: "make",
      r2: "other",
      r3: "bash",
    });
  });
});
