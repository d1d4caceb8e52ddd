import { describe, expect, it } from "vitest";
import type { BuildConfig } from "../../../src/model/build-config.ts";
import type { EngineObservation, ObservedImage } from "../../../src/model/observation.ts";
import { renderUsage } from "../../../src/monitor/usage-text.ts";
import { DEFAULT_DEPLOY_SETTINGS } from "../../../src/model/release.ts";
import { describeUsage } from "../../../src/monitor/usage.ts";

const NOW_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const POLICY = { maxCacheBytes: 10e9, keepImagesPerService: 2, minAgeMs: DAY_MS };
const CONFIG: BuildConfig = {
  project: "shop",
  services: [
    { name: "web", bakeTarget: "web", composeService: "web", sizeLimitBytes: 60_000_000 },
    { name: "ml", bakeTarget: "ml", composeService: "ml" },
  ],
  environments: [],
  sharedCompose: [],
  deploy: DEFAULT_DEPLOY_SETTINGS,
  cleanup: { normal: POLICY, aggressive: POLICY },
  bake: { files: [], cacheFrom: [], cacheTo: [] },
};

function anImage(id: string, change: Partial<ObservedImage> = {}): ObservedImage {
  const labels = { "dev.orchestrate.project": "shop", "dev.orchestrate.service": "web" };
  return {
    id: `sha256:${id}`,
    tags: [],
    labels,
    sizeBytes: 58e6,
    createdAtMs: NOW_MS - 3 * DAY_MS,
    lastTaggedAtMs: 0,
    ...change,
  };
}

const RECORD = { parents: [], type: "regular", description: "", inUse: false, lastUsedAtMs: 0, usageCount: 1 };
const OBSERVATION: EngineObservation = {
  nowMs: NOW_MS,
  images: [
    anImage("0123456789abcdef"),
    anImage("2", { tags: ["shop/web:latest", "shop/web:2"], sizeBytes: 61e6, lastTaggedAtMs: NOW_MS - 90_000 }),
    anImage("3", { labels: { "dev.orchestrate.project": "shop", "dev.orchestrate.service": "retired" } }),
    anImage("4", { labels: { "dev.orchestrate.project": "other", "dev.orchestrate.service": "web" } }),
    anImage("5", { labels: {} }),
  ],
  containers: [
    { id: "a", name: "shop-blue-web-1", imageId: "sha256:2", state: "running", labels: {} },
    { id: "b", name: "shop-green-web-1", imageId: "sha256:2", state: "exited", labels: {} },
  ],
  cache: [
    { ...RECORD, id: "p", sizeBytes: 2e9, shared: false },
    { ...RECORD, id: "s", sizeBytes: 5e8, shared: true },
  ],
};

describe("describeUsage", () => {
  it("lists the images of this project by service, newest first, and nothing else", () => {
    const { services } = describeUsage(OBSERVATION, CONFIG);
    expect(services.map(({ service, images }) => [service, images.map(({ id }) => id)])).toEqual([
      ["web", ["sha256:2", "sha256:0123456789abcdef"]],
      ["ml", []],
      ["retired", ["sha256:3"]],
    ]);
    expect(services[0]?.images[0]).toMatchObject({
      overLimit: true,
      ageMs: 90_000,
      containers: ["shop-blue-web-1", "shop-green-web-1"],
    });
    expect(services[0]?.images[1]?.overLimit).toBe(false);
  });

  it("tells the cache that takes space of its own from the part that images share", () => {
    expect(describeUsage(OBSERVATION, CONFIG).cache).toEqual({
      records: 2,
      totalBytes: 2.5e9,
      privateBytes: 2e9,
      budgetBytes: 10e9,
    });
  });
});

describe("renderUsage", () => {
  it("fits on one screen", () => {
    const plan = {
      items: [{ item: "image", id: "sha256:1", tags: [], service: "web", sizeBytes: 1, reason: "" } as const],
      kept: [],
      predictedBytes: 58e6,
    };
    const disk = { freeBytes: 20e9, totalBytes: 80e9 };
    expect(renderUsage(describeUsage(OBSERVATION, CONFIG, { plan, disk }))).toEqual([
      "web      61.0 MB   of 60.0 MB OVER  1m 30s old  shop/web:latest, used by shop-blue-web-1 and 1 more",
      "         58.0 MB   of 60.0 MB       3 d old     untagged 0123456789ab",
      "ml       no image",
      "retired  58.0 MB                    3 d old     untagged 3",
      "",
      "build cache        2.00 GB of 10.0 GB (500 MB more is part of images)",
      "disk               20.0 GB free of 80.0 GB",
      "orchestrate clean  would free 58.0 MB (images: 1, cache records: 0)",
    ]);
  });

  it("says when a budget is exceeded, and when there is nothing to clean", () => {
    const policy = { ...POLICY, maxCacheBytes: 1e9 };
    const config = { ...CONFIG, cleanup: { normal: policy, aggressive: policy } };
    const plan = { items: [], kept: [], predictedBytes: 0 };
    const lines = renderUsage(describeUsage(OBSERVATION, config, { plan }));
    expect(lines).toContain("build cache        2.00 GB of 1.00 GB, OVER its budget (500 MB more is part of images)");
    expect(lines).toContain("orchestrate clean  would remove nothing");
  });
});
