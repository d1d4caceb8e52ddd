import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planCleanup } from "../../../src/plan/cleanup.ts";
import { accountedSizeBytes } from "../../../src/plan/cleanup-ledger.ts";
import type { CleanupItem, CleanupPlan } from "../../../src/model/cleanup.ts";
import type { ObservedCacheRecord, ObservedImage } from "../../../src/model/observation.ts";
import { NOW_MS } from "./cleanup-rig.ts";
import { accountedBytes, applyPlan, physicalBytes, privateBytes } from "./cleanup-world.ts";
import { cases } from "./cleanup-worlds.ts";
import type { Case } from "./cleanup-worlds.ts";

const NORMAL = ["stale-sources", "untagged-images", "old-images", "cache"];
const RUNS = 10_000;

/** Every reason for keeping an image but its rank, read from the rules once more and independently. */
function reasonsOfImage(image: ObservedImage, { world, policy, scope }: Case): readonly string[] {
  const reasons: string[] = [];
  const ours = image.labels["dev.orchestrate.project"] === "shop";
  const times = [image.createdAtMs, image.lastTaggedAtMs, scope.lastUsedMs?.get(image.id) ?? 0];
  if (world.observation.containers.some(({ imageId }) => imageId === image.id)) reasons.push("used-by-container");
  if (scope.released?.has(image.id) === true) reasons.push("released");
  const [run] = scope.runsInProgress ?? [];
  if (run !== undefined && times.some((time) => time >= run.startedAtMs)) reasons.push("run-in-progress");
  const names = image.tags.map((tag) => tag.replace("docker.io/", ""));
  const [pin = ""] = policy.pinned ?? [];
  if (names.some((name) => name === pin || (pin === "shop/*" && name.startsWith("shop/")))) reasons.push("pinned");
  if (!ours && scope.allImages !== true) reasons.push("not-ours");
  if (ours && scope.allImages !== true && names.some((name) => !/^shop\/(web|api):/.test(name))) {
    reasons.push("tagged-by-others");
  }
  if (times.some((time) => NOW_MS - time < policy.minAgeMs)) reasons.push("younger-than-minimum-age");
  return reasons;
}

function reasonsOfRecord(record: ObservedCacheRecord, { policy, scope }: Case): readonly string[] {
  const reasons: string[] = [];
  const timeMs = Math.max(record.lastUsedAtMs, record.createdAtMs ?? 0);
  if (record.inUse) reasons.push("used-by-build");
  const [run] = scope.runsInProgress ?? [];
  if (run !== undefined && record.type !== "source.local" && timeMs >= run.startedAtMs) reasons.push("run-in-progress");
  const takesYoung = (policy.steps ?? NORMAL).includes("young-cache");
  if (!takesYoung && NOW_MS - timeMs < policy.minAgeMs) reasons.push("younger-than-minimum-age");
  return reasons;
}

/** Whether some step of the policy is about such records. */
function hasStep(record: ObservedCacheRecord, { policy }: Case): boolean {
  const steps: readonly string[] = policy.steps ?? NORMAL;
  const step = { regular: "cache", "source.local": "stale-sources", "exec.cachemount": "cache-mounts" }[record.type];
  return steps.includes("young-cache") || (step !== undefined && steps.includes(step));
}

/** Everything that pruning could still take, leaf by leaf. */
function prunable(drawn: Case): ReadonlySet<string> {
  const { cache } = drawn.world.observation;
  const left = new Set(cache);
  const taken = new Set<string>();
  for (let before = -1; before < taken.size;) {
    before = taken.size;
    const parents = new Set([...left].flatMap((record) => record.parents));
    for (const record of left) {
      const mayGo = !record.shared && hasStep(record, drawn) && reasonsOfRecord(record, drawn).length === 0;
      if (!mayGo || parents.has(record.id)) continue;
      left.delete(record);
      taken.add(record.id);
    }
  }
  return taken;
}

/** As `expect(holds).toBe(true)`, a thousand times faster. */
function claim(holds: boolean, text: string): void {
  if (!holds) throw new Error(text);
}

