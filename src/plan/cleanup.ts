import type { CleanupPolicy, CleanupStep } from "../model/build-config.ts";
import { formatByteSize } from "../model/byte-size.ts";
import { CLEANUP_PLAN_VERSION } from "../model/cleanup.ts";
import type { CleanupItem, CleanupPlan, KeptItem } from "../model/cleanup.ts";
import { formatDuration } from "../model/duration.ts";
import type { EngineObservation } from "../model/observation.ts";
import { budgetedImages, compareBudgets, measure } from "./cleanup-budgets.ts";
import { CachePlan } from "./cleanup-cache.ts";
import type { CacheStep, Eviction } from "./cleanup-cache.ts";
import { judgeImages, keptPerService } from "./cleanup-images.ts";
import type { CleanupScope, JudgedImage } from "./cleanup-images.ts";
import { EngineLedger } from "./cleanup-ledger.ts";
import { NORMAL_STEPS, resolveFreeSpaceGoal } from "./cleanup-policy.ts";
import type { FreeSpaceGoal } from "./cleanup-policy.ts";
import { findRebuildMs, recordTimeMs } from "./cleanup-value.ts";
import { judgeVolumes } from "./cleanup-volumes.ts";

/**
 * What a clean-up would remove and keep. Images and cache are planned together: a layer that an image and the cache
 * share is freed when the last of the two lets go of it.
 * Invariants: nothing protected is listed, whatever the policy says; cache records that share with an image that stays are not;
 * every record is listed after its children; same input, same plan, in whatever order the engine lists things; once applied, a
 * second plan is empty.
 */
export function planCleanup(observation: EngineObservation, policy: CleanupPolicy, scope: CleanupScope): CleanupPlan {
  const planning = new Planning(observation, policy, scope);
  planning.removeByStep();
  return planning.finish();
}

type ImageItem = Extract<CleanupItem, { readonly item: "image" }>;
type ImageStep = Exclude<CleanupStep, CacheStep>;

/** A clean-up while it is planned: what is left, and the removals in their order. */
class Planning {
  readonly #observation: EngineObservation;
  readonly #policy: CleanupPolicy;
  readonly #scope: CleanupScope;
  readonly #images: readonly JudgedImage[];
  readonly #ledger: EngineLedger;
  readonly #cache: CachePlan;
  readonly #goal: FreeSpaceGoal | undefined;
  readonly #start: { readonly accountedBytes: number; readonly hiddenBytes: number; readonly measures: Measures };
  readonly #order: (ImageItem | Eviction)[] = [];
  readonly #gone = new Set<string>();
  readonly #volumes: ReturnType<typeof judgeVolumes>;

  constructor(observation: EngineObservation, policy: CleanupPolicy, scope: CleanupScope) {
    this.#observation = observation;
    this.#policy = policy;
    this.#scope = scope;
    this.#images = judgeImages(observation, policy, scope);
    this.#ledger = new EngineLedger(observation, budgetedImages(this.#images, scope));
    const { nowMs, disk } = observation;
    this.#cache = new CachePlan(observation.cache, this.#ledger, { nowMs, minAgeMs: policy.minAgeMs, scope });
    this.#goal = resolveFreeSpaceGoal(policy, disk, scope.needBytes);
    this.#volumes = judgeVolumes(observation, policy, scope);
    const { accountedBytes, hiddenBytes } = this.#ledger;
    this.#start = { accountedBytes, hiddenBytes, measures: measure(this.#ledger, this.#images, disk?.freeBytes) };
  }

  /** Step by step until no budget asks for more, or nothing is left that may go. */
  removeByStep(): void {
    const steps = this.#steps();
    for (let before = -1; before < this.#order.length;) {
      // Once more: what an image shared with the cache is the cache's own since it went.
      before = this.#order.length;
      for (const step of steps) {
        if (step === "untagged-images" || step === "old-images") this.#removeImages(step);
        else this.#evict(step);
      }
    }
  }

