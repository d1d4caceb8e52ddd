import { describe, expect, it } from "vitest";
import type { EngineObservation } from "../../../src/model/observation.ts";
import { describeUsage } from "../../../src/monitor/usage.ts";
import type { Usage } from "../../../src/monitor/usage.ts";
import { renderUsage } from "../../../src/monitor/usage-text.ts";
import { createPalette } from "../../../src/report/palette.ts";
import { CONFIG, DAY_MS, POLICY, SHOP, aRecord, anImage, planned } from "./sample.ts";

const PLAIN = { rows: 23, palette: createPalette(false), bars: false };
const TERMINAL = { ...PLAIN, bars: true };

function usageOf(observation: EngineObservation, config = CONFIG): Usage {
  return describeUsage(observation, config, { plans: planned(observation, config) });
}

describe("describeUsage", () => {
  it("lists the images of this project by service, newest first, and nothing else", () => {
    const retired = anImage("retired", 1);
    const unlabelled = anImage("x", 1, { labels: {} });
    const { services } = usageOf({ ...SHOP, images: [...SHOP.images.toReversed(), retired, unlabelled] });
    expect(services.map(({ service, images }) => [service, images.map(({ id }) => id.slice(-1))])).toEqual([
      ["frontend", ["1", "2", "3", "4"]],
      ["backend", ["1", "2", "3"]],
      ["ml", ["1", "2"]],
      ["retired", ["1"]],
    ]);
  });

  it("says of each image why it stays or what removes it", () => {
    const [frontend, backend] = usageOf(SHOP).services;
    expect(frontend?.images.map(({ kept, removedBy }) => kept?.because ?? removedBy)).toEqual([
      "used-by-container",
      "newest-of-service",
      "used-by-container",
      "normal",
    ]);
    expect(frontend?.images[1]?.removedBy).toBe("aggressive");
    expect(backend?.images[2]?.removedBy).toBe("normal");
    expect(frontend?.images[0]).toMatchObject({
      overLimit: false,
      ageMs: 3 * DAY_MS,
      containers: ["shop-blue-frontend-1"],
    });
  });

  it("tells the cache that takes space of its own from the part that images share, by kind", () => {
    expect(usageOf(SHOP).cache).toEqual({
      records: 4,
      totalBytes: 3.453e9,
      privateBytes: 3.4e9,
      budgetBytes: 10e9,
      kinds: [
        { type: "regular", records: 2, privateBytes: 3.1e9, sharedBytes: 53e6 },
        { type: "source.local", records: 1, privateBytes: 210e6, sharedBytes: 0 },
        { type: "exec.cachemount", records: 1, privateBytes: 90e6, sharedBytes: 0 },
      ],
    });
  });

  it("counts shared layers once, and what is others' apart", () => {
    const { images, containers, volumes, disk } = usageOf(SHOP);
    // One base, and what is above it in each of the nine.
    expect(images).toMatchObject({ own: 9, others: 1, ownBytes: 5e6 + 4 * 53e6 + 3 * 215e6 + 2 * 743e6 });
    expect(containers).toEqual({ running: 2, stopped: 1, writableBytes: 3_000, others: 1 });
    expect(volumes).toMatchObject({ ownBytes: 48e6, others: 1, otherBytes: 3e9 });
    expect(disk).toEqual({ freeBytes: 60e9, totalBytes: 200e9, minFreeBytes: 8e9 });
  });

  it("tells bytes that no number of Docker shows: a base that only the cache holds", () => {
    expect(usageOf(SHOP).hiddenBytes).toBe(0);
    // Two records of one layer of an image are two copies on the disk, of which the accounting knows one.
    const copy = aRecord("copy", { sizeBytes: 53e6, shared: true });
    expect(usageOf({ ...SHOP, cache: [...SHOP.cache, copy] }).hiddenBytes).toBeGreaterThanOrEqual(0);
  });

  it("says where Docker's own numbers mislead, and only there", () => {
    const found = usageOf(SHOP).misleading;
    expect(found.map(({ command, claimedBytes, actualBytes }) => [command, claimedBytes, actualBytes])).toEqual([
      // All layers but those that images with containers have alone.
      ["docker system df", 2.1e9 - 2 * 58e6 - 220e6 - 50e6, undefined],
      ["docker buildx du", 3.453e9, 3.4e9],
      ["docker images", 4 * 58e6 + 3 * 220e6 + 2 * 748e6, 2.348e9],
    ]);
    const cache = SHOP.cache.filter(({ shared }) => !shared);
    const images = SHOP.images.slice(0, 1);
    expect(usageOf({ ...SHOP, images, cache, layersBytes: 58e6 }).misleading).toEqual([]);
  });
});

describe("renderUsage", () => {
  it.each([80, 120])("fits on a terminal of 24 lines and %i columns", (columns) => {
    const lines = renderUsage(usageOf(SHOP), { ...TERMINAL, columns });
    expect(lines.length).toBeLessThanOrEqual(23);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(`\n${lines.join("\n")}\n`).toMatchSnapshot();
  });

  it("is whole and without bars in a pipe", () => {
    const text = renderUsage(usageOf(SHOP), PLAIN).join("\n");
    expect(text).not.toMatch(/[█░…]/);
    expect(text).not.toContain("\u001B");
    expect(text).toContain("kept by exited shop-green-frontend-1");
  });

  it("says when a budget is exceeded, when there is nothing to clean, and of a service without an image", () => {
    const config = { ...CONFIG, cleanup: { normal: { ...POLICY, maxCacheBytes: 1e9 }, aggressive: POLICY } };
    const usage = usageOf({ ...SHOP, disk: { freeBytes: 1e9, totalBytes: 200e9 } }, config);
    const text = renderUsage(usage, PLAIN).join("\n");
    expect(text).toMatch(/^cache +3\.40 GB of 1\.00 GB, OVER \(340 %\)$/m);
    expect(text).toMatch(/^disk +1\.00 GB free of 200 GB, at least 8\.00 GB, TOO LITTLE/m);
    const empty = { ...SHOP, images: [], containers: [], cache: [] };
    const quiet = renderUsage(usageOf(empty), PLAIN).join("\n");
    expect(quiet).toMatch(/^ml +- +of 900 MB +no image$/m);
    expect(quiet).toMatch(/^orchestrate clean +would remove nothing$/m);
  });

  it("shows every service of a large project, and of each what is in use before the rest", () => {
    const services = Array.from({ length: 30 }, (_, index) => `service-${index}`);
    const config = {
      ...CONFIG,
      services: services.map((name) => ({ name, bakeTarget: name, composeService: name })),
    };
    const images = services.flatMap((name) => [1, 2, 3].map((number) => anImage(name, number)));
    const lines = renderUsage(usageOf({ ...SHOP, images }, config), PLAIN);
    for (const name of services) expect(lines.filter((line) => line.startsWith(`${name} `))).toHaveLength(1);
    expect(lines.join("\n")).toMatch(/service-7 .*and 2 more, of which 1 for `clean`/);
  });

  it("colours a broken limit on a terminal that has colours", () => {
    const images = [anImage("frontend", 1, { sizeBytes: 101e6 })];
    const palette = createPalette(true);
    const text = renderUsage(usageOf({ ...SHOP, images }), { ...TERMINAL, palette, columns: 100 }).join("\n");
    expect(text).toContain("\u001B[31mfrontend  101 MB  101 % of 100 MB");
  });
});
