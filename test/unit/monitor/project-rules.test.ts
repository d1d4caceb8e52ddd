import { describe, expect, it } from "vitest";
import type { MonitorFacts, ProjectRule } from "../../../src/monitor/monitor-facts.ts";
import { recommend } from "../../../src/monitor/recommendation.ts";
import {
  budgetNeedsMore,
  cleanableNow,
  containersStopped,
  hiddenBaseLayers,
  imagesBeyondNeed,
  layersRepeated,
  mountsUnused,
  volumesIdle,
} from "../../../src/monitor/storage-rules.ts";
import { WEB, factsOf, layer, plain, web } from "./monitor-sample.ts";
import { CONFIG, DAY_MS, NOW_MS, POLICY, SHOP, aRecord, anImage } from "./sample.ts";

const tight = (maxCacheBytes: number) => ({
  ...CONFIG,
  cleanup: { ...CONFIG.cleanup, normal: { ...POLICY, maxCacheBytes } },
});
const clean = { ...SHOP, images: SHOP.images.slice(0, 1), cache: [] };
const mount = aRecord("npm", {
  type: "exec.cachemount",
  usageCount: 1,
  lastUsedAtMs: NOW_MS - 8 * DAY_MS,
  sizeBytes: 90e6,
  description: "cached mount /root/.npm",
});
const stopped = {
  ...SHOP,
  containers: [
    {
      id: "s",
      name: "shop-blue-job-1",
      imageId: "x",
      state: "exited",
      labels: { "dev.orchestrate.project": "shop" },
      writableBytes: 5e6,
    },
  ],
};

describe("rules about the project", () => {
  it.each<[string, ProjectRule, MonitorFacts, object | undefined]>([
    ["nothing to clean", cleanableNow, factsOf(clean), undefined],
    [
      "something to clean",
      cleanableNow,
      factsOf(SHOP),
      { command: "orchestrate clean", savesBytes: 268e6, text: "the policy normal would remove 2 images" },
    ],
    ["budgets hold", budgetNeedsMore, factsOf(SHOP), undefined],
    [
      "a budget that young records keep from holding",
      budgetNeedsMore,
      factsOf({ ...clean, cache: [aRecord("young", { sizeBytes: 12e9, lastUsedAtMs: NOW_MS - 2 * 3_600_000 })] }),
      { savesBytes: 12e9, command: "orchestrate clean --aggressive" },
    ],
    ["no more images", imagesBeyondNeed, factsOf(clean), undefined],
    [
      "more images",
      imagesBeyondNeed,
      factsOf(SHOP),
      {
        rule: "images-beyond-need",
        text: "3 images more than the live one, the one for a rollback and the newest are kept",
      },
    ],
    ["nothing hidden", hiddenBaseLayers, factsOf(SHOP), undefined],
    ["a mount in use", mountsUnused, factsOf({ ...SHOP, cache: [{ ...mount, usageCount: 2 }] }), undefined],
    [
      "a young mount",
      mountsUnused,
      factsOf({ ...SHOP, cache: [{ ...mount, lastUsedAtMs: NOW_MS - 6 * DAY_MS }] }),
      undefined,
    ],
    [
      "an unused mount",
      mountsUnused,
      factsOf({ ...SHOP, cache: [mount] }),
      { savesBytes: 90e6, command: "docker builder prune --force --filter 'id=^(npm)$'" },
    ],
    [
      "stopped lately",
      containersStopped,
      factsOf(stopped, CONFIG, { stoppedAtMs: new Map([["s", NOW_MS - 6 * DAY_MS]]) }),
      undefined,
    ],
    ["stopped at a time nobody knows", containersStopped, factsOf(stopped), undefined],
    [
      "stopped long ago",
      containersStopped,
      factsOf(stopped, CONFIG, { stoppedAtMs: new Map([["s", NOW_MS - 9 * DAY_MS]]) }),
      { savesBytes: 5e6, command: "docker rm shop-blue-job-1" },
    ],
    [
      "kept for a rollback",
      containersStopped,
      factsOf(
        {
          ...stopped,
          containers: stopped.containers.map((one) =>
            Object.assign({}, one, { labels: { ...one.labels, "dev.orchestrate.colour": "blue" } }),
          ),
        },
        CONFIG,
        { stoppedAtMs: new Map([["s", NOW_MS - 9 * DAY_MS]]) },
      ),
      undefined,
    ],
    [
      "an idle volume",
      volumesIdle,
      factsOf(SHOP),
      { savesBytes: 48e6, command: "orchestrate clean --volumes --dry-run" },
    ],
    [
      "volumes in use",
      volumesIdle,
      factsOf({
        ...SHOP,
        containers: [
          { id: "p", name: "postgres", imageId: "x", state: "running", labels: {}, volumes: ["shop-shared_database"] },
        ],
      }),
      undefined,
    ],
    [
      "the same layers",
      layersRepeated,
      factsOf(SHOP, CONFIG, {
        services: [web(1, { layers: [layer("a", "1", 30e6)] }), web(1, { layers: [layer("a", "1", 30e6)] })],
      }),
      undefined,
    ],
    [
      "a repeated layer",
      layersRepeated,
      factsOf(SHOP, CONFIG, {
        services: [
          web(1, { layers: [layer("a", "1", 30e6)] }),
          web(1, { service: { ...WEB, name: "api" }, layers: [layer("b", "1", 30e6)] }),
        ],
      }),
      {
        savesBytes: 30e6,
        text: "1 layer of the same content on different bases; the largest 30.0 MB in web and api, COPY node_modules /app: a common base image would hold it once",
      },
    ],
  ])("%s", (_, rule, facts, expected) => {
    expect([rule(facts)]).toMatchObject([expected]);
  });

  it("an exceeded budget that a normal clean-up mends needs no more", () => {
    expect(budgetNeedsMore(factsOf(SHOP, tight(1e9)))).toBeUndefined();
  });
});

describe("recommend", () => {
  it("puts broken limits first, then what saves most", () => {
    const services = [web(89e6), web(101e6), web(95e6, { siblings: [plain(900e6, 700e6)] })];
    const found = recommend(factsOf(SHOP, CONFIG, { services }));
    expect(found.map(({ rule }) => rule)).toEqual([
      "size-limit-broken",
      "plain-image-left",
      "cleanable-now",
      "images-beyond-need",
      "volumes-idle",
      "size-limit-near",
    ]);
  });

  it("is empty where nothing is worth doing", () => {
    const observation = { ...clean, volumes: [], images: [anImage("frontend", 1)] };
    expect(recommend(factsOf(observation, CONFIG, { services: [web(50e6)] }))).toEqual([]);
  });
});
