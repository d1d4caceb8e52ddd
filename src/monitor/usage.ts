import type { BuildConfig } from "../model/build-config.ts";
import type { CleanupPlan } from "../model/cleanup.ts";
import { LABELS } from "../model/observation.ts";
import type { EngineObservation, ObservedImage } from "../model/observation.ts";

/** What the project uses on an engine, ready to be printed or serialised. Sizes by the engine's own accounting. */
export interface Usage {
  readonly project: string;
  readonly services: readonly ServiceUsage[];
  readonly cache: CacheUsage;
  /** The disk that holds the engine's data; absent for a remote engine. */
  readonly disk?: DiskSpace;
  /** What `orchestrate clean` would free now; absent when nobody planned one. */
  readonly cleanable?: { readonly bytes: number; readonly images: number; readonly cacheRecords: number };
}

/** The images of one service, newest first. */
export interface ServiceUsage {
  readonly service: string;
  readonly limitBytes?: number;
  readonly images: readonly ImageUsage[];
}

/** One image. Images of a service share layers, so their sizes do not add up to what they take on disk. */
export interface ImageUsage {
  readonly id: string;
  readonly tags: readonly string[];
  readonly sizeBytes: number;
  /** Since it was made or last tagged. */
  readonly ageMs: number;
  /** Names of the containers that use it, running or not. */
  readonly containers: readonly string[];
  readonly overLimit: boolean;
}

/** BuildKit's cache. Only the private part takes space of its own; the rest is part of images. */
export interface CacheUsage {
  readonly records: number;
  readonly totalBytes: number;
  readonly privateBytes: number;
  /** Upper bound of the private part by the policy `normal`. */
  readonly budgetBytes: number;
}

/** A file system. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Sums up an observation. Every configured service is listed, also one without an image; others after them by name. */
export function describeUsage(
  observation: EngineObservation,
  config: BuildConfig,
  found: { readonly plan?: CleanupPlan; readonly disk?: DiskSpace } = {},
): Usage {
  const configured = new Map(config.services.map((service) => [service.name, service]));
  const byService = new Map<string, ObservedImage[]>([...configured.keys()].map((name) => [name, []]));
  for (const image of observation.images) {
    const service = image.labels[LABELS.service];
    if (image.labels[LABELS.project] !== config.project || service === undefined) continue;
    const list = byService.get(service);
    if (list === undefined) byService.set(service, [image]);
    else list.push(image);
  }
  const containers = containersByImage(observation);
  const others = [...byService.keys()].filter((name) => !configured.has(name)).sort();
  const services = [...configured.keys(), ...others].map((name) =>
    describeService(name, configured.get(name)?.sizeLimitBytes, byService.get(name) ?? [], observation, containers),
  );
  return {
    project: config.project,
    services,
    cache: describeCache(observation, config),
    ...(found.disk === undefined ? {} : { disk: found.disk }),
    ...(found.plan === undefined ? {} : { cleanable: describePlan(found.plan) }),
  };
}

function describeService(
  service: string,
  limitBytes: number | undefined,
  observed: readonly ObservedImage[],
  { nowMs }: EngineObservation,
  containers: ReadonlyMap<string, readonly string[]>,
): ServiceUsage {
  const images = observed
    .map((image) => describeImage(image, nowMs, containers, limitBytes))
    .sort((a, b) => a.ageMs - b.ageMs || (a.id < b.id ? -1 : 1));
  return limitBytes === undefined ? { service, images } : { service, limitBytes, images };
}

function describeImage(
  image: ObservedImage,
  nowMs: number,
  containers: ReadonlyMap<string, readonly string[]>,
  limitBytes: number | undefined,
): ImageUsage {
  return {
    id: image.id,
    tags: image.tags,
    sizeBytes: image.sizeBytes,
    ageMs: Math.max(0, nowMs - Math.max(image.createdAtMs, image.lastTaggedAtMs)),
    containers: containers.get(image.id) ?? [],
    overLimit: limitBytes !== undefined && image.sizeBytes > limitBytes,
  };
}

function containersByImage({ containers }: EngineObservation): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const { imageId, name } of containers) {
    const list = names.get(imageId);
    if (list === undefined) names.set(imageId, [name]);
    else list.push(name);
  }
  return names;
}

function describeCache({ cache }: EngineObservation, config: BuildConfig): CacheUsage {
  let totalBytes = 0;
  let privateBytes = 0;
  for (const record of cache) {
    totalBytes += record.sizeBytes;
    if (!record.shared) privateBytes += record.sizeBytes;
  }
  return { records: cache.length, totalBytes, privateBytes, budgetBytes: config.cleanup.normal.maxCacheBytes };
}

function describePlan(plan: CleanupPlan): NonNullable<Usage["cleanable"]> {
  const images = plan.items.filter((item) => item.item === "image").length;
  return { bytes: plan.predictedBytes, images, cacheRecords: plan.items.length - images };
}
