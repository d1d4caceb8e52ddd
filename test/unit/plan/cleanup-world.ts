import type { CleanupPlan } from "../../../src/model/cleanup.ts";
import type { EngineObservation, ObservedCacheRecord, ObservedImage } from "../../../src/model/observation.ts";

/** What a made-up engine knows of a layer and does not say. */
export interface TrueLayer {
  readonly sizeBytes: number;
  /** Compressed; on the containerd store only. */
  readonly blobBytes: number;
}

/** A made-up engine that knows which layer each record holds, so that applying a plan can be played through exactly. */
export interface World {
  readonly observation: EngineObservation;
  readonly layers: ReadonlyMap<string, TrueLayer>;
  /** Record id → chain id; a record that is not here was never part of an image. */
  readonly layerOfRecord: ReadonlyMap<string, string>;
}

/** What the engine shows after the plan: shared records whose last image went are private, and the disk has gained. */
export function applyPlan(world: World, plan: CleanupPlan): World {
  const { observation } = world;
  const gone = new Set(plan.items.map((item) => `${item.item} ${item.id}`));
  const images = observation.images.filter((image) => !gone.has(`image ${image.id}`));
  const held = chainsOf(images);
  const cache = observation.cache
    .filter((record) => !gone.has(`cache-record ${record.id}`))
    .map((record) => withShared(record, held.has(world.layerOfRecord.get(record.id) ?? "")));
  const volumes = observation.volumes?.filter((volume) => !gone.has(`volume ${volume.name}`));
  const left: World = {
    ...world,
    observation: { ...observation, images, cache, ...(volumes === undefined ? {} : { volumes }) },
  };
  const { disk } = observation;
  if (disk === undefined) return left;
  const freeBytes = disk.freeBytes + physicalBytes(world) - physicalBytes(left);
  return { ...left, observation: { ...left.observation, disk: { ...disk, freeBytes } } };
}

function withShared(record: ObservedCacheRecord, shared: boolean): ObservedCacheRecord {
  return { ...record, shared };
}

function chainsOf(images: readonly ObservedImage[]): ReadonlySet<string> {
  return new Set(images.flatMap((image) => (image.layers ?? []).map((layer) => layer.chainId)));
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

/** What the engine accounts: the identities of both stores as they were measured. */
export function accountedBytes({ observation, layers, layerOfRecord }: World): number {
  const { images, cache, store } = observation;
  const chains = [...chainsOf(images)];
  const unpacked = sum(chains.map((chain) => layers.get(chain)?.sizeBytes ?? 0));
  const volumes = sum((observation.volumes ?? []).map((volume) => volume.sizeBytes));
  if (store !== "containerd") {
    return unpacked + volumes + sum(cache.map((record) => (record.shared ? 0 : record.sizeBytes)));
  }
  const inCache = new Set(cache.map((record) => layerOfRecord.get(record.id)));
  const blobs = chains.filter((chain) => !inCache.has(chain)).map((chain) => layers.get(chain)?.blobBytes ?? 0);
  return unpacked + volumes + sum(blobs) + sum(cache.map((record) => record.sizeBytes));
}

/** What lies on the disk: on the graph driver a layer as often as records hold a copy of it, and at least once if anyone does. */
export function physicalBytes(world: World): number {
  const { observation, layers, layerOfRecord } = world;
  const { images, cache, store } = observation;
  if (store === "containerd") return accountedBytes(world);
  const inImages = chainsOf(images);
  let total = sum((observation.volumes ?? []).map((volume) => volume.sizeBytes));
  const copies = new Map<string, number>([...inImages].map((chain) => [chain, 0]));
  for (const record of cache) {
    const chain = layerOfRecord.get(record.id);
    if (chain === undefined) total += record.sizeBytes;
    else copies.set(chain, (copies.get(chain) ?? 0) + (record.sizeBytes > 0 ? 1 : 0));
  }
  for (const [chain, count] of copies) total += Math.max(1, count) * (layers.get(chain)?.sizeBytes ?? 0);
  return total;
}

/** What pruning can free by the engine's own number for it. */
export function privateBytes({ cache }: EngineObservation): number {
  return sum(cache.map((record) => (record.shared ? 0 : record.sizeBytes)));
}
