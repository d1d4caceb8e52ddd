import { describe, expect, it } from "vitest";
import type { Service } from "../../../src/model/build-config.ts";
import type { EngineObservation } from "../../../src/model/observation.ts";
import { contextTooLarge, ignoreFileMissing } from "../../../src/monitor/context-rules.ts";
import type { MonitorFacts, ProjectRule, ServiceFacts } from "../../../src/monitor/monitor-facts.ts";
import { recommend } from "../../../src/monitor/recommendation.ts";
import {
  grownSinceLast,
  limitMissing,
  plainImageLeft,
  sizeLimitBroken,
  sizeLimitNear,
  smallerSibling,
} from "../../../src/monitor/size-rules.ts";
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
import { describeUsage } from "../../../src/monitor/usage.ts";
import { CONFIG, DAY_MS, NOW_MS, POLICY, SHOP, aRecord, anImage, planned } from "./sample.ts";

const WEB: Service = { name: "web", bakeTarget: "web", composeService: "web", sizeLimitBytes: 100e6, growthLimit: 0.2 };

/** Facts of a service whose newest image has so many bytes. */
function web(sizeBytes: number | undefined, change: Partial<ServiceFacts> = {}): ServiceFacts {
  const image = {
    id: "sha256:0123456789abcdef",
    tags: ["shop/web:latest"],
    ageMs: 0,
    containers: [],
    overLimit: false,
  };
  const newest = sizeBytes === undefined ? undefined : { ...image, sizeBytes };
  return {
    service: WEB,
    usage: { service: "web", images: newest === undefined ? [] : [newest] },
    ...(newest === undefined ? {} : { newest }),
    layers: [],
    siblings: [],
    ...change,
  };
}

function factsOf(observation: EngineObservation, config = CONFIG, change: Partial<MonitorFacts> = {}): MonitorFacts {
  const plans = planned(observation, config);
  const usage = describeUsage(observation, config, { plans });
  return { config, observation, usage, plans, services: [], stoppedAtMs: new Map(), ...change };
}

const layer = (chainId: string, digest: string, sizeBytes: number) => ({
  chainId,
  digest,
  sizeBytes,
  createdBy: "COPY node_modules /app # buildkit",
});
const unlimited: Service = { name: "web", bakeTarget: "web", composeService: "web" };

describe("rules about a service", () => {
  it.each([
    ["at its limit", sizeLimitBroken, web(100e6), undefined],
    [
      "over its limit",
      sizeLimitBroken,
      web(104e6),
      { urgency: "limit-broken", savesBytes: 4e6, command: "docker history shop/web:latest" },
    ],
    [
      "over, with layers",
      sizeLimitBroken,
      web(104e6, { layers: [layer("a", "1", 3e6), layer("b", "2", 90e6)] }),
      { text: "104 MB is 4.00 MB over its limit of 100 MB; its largest layer is 90.0 MB, COPY node_modules /app" },
    ],
    ["without an image", sizeLimitBroken, web(undefined), undefined],
    ["well below", sizeLimitNear, web(89e6), undefined],
    ["near", sizeLimitNear, web(90e6), { urgency: "hint", text: "90.0 MB leaves 10.0 MB to its limit of 100 MB" }],
    ["over is not near", sizeLimitNear, web(101e6), undefined],
    ["no history", grownSinceLast, web(50e6), undefined],
    ["smaller", grownSinceLast, web(40e6, { previousBytes: 50e6 }), undefined],
    ["a little larger", grownSinceLast, web(54e6, { previousBytes: 50e6 }), undefined],
    [
      "grown",
      grownSinceLast,
      web(56e6, { previousBytes: 50e6 }),
      { urgency: "hint", savesBytes: 6e6, text: "grew by 12 % since the last image, 50.0 MB to 56.0 MB" },
    ],
    ["grown at the limit", grownSinceLast, web(60e6, { previousBytes: 50e6 }), { urgency: "hint" }],
    [
      "grown beyond it",
      grownSinceLast,
      web(61e6, { previousBytes: 50e6 }),
      { urgency: "limit-broken", text: "grew by 22 % since the last image, 50.0 MB to 61.0 MB, and 20 % is allowed" },
    ],
    ["with a limit", limitMissing, web(50e6), undefined],
    [
      "without a limit",
      limitMissing,
      web(50.4e6, { service: unlimited }),
      { text: 'has no `size_limit` in docker/build-config.json; its image has 50.4 MB: "76MB" would hold' },
    ],
    ["no sibling", smallerSibling, web(50e6), undefined],
    ["a larger sibling", smallerSibling, web(50e6, { siblings: [plain(900e6)] }), undefined],
    [
      "a smaller sibling",
      smallerSibling,
      web(900e6, { siblings: [plain(50e6), plain(70e6)] }),
      { savesBytes: 850e6, command: "orchestrate build --service web" },
    ],
    [
      "a plain image beside",
      plainImageLeft,
      web(50e6, { siblings: [plain(900e6, 700e6)] }),
      { savesBytes: 700e6, command: "docker image rm shop/web:plain" },
    ],
    ["of unknown gain", plainImageLeft, web(50e6, { siblings: [plain(900e6)] }), undefined],
    [
      "a small context",
      contextTooLarge,
      web(50e6, { context: { path: "web", sentBytes: 99e6, ballast: [] } }),
      undefined,
    ],
    ["an unknown context", contextTooLarge, web(50e6, { context: { path: "web", ballast: [".git"] } }), undefined],
    [
      "a huge context",
      contextTooLarge,
      web(50e6, { context: { path: "web", sentBytes: 300e6, ballast: [".git"] } }),
      {
        savesBytes: 300e6,
        text: "the last build sent 300 MB from web, more than the image of 50.0 MB; the engine keeps a copy of it; .git is in it",
      },
    ],
    [
      "an ignore file",
      ignoreFileMissing,
      web(1, { context: { path: "web", ignoreFile: ".dockerignore", ballast: [".git"] } }),
      undefined,
    ],
    ["nothing to ignore", ignoreFileMissing, web(1, { context: { path: "web", ballast: [] } }), undefined],
    [
      "no ignore file",
      ignoreFileMissing,
      web(1, { context: { path: "web", ballast: [".git", "node_modules"] } }),
      { command: "printf '%s\\n' .git node_modules >web/.dockerignore" },
    ],
  ])("%s", (_, rule, facts, expected) => {
    const found = rule(facts);
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject({ about: "web", ...expected });
  });
});

function plain(sizeBytes: number, uniqueBytes?: number) {
  return {
    bakeTarget: "web-plain",
    reference: "shop/web:plain",
    sizeBytes,
    ...(uniqueBytes === undefined ? {} : { uniqueBytes }),
  };
}

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
    const found = rule(facts);
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(expected);
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
