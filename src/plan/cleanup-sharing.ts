import { imageTimeMs } from "./cleanup-images.ts";
import type { EngineObservation, ObservedCacheRecord, ObservedImage, ObservedLayer } from "../model/observation.ts";

/**
 * Bytes that the engine accounts for these images and cache records (facts of the graph driver): every layer once, and
 * the cache records that share nothing with an image.
 */
export function accountedSizeBytes(
  images: readonly ObservedImage[],
  records: readonly ObservedCacheRecord[],
  isShared: (record: ObservedCacheRecord) => boolean,
): number {
  let total = 0;
  for (const layer of chainLayers(images).values()) total += layer.sizeBytes;
  for (const record of records) {
    if (!isShared(record)) total += record.sizeBytes;
  }
  return total;
}

/**
 * The shared cache records that still share a layer when only `remaining` are left of the observed images. The engine
 * says that a record is shared, not with what: see {@link placeRecords}. A record that fits nowhere counts as shared.
 */
export function recordsSharedWith(
  remaining: readonly ObservedImage[],
  observation: EngineObservation,
): ReadonlySet<string> {
  const stays = new Set(chainLayers(remaining).keys());
  const places = placeRecords(observation);
  const shared = new Set<string>();
  for (const { id, shared: sharesNow } of observation.cache) {
    const chainId = places.get(id);
    if (sharesNow && (chainId === undefined || stays.has(chainId))) shared.add(id);
  }
  return shared;
}

/**
 * The layer that each shared record holds: one of the same size, above the layer of its parent. Each layer is held by one
 * record, so where siblings have equal sizes their number is right, and the record used last goes with the newest image.
 */
function placeRecords({ images, cache }: EngineObservation): ReadonlyMap<string, string> {
  const above = layersAbove(images);
  const records = new Map(cache.filter((record) => record.shared).map((record) => [record.id, record]));
  const places = new Map<string, string>();
  const claimed = new Set<string>();
  for (const record of sortForPlacing(records)) {
    const layer = candidateLayers(record, above, places).find(
      ({ chainId, sizeBytes }) =>
        !claimed.has(chainId) &&
        // A base image that was pulled, or taken from the engine, is listed with no bytes of its own.
        (record.sizeBytes === 0 || record.sizeBytes === sizeBytes),
    );
    if (layer === undefined) continue;
    claimed.add(layer.chainId);
    places.set(record.id, layer.chainId);
  }
  return places;
}

/** The layers above those of the record's parents, newest image first; all layers where the parents are unknown. */
function candidateLayers(
  record: ObservedCacheRecord,
  above: ReadonlyMap<string, readonly ObservedLayer[]>,
  places: ReadonlyMap<string, string>,
): readonly ObservedLayer[] {
  if (record.parents.length === 0) return above.get(BOTTOM) ?? [];
  const below = record.parents.flatMap((id) => places.get(id) ?? []);
  return below.length > 0 ? below.flatMap((chainId) => above.get(chainId) ?? []) : [...above.values()].flat();
}

/** Parents first; among siblings those of known size first, then the last used. */
function sortForPlacing(records: ReadonlyMap<string, ObservedCacheRecord>): readonly ObservedCacheRecord[] {
  const depths = new Map<string, number>();
  const depthOf = (record: ObservedCacheRecord): number => {
    const known = depths.get(record.id);
    if (known !== undefined) return known;
    depths.set(record.id, 0); // cuts a cycle, which the engine never reports
    const parents = record.parents.flatMap((id) => records.get(id) ?? []);
    const depth = parents.length === 0 ? 0 : 1 + Math.max(...parents.map(depthOf));
    depths.set(record.id, depth);
    return depth;
  };
  return [...records.values()].sort(
    (a, b) =>
      depthOf(a) - depthOf(b) ||
      Number(a.sizeBytes === 0) - Number(b.sizeBytes === 0) ||
      b.lastUsedAtMs - a.lastUsedAtMs ||
      (a.id < b.id ? -1 : 1),
  );
}

/** Stands for the empty file system below every first layer. */
const BOTTOM = "";

function layersAbove(images: readonly ObservedImage[]): ReadonlyMap<string, readonly ObservedLayer[]> {
  const above = new Map<string, ObservedLayer[]>();
  const seen = new Set<string>();
  const newestFirst = [...images].sort((a, b) => imageTimeMs(b) - imageTimeMs(a) || (a.id < b.id ? -1 : 1));
  for (const image of newestFirst) {
    let below = BOTTOM;
    for (const layer of layersOf(image)) {
      if (!seen.has(layer.chainId)) {
        seen.add(layer.chainId);
        const siblings = above.get(below);
        if (siblings === undefined) above.set(below, [layer]);
        else siblings.push(layer);
      }
      below = layer.chainId;
    }
  }
  return above;
}

function chainLayers(images: readonly ObservedImage[]): ReadonlyMap<string, ObservedLayer> {
  const layers = new Map<string, ObservedLayer>();
  for (const image of images) {
    for (const layer of layersOf(image)) layers.set(layer.chainId, layer);
  }
  return layers;
}

/** An image whose layers nobody asked for counts as one layer of its own: the prediction is then an upper bound. */
function layersOf(image: ObservedImage): readonly ObservedLayer[] {
  return image.layers ?? [{ chainId: image.id, sizeBytes: image.sizeBytes }];
}
