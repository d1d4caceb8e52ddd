import { formatByteSize } from "../model/byte-size.ts";
import type { EngineObservation } from "../model/observation.ts";
import type { CacheUsage } from "./usage-cache.ts";
import type { ImageTotals } from "./usage-images.ts";

/** A number that one of Docker's commands prints, and what is so. */
export interface MisleadingNumber {
  /** The command that prints it. */
  readonly command: string;
  /** What it claims, in bytes. */
  readonly claimedBytes: number;
  /** What holds instead, in bytes; absent where only the layers themselves would tell. */
  readonly actualBytes?: number;
  readonly text: string;
}

/** Numbers below this mislead nobody. */
const TRIFLE_BYTES = 1e6;

/** The numbers of this engine that would mislead now: none on an engine where they happen to be right. */
export function findMisleadingNumbers(
  observation: EngineObservation,
  images: ImageTotals,
  cache: CacheUsage,
): readonly MisleadingNumber[] {
  return [reclaimableImages(observation, cache), reclaimableCache(cache), summedSizes(images)].filter(
    (found) => found !== undefined,
  );
}

/**
 * `docker system df` calls an image reclaimable when no container uses it; but removing it frees nothing of the layers that the
 * cache holds as well.
 */
function reclaimableImages(observation: EngineObservation, cache: CacheUsage): MisleadingNumber | undefined {
  const claimedBytes = claimedImageBytes(observation);
  const alsoCachedBytes = cache.totalBytes - cache.privateBytes;
  if (claimedBytes === undefined || observation.store === "containerd") return undefined;
  if (claimedBytes < TRIFLE_BYTES || alsoCachedBytes < TRIFLE_BYTES) return undefined;
  const text = `calls ${formatByteSize(claimedBytes)} of images reclaimable; removing them frees nothing of the ${formatByteSize(alsoCachedBytes)} of layers that the build cache holds as well`;
  return { command: "docker system df", claimedBytes, text };
}

/** As docker's command line computes it: all layers but what images with containers have alone. */
function claimedImageBytes({ layersBytes, images, containers }: EngineObservation): number | undefined {
  if (layersBytes === undefined) return undefined;
  const used = new Set(containers.map(({ imageId }) => imageId));
  let usedBytes = 0;
  for (const { id, sizeBytes, sharedBytes = 0 } of images) if (used.has(id)) usedBytes += sizeBytes - sharedBytes;
  return layersBytes - usedBytes;
}

/** `docker buildx du` counts as reclaimable what images share, and so does the total that a prune prints. */
function reclaimableCache({ totalBytes, privateBytes }: CacheUsage): MisleadingNumber | undefined {
  if (totalBytes - privateBytes < TRIFLE_BYTES) return undefined;
  const text = `calls ${formatByteSize(totalBytes)} of cache reclaimable; while the images stay, pruning frees ${formatByteSize(privateBytes)}`;
  return { command: "docker buildx du", claimedBytes: totalBytes, actualBytes: privateBytes, text };
}

/** The sizes of a list of images count shared layers once for each image. */
function summedSizes({ own, ownListedBytes, ownBytes }: ImageTotals): MisleadingNumber | undefined {
  if (ownBytes === undefined || ownListedBytes - ownBytes < TRIFLE_BYTES) return undefined;
  const text = `lists ${formatByteSize(ownListedBytes)} in ${own} images of this project; they share layers and take ${formatByteSize(ownBytes)}`;
  return { command: "docker images", claimedBytes: ownListedBytes, actualBytes: ownBytes, text };
}
