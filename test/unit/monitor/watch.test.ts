import { describe, expect, it } from "vitest";
import type { EngineAnnouncement } from "../../../src/docker/engine-following.ts";
import { EngineWatch } from "../../../src/monitor/watch.ts";
import { describeChange, renderChangeLine, renderWatchFrame } from "../../../src/monitor/watch-text.ts";
import { describeUsage } from "../../../src/monitor/usage.ts";
import { createPalette } from "../../../src/report/palette.ts";
import { CONFIG, NOW_MS, SHOP, aRecord, anImage } from "./sample.ts";

function announce(
  type: string,
  action: string,
  actorId: string,
  attributes: Readonly<Record<string, string>> = {},
): EngineAnnouncement {
  return { type, action, actorId, attributes, atMs: NOW_MS };
}

function watching(): EngineWatch {
  const watch = new EngineWatch(CONFIG);
  expect(watch.observe(SHOP, true)).toEqual([]);
  return watch;
}

const NEW = anImage("frontend", 0, { id: "sha256:fresh", tags: ["shop/frontend:latest"] });

describe("EngineWatch", () => {
  it("tells a tag that moved once, whether announced or observed first", () => {
    const tag = announce("image", "tag", "sha256:fresh", { name: "docker.io/shop/frontend:latest" });
    const change = {
      change: "image-tagged",
      reference: "shop/frontend:latest",
      imageId: "sha256:fresh",
      before: anImage("frontend", 1).id,
    };
    const after = {
      ...SHOP,
      images: [
        NEW,
        ...SHOP.images.map((image) => (image.tags[0] === "shop/frontend:latest" ? { ...image, tags: [] } : image)),
      ],
    };
    const announced = watching();
    expect(announced.announce(tag)).toEqual(change);
    expect(announced.observe(after, false)).toEqual([]);
    const observed = watching();
    expect(observed.observe(after, false)).toEqual([change]);
    expect(observed.announce(tag)).toBeUndefined();
  });

  it("tells of a lost connection everything that can be observed afterwards", () => {
    const watch = watching();
    const [, ...rest] = SHOP.containers;
    const changes = watch.observe(
      {
        ...SHOP,
        images: SHOP.images.filter(({ id }) => id !== anImage("ml", 1).id && id !== anImage("ml", 2).id),
        containers: [
          ...rest,
          {
            id: "n",
            name: "shop-green-ml-1",
            imageId: "x",
            state: "running",
            status: "Up 2 seconds (unhealthy)",
            labels: { "dev.orchestrate.project": "shop" },
          },
        ],
        cache: [],
        disk: { freeBytes: 70e9, totalBytes: 200e9 },
      },
      false,
    );
    expect(changes.map(describeChange)).toEqual([
      "image      ml0000000000 of ml removed",
      "image      ml0000000000 of ml removed",
      "container  shop-green-ml-1 unhealthy",
      "container  shop-blue-frontend-1 removed",
      "cache      0 B of 10.0 GB (-3.40 GB)",
      "disk       70.0 GB free (+10.0 GB)",
    ]);
  });

  it.each([
    ["a container of another project", announce("container", "start", "z", { name: "theirs" }), undefined],
    [
      "a new container of the project",
      announce("container", "create", "z", { name: "shop-green-ml-1", "com.docker.compose.project": "shop-green" }),
      "container  shop-green-ml-1 created",
    ],
    [
      "an end with its exit code",
      announce("container", "die", "shop-blue-frontend-1", { name: "shop-blue-frontend-1", exitCode: "137" }),
      "container  shop-blue-frontend-1 exited (137)",
    ],
    [
      "health",
      announce("container", "health_status: unhealthy", "shop-blue-frontend-1", { name: "shop-blue-frontend-1" }),
      "container  shop-blue-frontend-1 unhealthy",
    ],
    ["what changes nothing", announce("container", "exec_start: sh", "shop-blue-frontend-1"), undefined],
    ["a tag of another project", announce("image", "tag", "sha256:other", { name: "other/web:2" }), undefined],
    ["a removed image", announce("image", "delete", anImage("ml", 2).id), "image      ml0000000000 of ml removed"],
    ["a removed image of others", announce("image", "delete", "sha256:foreign"), undefined],
    [
      "a tag that went",
      announce("image", "untag", anImage("ml", 1).id, { name: anImage("ml", 1).id }),
      "image      shop/ml:latest no longer names ml0000000000",
    ],
    [
      "a pruned cache",
      announce("builder", "prune", "", { reclaimed: "86300000" }),
      "cache      pruned; the engine reports 86.3 MB, layers of images included",
    ],
  ])("announced: %s", (_, event, expected) => {
    const change = watching().announce(event);
    expect(change === undefined ? undefined : describeChange(change)).toBe(expected);
  });

  it("tells cache and disk when they changed by enough, in sum, or crossed their budget", () => {
    const watch = watching();
    const cache = (sizeBytes: number) => ({ cache: [aRecord("a", { sizeBytes })] });
    expect(watch.observeBudgets(cache(3.43e9))).toEqual([]);
    expect(watch.observeBudgets(cache(3.46e9))).toMatchObject([{ change: "cache", deltaBytes: 6e7 }]);
    const disk = (freeBytes: number) => ({ disk: { freeBytes, totalBytes: 200e9 } });
    expect(watch.observeBudgets(disk(59.5e9), 59e9)).toEqual([]);
    expect(watch.observeBudgets(disk(58.99e9), 59e9).map(describeChange)).toEqual([
      "disk       59.0 GB free (-1.01 GB), TOO LITTLE",
    ]);
  });
});

describe("the watch on a screen", () => {
  it("is a line with its time in a pipe", () => {
    expect(renderChangeLine({ atMs: NOW_MS, change: "engine-back", afterMs: 4_200 })).toBe(
      "2027-01-15T08:00:00Z engine     back after 4.2s; what changed meanwhile follows",
    );
  });

  it.each([
    [24, 80],
    [10, 40],
    [50, 120],
  ])("keeps to %i rows and %i columns", (rows, columns) => {
    const changes = Array.from(
      { length: 40 },
      (_, index) => ({ atMs: NOW_MS + index, change: "container", name: `c-${index}`, state: "running" }) as const,
    );
    const view = {
      usage: describeUsage(SHOP, CONFIG),
      containers: Array.from({ length: 30 }, (_, index) => ({ name: `shop-blue-${index}`, state: "healthy" })),
      changes,
      endpoint: "unix:///var/run/docker.sock",
      connected: true,
    };
    const lines = renderWatchFrame(view, { rows, columns, spinner: "*", palette: createPalette(false) });
    expect(lines.length).toBeLessThanOrEqual(rows - 2);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(columns);
    expect(lines.slice(0, 2).join("\n")).toMatch(/^shop {2}\* watching unix.*\ncache +3\.40 GB of/);
    // A low screen has no room for changes.
    expect(lines.at(-1)?.includes("c-39 running")).toBe(rows >= 24);
  });
});
