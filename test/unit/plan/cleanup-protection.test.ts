import { describe, expect, it } from "vitest";
import type { CleanupPlan, Protection } from "../../../src/model/cleanup.ts";
import type { ObservedVolume } from "../../../src/model/observation.ts";
import { planCleanup } from "../../../src/plan/cleanup.ts";
import type { CleanupScope } from "../../../src/plan/cleanup-images.ts";
import { HOUR_MS, NOW_MS, POLICY, SCOPE, aRecord, anImage, anObservation } from "./cleanup-rig.ts";

const removedIds = (plan: CleanupPlan): string[] => plan.items.map((item) => item.id);
const protectionOf = (plan: CleanupPlan, id: string): Protection | undefined =>
  plan.kept.find((item) => item.id === id)?.protection;
const ancient = (id: string, change: Parameters<typeof anImage>[1] = {}) =>
  anImage(id, { ageMs: 900 * HOUR_MS, ...change });
/** Two young ones, so that the others are not among the newest. */
const NEWEST = [anImage("n1"), anImage("n2")];

describe("planCleanup: runs in progress", () => {
  const startedAtMs = NOW_MS - 2 * HOUR_MS;
  const scope: CleanupScope = {
    ...SCOPE,
    runsInProgress: [
      { runId: "later", startedAtMs: NOW_MS - HOUR_MS, reservedBytes: 0 },
      { runId: "first", startedAtMs, reservedBytes: 5 },
    ],
  };
  const inProgress = { because: "run-in-progress", runId: "first" };

  it("keep every image made, tagged or used since the first of them began, to the millisecond", () => {
    const images = [
      ...NEWEST,
      ancient("made", { ageMs: 2 * HOUR_MS, tags: ["other/x:1"] }),
      ancient("tagged", { lastTaggedAtMs: startedAtMs, tags: ["other/x:1"] }),
      ancient("used"),
      ancient("used-before"),
    ];
    const lastUsedMs = new Map([
      ["sha256:used", startedAtMs],
      ["sha256:used-before", startedAtMs - 1],
    ]);
    const policy = { ...POLICY, minAgeMs: 0, keepImagesPerService: 1 };
    const plan = planCleanup(anObservation({ images }), policy, { ...scope, lastUsedMs });
    for (const id of ["made", "tagged", "used"]) expect(protectionOf(plan, `sha256:${id}`)).toEqual(inProgress);
    expect(removedIds(plan)).toContain("sha256:used-before");
  });

  it("keep no copy of a build context: it is no result, and after a build that filled the disk all that there is", () => {
    const cache = [aRecord("context", { type: "source.local", lastUsedAtMs: startedAtMs })];
    const policy = { ...POLICY, maxCacheBytes: 0, minAgeMs: 0, steps: ["young-cache"] as const };
    expect(removedIds(planCleanup(anObservation({ cache }), policy, scope))).toEqual(["context"]);
  });

  it("keep every cache record made or used since, in every step", () => {
    const cache = [
      aRecord("used", { lastUsedAtMs: startedAtMs }),
      aRecord("made", { lastUsedAtMs: 1, createdAtMs: startedAtMs }),
      aRecord("before", { lastUsedAtMs: startedAtMs - 1 }),
    ];
    const policy = { ...POLICY, maxCacheBytes: 0, minAgeMs: 0, steps: ["young-cache"] as const };
    const plan = planCleanup(anObservation({ cache }), policy, scope);
    expect(removedIds(plan)).toEqual(["before"]);
    expect(protectionOf(plan, "used")).toEqual(inProgress);
    expect(protectionOf(plan, "made")).toEqual(inProgress);
  });
});

