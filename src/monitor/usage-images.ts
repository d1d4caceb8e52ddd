import type { BuildConfig, Service } from "../model/build-config.ts";
import type { CleanupPlan, Protection } from "../model/cleanup.ts";
import { LABELS } from "../model/observation.ts";
import type { EngineObservation, ObservedImage } from "../model/observation.ts";

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
  /** Why `orchestrate clean` keeps it; absent when it does not, or when nobody planned one. */
  readonly kept?: Protection;
  /** The mildest policy that would remove it; absent when neither would. */
  readonly removedBy?: "normal" | "aggressive";
}

/** Images of the project and of everybody else. */
export interface ImageTotals {
  readonly own: number;
  /** Their sizes added up, shared layers as often as they are shared. */
  readonly ownListedBytes: number;
  /** Each layer once; absent where the layers are not known. */
  readonly ownBytes?: number;
  readonly others: number;
  /** All layers of all images of the engine, each once. */
  readonly allBytes?: number;
}

/** The plans of the two named policies, made from one observation. */
export interface PlannedPolicies {
  readonly normal: CleanupPlan;
  readonly aggressive: CleanupPlan;
}

/** Every configured service in the order of docker/build-config.json, then others with images by name. */
export function describeServices(
  observation: EngineObservation,
  config: BuildConfig,
  plans: PlannedPolicies | undefined,
): readonly ServiceUsage[] {
  const configured = new Map(config.services.map((service) => [service.name, service]));
  const byService = groupOwnImages(observation.images, config.project);
  const others = [...byService.keys()].filter((name) => !configured.has(name)).sort();
  const context = readContext(observation, plans);
  return [...configured.keys(), ...others].map((name) =>
    describeService(name, configured.get(name), byService.get(name) ?? [], context),
  );
}

/** The images with the project's labels, by service. */
function groupOwnImages(images: readonly ObservedImage[], project: string): ReadonlyMap<string, ObservedImage[]> {
  const byService = new Map<string, ObservedImage[]>();
  for (const image of images) {
    const service = image.labels[LABELS.service];
    if (image.labels[LABELS.project] !== project || service === undefined || service === "") continue;
    const list = byService.get(service);
    if (list === undefined) byService.set(service, [image]);
    else list.push(image);
  }
  for (const list of byService.values()) list.sort((a, b) => timeMs(b) - timeMs(a) || (a.id < b.id ? -1 : 1));
  return byService;
}

/** Bytes of these images, each layer once; undefined where the layers of one are not known. */
export function layerBytes(images: readonly ObservedImage[]): number | undefined {
  const layers = new Map<string, number>();
  for (const image of images) {
    if (image.layers === undefined) return undefined;
    for (const { chainId, sizeBytes } of image.layers) layers.set(chainId, sizeBytes);
  }
  let total = 0;
  for (const sizeBytes of layers.values()) total += sizeBytes;
  return total;
}

/** What is looked up for each image. */
interface ImageContext {
  readonly nowMs: number;
  readonly containers: ReadonlyMap<string, readonly string[]>;
  readonly kept: ReadonlyMap<string, Protection>;
  readonly removedBy: ReadonlyMap<string, "normal" | "aggressive">;
}

function readContext({ nowMs, containers }: EngineObservation, plans: PlannedPolicies | undefined): ImageContext {
  const kept = new Map<string, Protection>();
  const removedBy = new Map<string, "normal" | "aggressive">();
  for (const { item, id, protection } of plans?.normal.kept ?? []) if (item === "image") kept.set(id, protection);
  for (const { item, id } of plans?.aggressive.items ?? []) if (item === "image") removedBy.set(id, "aggressive");
  for (const { item, id } of plans?.normal.items ?? []) if (item === "image") removedBy.set(id, "normal");
  const users = new Map<string, string[]>();
  for (const { imageId, name } of containers) {
    const list = users.get(imageId);
    if (list === undefined) users.set(imageId, [name]);
    else list.push(name);
  }
  return { nowMs, containers: users, kept, removedBy };
}

function describeService(
  name: string,
  service: Service | undefined,
  observed: readonly ObservedImage[],
  context: ImageContext,
): ServiceUsage {
  const limitBytes = service?.sizeLimitBytes;
  const images = observed.map((image) => describeImage(image, limitBytes, context));
  return limitBytes === undefined ? { service: name, images } : { service: name, limitBytes, images };
}

function describeImage(image: ObservedImage, limitBytes: number | undefined, context: ImageContext): ImageUsage {
  const { id, tags, sizeBytes } = image;
  const kept = context.kept.get(id);
  const removedBy = context.removedBy.get(id);
  return {
    id,
    tags,
    sizeBytes,
    ageMs: Math.max(0, context.nowMs - timeMs(image)),
    containers: context.containers.get(id) ?? [],
    overLimit: limitBytes !== undefined && sizeBytes > limitBytes,
    ...(kept === undefined ? {} : { kept }),
    ...(removedBy === undefined ? {} : { removedBy }),
  };
}

/** When the image was made or last tagged on this engine, whichever is later. */
function timeMs(image: ObservedImage): number {
  return Math.max(image.createdAtMs, image.lastTaggedAtMs);
}