  finish(): CleanupPlan {
    const settled = new Set(this.#cache.settle());
    const ordered = this.#order.flatMap((entry): CleanupItem[] => {
      if ("item" in entry) return [entry];
      return settled.has(entry) ? [cacheItem(entry, this.#describe(entry))] : [];
    });
    const items = [...ordered, ...this.#volumes.items];
    const volumeBytes = this.#volumes.items.reduce((sum, item) => sum + item.freesBytes, 0);
    const left = this.#images.filter(({ image }) => !this.#gone.has(image.id));
    const after = measure(this.#ledger, left, this.#freeBytes());
    const { accountedBytes, measures } = this.#start;
    return {
      version: CLEANUP_PLAN_VERSION,
      items,
      kept: this.#kept(left),
      predictedBytes: accountedBytes - this.#ledger.accountedBytes + volumeBytes,
      physicalBytes: this.#gainedBytes(),
      hiddenBytes: this.#ledger.hiddenBytes,
      budgets: compareBudgets(this.#policy, this.#goal, measures, after),
    };
  }

  /** On a full disk the engine cannot remove images: the cache goes first. */
  #steps(): readonly CleanupStep[] {
    const steps = this.#policy.steps ?? NORMAL_STEPS;
    if (this.#goal?.isFull !== true) return steps;
    const isOfImages = (step: CleanupStep): boolean => step === "untagged-images" || step === "old-images";
    return [...steps.filter((step) => !isOfImages(step)), ...steps.filter(isOfImages)];
  }

  /** The longest unused first. They are a budget of their own: all that go beyond the number to keep. */
  #removeImages(step: ImageStep): void {
    const going = this.#images
      .filter(({ image, protection }) => protection === undefined && !this.#gone.has(image.id))
      .filter(({ image }) => step === "old-images" || image.tags.length === 0)
      .sort((a, b) => a.usedAtMs - b.usedAtMs || (a.image.id < b.image.id ? -1 : 1));
    for (const judged of going) {
      const { id, tags, sizeBytes } = judged.image;
      this.#gone.add(id);
      const freesBytes = this.#ledger.removeImage(id);
      const reason = describeImage(judged, this.#policy);
      this.#order.push({ item: "image", id, tags, service: judged.service, sizeBytes, freesBytes, step, reason });
    }
  }

  #evict(step: CacheStep): void {
    const known = this.#cache.evictions.length;
    this.#cache.evict(step, () => this.#isCacheTooLarge() || this.#isDiskShort());
    this.#order.push(...this.#cache.evictions.slice(known));
  }

  #isCacheTooLarge(): boolean {
    return this.#ledger.cacheBytes > this.#policy.maxCacheBytes;
  }

  #isDiskShort(): boolean {
    const freeBytes = this.#freeBytes();
    return freeBytes !== undefined && this.#goal !== undefined && freeBytes < this.#goal.goalBytes;
  }

  #gainedBytes(): number {
    const { accountedBytes, hiddenBytes } = this.#start;
    const volumeBytes = this.#volumes.items.reduce((sum, item) => sum + item.freesBytes, 0);
    return accountedBytes + hiddenBytes - this.#ledger.accountedBytes - this.#ledger.hiddenBytes + volumeBytes;
  }

  #freeBytes(): number | undefined {
    const disk = this.#observation.disk;
    return disk === undefined ? undefined : disk.freeBytes + this.#gainedBytes();
  }

  #describe({ record }: Eviction): string {
    const { nowMs } = this.#observation;
    const rebuildMs = findRebuildMs(record, this.#scope.rebuildMs ?? new Map());
    const used = `unused for ${formatDuration(Math.max(0, nowMs - recordTimeMs(record)))}`;
    return rebuildMs === undefined ? used : `${used}, took ${formatDuration(rebuildMs)} to build`;
  }

  #kept(images: readonly JudgedImage[]): readonly KeptItem[] {
    const kept: KeptItem[] = [];
    for (const { image, service, protection } of images) {
      const { id, tags, sizeBytes } = image;
      if (protection !== undefined) kept.push({ item: "image", id, tags, service, sizeBytes, protection });
    }
    const isAgeRespected = !(this.#policy.steps ?? NORMAL_STEPS).includes("young-cache");
    for (const { record, protection } of this.#cache.kept(isAgeRespected)) {
      const { id, type, description, sizeBytes } = record;
      kept.push({ item: "cache-record", id, type, description, sizeBytes, protection });
    }
    return [...kept, ...this.#volumes.kept];
  }
}

type Measures = ReturnType<typeof measure>;

function cacheItem({ record, step, freesBytes }: Eviction, reason: string): CleanupItem {
  const { id, type, description, sizeBytes, lastUsedAtMs } = record;
  return { item: "cache-record", id, type, description, sizeBytes, lastUsedAtMs, freesBytes, step, reason };
}

function describeImage({ image, service, isOurs, rank }: JudgedImage, policy: CleanupPolicy): string {
  const untagged = image.tags.length === 0 ? "untagged, " : "";
  const keep = `the newest ${keptPerService(policy)} are kept`;
  if (rank !== undefined) return `${untagged}number ${rank} of ${service}, ${keep}`;
  return `${untagged}of ${formatByteSize(image.sizeBytes)}, ${isOurs ? "ours" : "not ours, and all images were asked for"}`;
}