describe("planCleanup: pins", () => {
  it.each([
    ["shop/web:v1", "shop/web:v1", true],
    ["shop/web:v1", "docker.io/shop/web:v1", true],
    ["shop/web:v1", "shop/web:v12", false],
    ["shop/web", "shop/web:anything", true],
    ["shop/web", "shop/web2:1", false],
    ["shop/*", "shop/web:1", true],
    ["shop/web:v*", "shop/web:v12", true],
    ["shop/web:v*", "shop/web:12", false],
    ["*", "shop/web:1", true],
    ["shop/w.b:1", "shop/web:1", false],
    ["web", "docker.io/library/web:1", true],
    ["registry.test:5000/web", "registry.test:5000/web:1", true],
  ])("%s on %s: %s", (pattern, tag, holds) => {
    const repository = tag.replace(/:[^:/]*$/, "");
    const scope = { ...SCOPE, services: [{ name: "web", repositories: [repository] }] };
    const plan = planCleanup(
      anObservation({ images: [...NEWEST, ancient("x", { tags: [tag] })] }),
      { ...POLICY, pinned: ["nothing:1", pattern] },
      scope,
    );
    expect(protectionOf(plan, "sha256:x")).toEqual(holds ? { because: "pinned", pattern } : undefined);
    expect(removedIds(plan)).toEqual(holds ? [] : ["sha256:x"]);
  });
});

describe("planCleanup: images of others", () => {
  const theirs = (id: string, tag: string | undefined, ageMs: number) =>
    anImage(id, { ageMs, labels: {}, tags: tag === undefined ? [] : [tag] });
  const images = [
    theirs("node-1", "node:22", 900 * HOUR_MS),
    theirs("node-2", "node:24", 800 * HOUR_MS),
    theirs("node-3", "node:26", 700 * HOUR_MS),
    theirs("nameless", undefined, 600 * HOUR_MS),
    theirs("young", undefined, 0),
  ];

  it("stay, unless all images are asked for: then the newest of each name stay", () => {
    expect(planCleanup(anObservation({ images }), POLICY, SCOPE).items).toEqual([]);
    const plan = planCleanup(anObservation({ images }), POLICY, { ...SCOPE, allImages: true });
    expect(removedIds(plan)).toEqual(["sha256:nameless", "sha256:node-1"]);
    expect(plan.items[1]).toMatchObject({ service: "node", reason: "number 3 of node, the newest 2 are kept" });
    expect(protectionOf(plan, "sha256:node-2")).toEqual({ because: "newest-of-service", rank: 2, keep: 2 });
    expect(protectionOf(plan, "sha256:young")?.because).toBe("younger-than-minimum-age");
  });
});

describe("planCleanup: volumes", () => {
  const volume = (name: string, change: Partial<ObservedVolume> = {}): ObservedVolume => ({
    name,
    labels: { "com.docker.compose.project": "shop-blue" },
    sizeBytes: 70,
    createdAtMs: NOW_MS - 90 * HOUR_MS,
    ...change,
  });
  const volumes = [
    volume("ours"),
    volume("mounted"),
    volume("theirs", { labels: { "com.docker.compose.project": "shop-admin" } }),
    volume("anonymous", { labels: {} }),
    volume("labelled", { labels: { "dev.orchestrate.project": "shop" } }),
    volume("young", { createdAtMs: NOW_MS }),
  ];
  const container = { id: "c", name: "db", imageId: "x", state: "exited", labels: {}, volumes: ["mounted"] };
  const observation = anObservation({ volumes, containers: [container] });
  const scope = { ...SCOPE, volumes: true, composeProjects: ["shop-blue"] };

  it("go only when asked for, after everything else, and say that their data has no copy", () => {
    expect(planCleanup(observation, POLICY, { ...scope, volumes: false }).items).toEqual([]);
    const plan = planCleanup(
      { ...observation, cache: [aRecord("r")] },
      { ...POLICY, maxCacheBytes: 0, minAgeMs: HOUR_MS },
      scope,
    );
    expect(removedIds(plan)).toEqual(["r", "labelled", "ours"]);
    expect(plan.items[1]?.reason).toMatch(/no container mounts it.*its data has no copy/);
    expect(plan.predictedBytes).toBe(1_140);
    expect(Object.fromEntries(plan.kept.map(({ id, protection }) => [id, protection.because]))).toEqual({
      mounted: "used-by-container",
      theirs: "not-ours",
      anonymous: "not-ours",
      young: "younger-than-minimum-age",
    });
  });

  it("stay where it is not known what containers mount", () => {
    const { volumes: _, ...unknown } = container;
    expect(planCleanup({ ...observation, containers: [unknown] }, POLICY, scope).items).toEqual([]);
  });
});
