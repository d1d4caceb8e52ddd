import fc from "fast-check";
import type { CleanupPolicy } from "../../../src/model/build-config.ts";
import type { CleanupPlan } from "../../../src/model/cleanup.ts";
import type {
  EngineObservation,
  ObservedCacheRecord,
  ObservedImage,
  ObservedLayer,
} from "../../../src/model/observation.ts";
import type { CleanupScope } from "../../../src/plan/cleanup-images.ts";

export const NOW_MS = 1_800_000_000_000;
export const HOUR_MS = 3_600_000;

export const SCOPE: CleanupScope = {
  project: "shop",
  services: [
    { name: "web", repositories: ["shop/web"] },
    { name: "api", repositories: ["shop/api"] },
  ],
};

export const POLICY: CleanupPolicy = { maxCacheBytes: 1_000_000, keepImagesPerService: 2, minAgeMs: HOUR_MS };

/** An image of ours, as old as asked, with one layer of its own. */
export function anImage(
  id: string,
  change: Partial<ObservedImage> & { ageMs?: number; service?: string } = {},
): ObservedImage {
  const { ageMs = 10 * HOUR_MS, service = "web", ...rest } = change;
  return {
    id: `sha256:${id}`,
    tags: [],
    labels: { "dev.orchestrate.project": "shop", "dev.orchestrate.service": service },
    sizeBytes: 1_000,
    createdAtMs: NOW_MS - ageMs,
    lastTaggedAtMs: 0,
    layers: [{ chainId: `chain-${id}`, sizeBytes: 1_000 }],
    ...rest,
  };
}

/** A private record of the cache. */
export function aRecord(id: string, change: Partial<ObservedCacheRecord> = {}): ObservedCacheRecord {
  return {
    id,
    parents: [],
    type: "regular",
    description: `[build] COPY ${id}`,
    sizeBytes: 1_000,
    inUse: false,
    shared: false,
    lastUsedAtMs: NOW_MS - HOUR_MS,
    usageCount: 1,
    ...change,
  };
}

export function anObservation(change: Partial<EngineObservation> = {}): EngineObservation {
  return { nowMs: NOW_MS, images: [], containers: [], cache: [], ...change };
}

/** A made-up engine that knows which layer each record holds, so that applying a plan can be played through exactly. */
export interface World {
  readonly observation: EngineObservation;
  /** Record id → chain id; a record that is not here was never part of an image. */
  readonly layerOfRecord: ReadonlyMap<string, string>;
}

/** What the engine shows after the plan: shared records whose last image went are private. */
export function applyPlan(world: World, plan: CleanupPlan): World {
  const gone = new Set(plan.items.map((item) => item.id));
  const images = world.observation.images.filter((image) => !gone.has(image.id));
  const layers = new Set(images.flatMap((image) => (image.layers ?? []).map((layer) => layer.chainId)));
  const cache = world.observation.cache
    .filter((record) => !gone.has(record.id))
    .map((record) => aRecord(record.id, { ...record, shared: layers.has(world.layerOfRecord.get(record.id) ?? "") }));
  return { ...world, observation: { ...world.observation, images, cache } };
}

/** What the engine accounts: every layer of an image once, and every record that shares none. */
export function accountedBytes({ observation }: World): number {
  const layers = new Map<string, number>();
  for (const image of observation.images) {
    for (const layer of image.layers ?? []) layers.set(layer.chainId, layer.sizeBytes);
  }
  const records = observation.cache.filter((record) => !record.shared).map((record) => record.sizeBytes);
  return [...layers.values(), ...records].reduce((sum, size) => sum + size, 0);
}

const SERVICES = ["web", "api", "retired"];
const TAGS = [
  "shop/web:1",
  "shop/web:2",
  "shop/api:1",
  "docker.io/shop/api:2",
  "other/app:1",
  "registry.test:5000/x:9",
];

const drawnLayer = fc.record({
  below: fc.nat(7),
  sizeBytes: fc.integer({ min: 1, max: 5_000 }),
  hasRecord: fc.boolean(),
});
const drawnImage = fc.record({
  top: fc.nat(7),
  project: fc.constantFrom("shop", "shop", "shop", "foreign", undefined),
  service: fc.constantFrom(...SERVICES),
  tags: fc.uniqueArray(fc.constantFrom(...TAGS), { maxLength: 2 }),
  ageMs: fc.integer({ min: 0, max: 100 * HOUR_MS }),
  taggedAgeMs: fc.option(fc.integer({ min: 0, max: 100 * HOUR_MS }), { nil: undefined }),
  used: fc.boolean(),
});
const drawnRecord = fc.record({
  parent: fc.option(fc.nat(15), { nil: undefined }),
  sizeBytes: fc.integer({ min: 0, max: 5_000 }),
  inUse: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
  ageMs: fc.integer({ min: 0, max: 50 * HOUR_MS }),
  usageCount: fc.nat(5),
});