const planOf = ({ world, policy, scope }: Case): CleanupPlan => planCleanup(world.observation, policy, scope);
const imagesOf = (items: readonly CleanupItem[]) => items.filter(({ item }) => item === "image").map(({ id }) => id);

describe("planCleanup: on any engine", () => {
  const check = (property: (drawn: Case) => void): number => {
    const details = fc.check(fc.property(cases, property), { numRuns: RUNS });
    if (details.failed) throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
    return details.numRuns;
  };

  it("lists every image or keeps it, with a reason that is true; no reason is ever overridden", () => {
    const runs = check((drawn) => {
      const plan = planOf(drawn);
      const removed = new Set(imagesOf(plan.items));
      const removesAll = (drawn.policy.steps ?? NORMAL).includes("old-images");
      for (const image of drawn.world.observation.images) {
        const kept = plan.kept.filter(({ item, id }) => item === "image" && id === image.id);
        const reasons = reasonsOfImage(image, drawn);
        if (removed.has(image.id)) {
          claim(reasons.length === 0, `${image.id} is listed although ${reasons.join()}`);
          claim(kept.length === 0, `${image.id} is listed and kept`);
        } else if (kept.length === 0) {
          claim(!removesAll && reasons.length === 0, `${image.id} is neither listed nor kept`);
        } else {
          const because = kept[0]?.protection.because ?? "";
          claim(kept.length === 1, `${image.id} is kept twice`);
          claim(because === "newest-of-service" || reasons.includes(because), `${image.id} is not ${because}`);
        }
      }
    });
    expect(runs).toBe(RUNS);
  });

  it("lists no record that is protected, shared with an image that stays, or of no step", () => {
    const runs = check((drawn) => {
      const plan = planOf(drawn);
      const after = applyPlan(
        { ...drawn.world },
        { ...plan, items: plan.items.filter(({ item }) => item === "image") },
      );
      const records = new Map(after.observation.cache.map((record) => [record.id, record]));
      for (const item of plan.items.filter((entry) => entry.item === "cache-record")) {
        const record = records.get(item.id);
        claim(record !== undefined, `${item.id} is not there`);
        if (record === undefined) continue;
        const reasons = reasonsOfRecord(record, drawn);
        claim(reasons.length === 0, `${item.id} is listed although ${reasons.join()}`);
        claim(!record.shared && hasStep(record, drawn), `${item.id} is shared or of no step`);
      }
      for (const { item, id, protection } of plan.kept) {
        const record = item === "cache-record" ? records.get(id) : undefined;
        if (record === undefined) continue;
        const reasons = [...reasonsOfRecord(record, drawn), ...(record.shared ? ["shared-with-image"] : [])];
        claim(reasons.includes(protection.because), `${id} is not ${protection.because}`);
      }
    });
    expect(runs).toBe(RUNS);
  });

  it("lists volumes only when asked, and only ours that nothing mounts", () => {
    const runs = check((drawn) => {
      const { volumes = [], containers } = drawn.world.observation;
      const listed = planOf(drawn).items.filter(({ item }) => item === "volume");
      const [run] = drawn.scope.runsInProgress ?? [];
      const expected = volumes.filter(
        ({ name, labels, createdAtMs }) =>
          drawn.scope.volumes === true &&
          labels["com.docker.compose.project"] === "shop" &&
          !containers.some((container) => container.volumes?.includes(name) === true) &&
          NOW_MS - createdAtMs >= drawn.policy.minAgeMs &&
          (run === undefined || createdAtMs < run.startedAtMs),
      );
      expect(listed.map(({ id }) => id)).toEqual(expected.map(({ name }) => name));
    });
    expect(runs).toBe(RUNS);
  });

  it("leaves every service its newest images", () => {
    const runs = check((drawn) => {
      const after = applyPlan(drawn.world, planOf(drawn)).observation.images;
      for (const service of ["web", "api", "retired"]) {
        const newest = drawn.world.observation.images
          .filter(({ labels }) => labels["dev.orchestrate.project"] === "shop")
          .filter(({ labels }) => labels["dev.orchestrate.service"] === service)
          .filter(({ tags }) => tags.every((tag) => /^(docker\.io\/)?shop\/(web|api):/.test(tag)))
          .sort((a, b) => {
            const [timeA, timeB] = [a, b].map((image) => Math.max(image.createdAtMs, image.lastTaggedAtMs));
            return (timeB ?? 0) - (timeA ?? 0) || (a.id < b.id ? -1 : 1);
          })
          .slice(0, drawn.policy.keepImagesPerService);
        for (const image of newest)
          claim(
            after.some(({ id }) => id === image.id),
            `${image.id} is gone`,
          );
      }
    });
    expect(runs).toBe(RUNS);
  });

  it("meets the budgets of cache and disk, or nothing that frees anything may be pruned", () => {
    const runs = check((drawn) => {
      const plan = planOf(drawn);
      const world = applyPlan(drawn.world, plan);
      const { disk } = world.observation;
      const free = plan.budgets.filter(({ name }) => name === "free-space" || name === "needed-space");
      for (const budget of free) {
        if (budget.name !== "images-per-service") claim(budget.afterBytes === disk?.freeBytes, "wrong free space");
      }
      const cacheBytes = privateBytes(world.observation);
      const [cache] = plan.budgets;
      expect(cache).toMatchObject({ name: "cache", afterBytes: cacheBytes });
      const isMet = cacheBytes <= drawn.policy.maxCacheBytes && free.every(({ holds }) => holds);
      if (isMet) return;
      const ids = prunable({ ...drawn, world });
      const left = { ...world.observation, cache: world.observation.cache.filter(({ id }) => !ids.has(id)) };
      expect(physicalBytes(world) - physicalBytes({ ...world, observation: left })).toBe(0);
    });
    expect(runs).toBe(RUNS);
  });

  it("predicts the bytes that applying it frees: accounted, physical, and item by item", () => {
    const runs = check((drawn) => {
      const plan = planOf(drawn);
      const after = applyPlan(drawn.world, plan);
      expect(plan.predictedBytes).toBe(accountedBytes(drawn.world) - accountedBytes(after));
      expect(plan.physicalBytes).toBe(physicalBytes(drawn.world) - physicalBytes(after));
      let world = drawn.world;
      for (const item of plan.items) {
        const next = applyPlan(world, { ...plan, items: [item] });
        const freed = accountedBytes(world) - accountedBytes(next);
        claim(item.freesBytes === freed, `${item.id} frees ${freed}, not ${item.freesBytes}`);
        world = next;
      }
      const withoutVolumes = { ...drawn.world, observation: { ...drawn.world.observation, volumes: [] } };
      expect(accountedSizeBytes(drawn.world.observation)).toBe(accountedBytes(withoutVolumes));
    });
    expect(runs).toBe(RUNS);
  });

  it("is the same for the same input in another order, and empty once applied", () => {
    const runs = check((drawn) => {
      const plan = planOf(drawn);
      const { observation } = drawn.world;
      const shuffled = {
        ...observation,
        images: observation.images.toReversed(),
        containers: observation.containers.toReversed(),
        cache: observation.cache.toReversed(),
        volumes: observation.volumes?.toReversed() ?? [],
      };
      expect(planCleanup(shuffled, drawn.policy, drawn.scope)).toEqual(plan);
      expect(planOf({ ...drawn, world: applyPlan(drawn.world, plan) }).items).toEqual([]);
    });
    expect(runs).toBe(RUNS);
  });

  it("prunes no record before its children", () => {
    const runs = check((drawn) => {
      const present = new Map(drawn.world.observation.cache.map((record) => [record.id, record]));
      for (const item of planOf(drawn).items.filter((entry) => entry.item === "cache-record")) {
        const child = [...present.values()].find((record) => record.parents.includes(item.id));
        claim(child === undefined, `${item.id} goes before ${child?.id}`);
        present.delete(item.id);
      }
    });
    expect(runs).toBe(RUNS);
  });
});
