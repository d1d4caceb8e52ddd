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
 * says that a record is shared, not with what: it is the layer at the same place above its parents with the same size.
 * Where several fit, one that stays is assumed, so that a record is never called private too early.
 */
export function recordsSharedWith(
  remaining: readonly ObservedImage[],
  observation: EngineObservation,
): ReadonlySet<string> {
  const stays = new Set(chainLayers(remaining).keys());
  const placed = placeRecords(observation);
  const shared = new Set<string>();
  for (const record of observation.cache) {
    if (!record.shared) continue;
    const places = placed.get(record.id);
    if (places === undefined || places.some((chainId) => stays.has(chainId))) shared.add(record.id);
  }
  return shared;
}

/** The layers on which each shared record may lie; a record without an entry fits nowhere. */
function placeRecords(observation: EngineObservation): ReadonlyMap<string, readonly string[]> {
  const above = layersAbove(observation.images);
  const anywhere = [...above.keys()];
  const records = new Map(observation.cache.map((record) => [record.id, record]));
  const places = new Map<string, readonly string[]>();
  const place = (record: ObservedCacheRecord): readonly string[] => {
    const known = places.get(record.id);
    if (known !== undefined) return known;
    places.set(record.id, []); // cuts a cycle, which the engine never reports
    const parents = record.parents.flatMap((id) => records.get(id) ?? []).filter((parent) => parent.shared);
    const below = parents.length > 0 ? parents.flatMap(place) : record.parents.length > 0 ? anywhere : [BOTTOM];
    const found = below
      .flatMap((chainId) => above.get(chainId) ?? [])
      // A base image that was pulled or taken from the engine is listed with no bytes of its own.
      .filter((layer) => record.sizeBytes === 0 || layer.sizeBytes === record.sizeBytes)
      .map((layer) => layer.chainId);
    places.set(record.id, found);
    return found;
  };
  for (const record of observation.cache) {
    if (record.shared) place(record);
  }
  for (const [id, found] of places) {
    if (found.length === 0) places.delete(id);
  }
  return places;
}

/** Stands for the empty file system below every first layer. */
const BOTTOM = "";

function layersAbove(images: readonly ObservedImage[]): ReadonlyMap<string, readonly ObservedLayer[]> {
  const above = new Map<string, ObservedLayer[]>();
  const seen = new Set<string>();
  for (const image of images) {
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
