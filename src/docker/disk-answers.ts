import type {
  ImageContents,
  ObservedCacheRecord,
  ObservedContainer,
  ObservedImage,
  ObservedVolume,
} from "../model/observation.ts";
import { parseListedContainer, parseListedImage } from "./engine-answers.ts";
import { flagAt, isRecord, listAt, numberAt, recordAt, textAt, textListAt, textMapAt, timeAt } from "./json-value.ts";

/** Everything that takes disk, by the engine's own accounting. */
export interface DiskUsage {
  /** All layers of all images, each counted once; on the containerd store other things as well. */
  readonly layersBytes: number;
  readonly images: readonly ObservedImage[];
  /** With the sizes of their writable layers and the volumes that they mount. */
  readonly containers: readonly ObservedContainer[];
  /** Empty when they were not asked for. */
  readonly volumes: readonly ObservedVolume[];
  readonly cache: readonly ObservedCacheRecord[];
}

/** Reads `/system/df`. */
export function parseDiskUsage(answer: unknown): DiskUsage {
  return {
    layersBytes: numberAt(answer, "LayersSize"),
    images: listAt(answer, "Images").map(parseUsedImage),
    containers: listAt(answer, "Containers").map(parseUsedContainer),
    volumes: listAt(answer, "Volumes").map(parseUsedVolume),
    cache: listAt(answer, "BuildCache").map(parseCacheRecord),
  };
}

function parseUsedImage(entry: unknown): ObservedImage {
  const sharedBytes = numberAt(entry, "SharedSize");
  // -1 where the engine did not compute it.
  return { ...parseListedImage(entry), ...(sharedBytes < 0 ? {} : { sharedBytes }) };
}

function parseUsedContainer(entry: unknown): ObservedContainer {
  return {
    ...parseListedContainer(entry),
    writableBytes: numberAt(entry, "SizeRw"),
    createdAtMs: numberAt(entry, "Created") * 1_000,
    status: textAt(entry, "Status"),
  };
}

function parseUsedVolume(entry: unknown): ObservedVolume {
  return {
    name: textAt(entry, "Name"),
    labels: textMapAt(entry, "Labels"),
    // -1 where the engine did not compute it.
    sizeBytes: Math.max(0, numberAt(recordAt(entry, "UsageData"), "Size")),
    createdAtMs: timeAt(entry, "CreatedAt"),
  };
}

/** Reads an entry of `BuildCache` in `/system/df`. Engine 28 writes the key of the parents with a space before it. */
export function parseCacheRecord(entry: unknown): ObservedCacheRecord {
  const parents = textListAt(entry, "Parents");
  return {
    id: textAt(entry, "ID"),
    parents: parents.length > 0 ? parents : textListAt(entry, " Parents"),
    type: textAt(entry, "Type"),
    description: textAt(entry, "Description"),
    sizeBytes: numberAt(entry, "Size"),
    inUse: flagAt(entry, "InUse"),
    shared: flagAt(entry, "Shared"),
    createdAtMs: timeAt(entry, "CreatedAt"),
    lastUsedAtMs: timeAt(entry, "LastUsedAt") || timeAt(entry, "CreatedAt"),
    usageCount: numberAt(entry, "UsageCount"),
  };
}

/**
 * Reads an entry of `/images/json?manifests=1`: the parts of all of the image's manifests that are on this engine, attestations
 * included. Undefined on the graph driver, which lists no manifests.
 */
export function parseImageContents(entry: unknown): ImageContents | undefined {
  const manifests = listAt(entry, "Manifests").filter(isRecord);
  if (manifests.length === 0) return undefined;
  const sum = (read: (manifest: unknown) => number): number =>
    manifests.reduce((total, manifest) => total + read(manifest), 0);
  return {
    unpackedBytes: sum((manifest) => numberAt(recordAt(recordAt(manifest, "ImageData"), "Size"), "Unpacked")),
    contentBytes: sum((manifest) => numberAt(recordAt(manifest, "Size"), "Content")),
  };
}