/** Random engines: images that share layers, cache records for some of those layers, further records above them. */
export const worlds: fc.Arbitrary<World> = fc
  .record({
    layers: fc.array(drawnLayer, { minLength: 1, maxLength: 8 }),
    images: fc.array(drawnImage, { maxLength: 9 }),
    records: fc.array(drawnRecord, { maxLength: 12 }),
  })
  .map(({ layers, images, records }) => buildWorld(layers, images, records));

type Drawn<T> = T extends fc.Arbitrary<infer U> ? U : never;

function buildWorld(
  layers: readonly Drawn<typeof drawnLayer>[],
  drawnImages: readonly Drawn<typeof drawnImage>[],
  drawnRecords: readonly Drawn<typeof drawnRecord>[],
): World {
  const chains = layers.map((_, index) => chainTo(layers, index));
  const images = drawnImages.map((drawn, index) => buildImage(drawn, index, chains[drawn.top % chains.length] ?? []));
  const layerOfRecord = new Map<string, string>();
  const cache: ObservedCacheRecord[] = [];
  const imageLayers = new Set(images.flatMap((image) => (image.layers ?? []).map((layer) => layer.chainId)));
  for (const [index, layer] of layers.entries()) {
    // BuildKit holds the whole chain below a layer that it holds.
    const held = layers.some((other, above) => other.hasRecord && chainOf(layers, above).includes(index));
    if (!held) continue;
    const chainId = `chain-${index}`;
    const below = parentOf(layers, index);
    const id = `layer-${index}`;
    layerOfRecord.set(id, chainId);
    cache.push(
      aRecord(id, {
        parents: below === undefined ? [] : [`layer-${below}`],
        sizeBytes: layer.sizeBytes,
        shared: imageLayers.has(chainId),
        lastUsedAtMs: NOW_MS - index * HOUR_MS,
      }),
    );
  }
  for (const [index, { parent, ageMs, ...drawn }] of drawnRecords.entries()) {
    const parents = parent === undefined ? [] : [cache[parent % Math.max(1, cache.length)]?.id ?? []].flat();
    cache.push(aRecord(`record-${index}`, { ...drawn, parents, lastUsedAtMs: NOW_MS - ageMs }));
  }
  const containers = drawnImages.flatMap((drawn, index) =>
    drawn.used
      ? [{ id: `c${index}`, name: `container-${index}`, imageId: images[index]?.id ?? "", state: "exited", labels: {} }]
      : [],
  );
  return { observation: { nowMs: NOW_MS, images, containers, cache }, layerOfRecord };
}

function buildImage(drawn: Drawn<typeof drawnImage>, index: number, layers: readonly ObservedLayer[]): ObservedImage {
  const labels = { "dev.orchestrate.service": drawn.service };
  return {
    id: `sha256:image-${index}`,
    tags: drawn.tags,
    labels: drawn.project === undefined ? labels : { ...labels, "dev.orchestrate.project": drawn.project },
    sizeBytes: layers.reduce((sum, layer) => sum + layer.sizeBytes, 0),
    createdAtMs: NOW_MS - drawn.ageMs,
    lastTaggedAtMs: drawn.taggedAgeMs === undefined ? 0 : NOW_MS - drawn.taggedAgeMs,
    layers,
  };
}

/** A layer lies on one that was drawn earlier, or at the bottom. */
function parentOf(layers: readonly Drawn<typeof drawnLayer>[], index: number): number | undefined {
  const below = layers[index]?.below ?? 0;
  return below < index ? below : undefined;
}

function chainOf(layers: readonly Drawn<typeof drawnLayer>[], top: number): readonly number[] {
  const chain: number[] = [];
  for (let index: number | undefined = top; index !== undefined; index = parentOf(layers, index)) chain.unshift(index);
  return chain;
}

function chainTo(layers: readonly Drawn<typeof drawnLayer>[], top: number): readonly ObservedLayer[] {
  return chainOf(layers, top).map((index) => ({ chainId: `chain-${index}`, sizeBytes: layers[index]?.sizeBytes ?? 0 }));
}
