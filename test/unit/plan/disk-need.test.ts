import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { estimateDiskNeed, measureBuild, minimumFreeBytes, nextRoomStep } from "../../../src/plan/disk-need.ts";
import type { RoomState, RoomStep } from "../../../src/plan/disk-need.ts";
import type { ObservedCacheRecord } from "../../../src/model/observation.ts";

describe("estimateDiskNeed", () => {
  const measured = { contextBytes: 100, layerBytes: 50 };

  it.each([
    ["what the task declares, before all", { declaredBytes: 7, measured, contextBytes: 9 }, 7, "declared", 7],
    ["what was measured, and a fifth", { measured, contextBytes: 9 }, 180, "measured", 180],
    ["three contexts and 1 GB where nothing is known", { contextBytes: 9 }, 1_000_000_027, "guessed", 9],
  ] as const)("takes %s", (_, sources, bytes, basis, leastBytes) => {
    expect(estimateDiskNeed(sources)).toEqual({ bytes, basis, leastBytes });
  });
});

describe("minimumFreeBytes", () => {
  const policy = { maxCacheBytes: 1, keepImagesPerService: 1, minAgeMs: 0 };

  it("is the policy's low mark, else 1 % of the disk and at most 1 GB", () => {
    const disk = { freeBytes: 0, totalBytes: 3_000_000_000 };
    const mark = { low: { share: 0.1 }, high: { share: 0.2 } };
    expect(minimumFreeBytes({ ...policy, minFree: mark }, disk)).toBe(300_000_000);
    expect(minimumFreeBytes(policy, disk)).toBe(30_000_000);
    expect(minimumFreeBytes(policy, { ...disk, totalBytes: 5e12 })).toBe(1_000_000_000);
  });
});

describe("nextRoomStep", () => {
  const none = { roomBytes: 0, others: 0, ahead: 0, cleanedNormally: false, cleanedAggressively: false };
  const need = { bytes: 100, basis: "measured", leastBytes: 100 } as const;

  it.each<[string, Partial<RoomState>, RoomStep]>([
    ["enters where it fits", { roomBytes: 100 }, "enter"],
    ["cleans normally first", {}, "clean-normal"],
    ["cleans normally before it waits", { others: 2 }, "clean-normal"],
    ["leaves the cleaning to the first in the queue", { others: 2, ahead: 1 }, "wait"],
    ["waits for running builds", { others: 1, cleanedNormally: true }, "wait"],
    ["cleans aggressively when it is alone", { cleanedNormally: true }, "clean-aggressive"],
    ["then gives up", { cleanedNormally: true, cleanedAggressively: true }, "refuse"],
  ])("%s", (_, state, step) => {
    expect(nextRoomStep(need, { ...none, ...state })).toBe(step);
  });

  it("lets a guess try alone, unless not even the context fits", () => {
    const guess = { bytes: 100, basis: "guessed", leastBytes: 40 } as const;
    const tried = { ...none, cleanedNormally: true, cleanedAggressively: true };
    expect(nextRoomStep(guess, { ...tried, roomBytes: 40 })).toBe("enter-alone");
    expect(nextRoomStep(guess, { ...tried, roomBytes: 39 })).toBe("refuse");
    expect(nextRoomStep(guess, { ...tried, roomBytes: 40, others: 1 })).toBe("wait");
  });

  it("never waits for nobody, never enters beyond what fits, and reaches an end when it is alone", () => {
    const state = fc.record({
      roomBytes: fc.integer({ min: -50, max: 150 }),
      ahead: fc.nat(2),
      held: fc.nat(2),
      cleanedNormally: fc.boolean(),
      cleanedAggressively: fc.boolean(),
    });
    fc.assert(
      fc.property(state, ({ ahead, held, ...rest }) => {
        const others = ahead + held;
        const step = nextRoomStep(need, { ...rest, ahead, others });
        expect(step === "wait" && others === 0).toBe(false);
        expect(step === "enter").toBe(rest.roomBytes >= need.bytes);
        const alone = { ...rest, ahead: 0, others: 0, cleanedNormally: true, cleanedAggressively: true };
        expect(["enter", "refuse"]).toContain(nextRoomStep(need, alone));
      }),
    );
  });
});

describe("measureBuild", () => {
  const trace = { startedMs: 10_000, completedMs: 20_000, transferredBytes: 30 };
  const record = (description: string, sizeBytes: number, createdAtMs: number): ObservedCacheRecord => {
    const rest = { id: description, parents: [], type: "regular", inUse: false, shared: true, usageCount: 1 };
    return { ...rest, description, sizeBytes, createdAtMs, lastUsedAtMs: createdAtMs };
  };
  const cache = [
    record("[builder 2/4] COPY . /source", 100, 12_000),
    record("mount / from exec /bin/sh -c make all", 40, 13_000),
    record("[builder 2/4] COPY . /other", 1_000, 12_000),
    record("mount / from exec /bin/sh -c make all", 1_000, 1_000),
    { ...record("[builder 2/4] COPY . /source", 1_000, 12_000), type: "source.local" },
  ];
  const ranSteps = ["[web builder 2/4] COPY . /source", "[web builder 3/4] RUN --network=none make all"];

  it("adds up what the steps that ran have left, and no more", () => {
    const seen = { store: "graph-driver", cache, newLayers: [{ sizeBytes: 5 }] } as const;
    expect(measureBuild({ ...trace, ranSteps }, seen)).toEqual({ contextBytes: 30, layerBytes: 140 });
  });

  it("counts the image's layers twice more on the containerd store", () => {
    const seen = { store: "containerd", cache, newLayers: [{ sizeBytes: 5 }, { sizeBytes: 2 }] } as const;
    expect(measureBuild({ ...trace, ranSteps }, seen)).toEqual({ contextBytes: 30, layerBytes: 154 });
  });

  it("is nothing for a build that took every step from the cache", () => {
    const seen = { store: "graph-driver", cache, newLayers: [] } as const;
    expect(measureBuild({ ...trace, ranSteps: [] }, seen)).toBeUndefined();
  });
});
