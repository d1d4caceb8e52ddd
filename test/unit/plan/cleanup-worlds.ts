import fc from "fast-check";
import type { CleanupPolicy } from "../../../src/model/build-config.ts";
import type { ObservedCacheRecord, ObservedContainer, ObservedImage } from "../../../src/model/observation.ts";
import type { CleanupScope } from "../../../src/plan/cleanup-images.ts";
import { CLEANUP_STEPS } from "../../../src/config/schema/cleanup.ts";
import { HOUR_MS, NOW_MS, SCOPE, aRecord } from "./cleanup-rig.ts";
import type { TrueLayer, World } from "./cleanup-world.ts";

const TAGS = [
  "shop/web:1",
  "shop/web:2",
  "shop/api:1",
  "docker.io/shop/api:2",
  "other/app:1",
  "registry.test:5000/x:9",
];
const age = fc.integer({ min: 0, max: 100 * HOUR_MS });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

const drawnLayer = fc.record({
  below: fc.nat(7),
  // Few sizes, so that siblings often have the same.
  sizeBytes: fc.oneof(fc.constantFrom(0, 100, 200), fc.integer({ min: 1, max: 5_000 })),
  blobBytes: fc.nat(300),
  /** 2: a build without cache left it twice. */
  records: fc.constantFrom(0, 1, 1, 1, 2),
  isBase: fc.boolean(),
  usedAgeMs: age,
});
const drawnImage = fc.record({
  top: fc.nat(7),
  project: fc.constantFrom("shop", "shop", "shop", "foreign", undefined),
  service: fc.constantFrom("web", "api", "retired"),
  tags: fc.uniqueArray(fc.constantFrom(...TAGS), { maxLength: 2 }),
  ageMs: age,
  taggedAgeMs: maybe(age),
  lastUsedAgeMs: maybe(age),
  used: fc.boolean(),
  released: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
});
const drawnRecord = fc.record({
  parent: maybe(fc.nat(15)),
  type: fc.constantFrom("regular", "regular", "regular", "source.local", "exec.cachemount", "frontend"),
  sizeBytes: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5_000 })),
  inUse: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
  ageMs: age,
  usageCount: fc.nat(5),
});
const drawnVolume = fc.record({
  sizeBytes: fc.nat(5_000),
  ageMs: age,
  project: fc.constantFrom("shop", "foreign", undefined),
  mounted: fc.boolean(),
});
const drawnEngine = fc.record({
  store: fc.constantFrom("graph-driver", "graph-driver", "containerd"),
  layers: fc.array(drawnLayer, { minLength: 1, maxLength: 8 }),
  images: fc.array(drawnImage, { maxLength: 9 }),
  records: fc.array(drawnRecord, { maxLength: 12 }),
  volumes: fc.array(drawnVolume, { maxLength: 3 }),
  disk: maybe(fc.record({ freeBytes: fc.nat(40_000), totalBytes: fc.constant(200_000) })),
});
type Drawn<T> = T extends fc.Arbitrary<infer U> ? U : never;
type DrawnEngine = Drawn<typeof drawnEngine>;

/** A random engine, what is known of its project, and a policy for it. */
export interface Case {
  readonly world: World;
  readonly policy: CleanupPolicy;
  readonly scope: CleanupScope;
}

const bytes = fc.integer({ min: 0, max: 30_000 });
const policies: fc.Arbitrary<CleanupPolicy> = fc.record(
  {
    maxCacheBytes: bytes,
    keepImagesPerService: fc.integer({ min: 1, max: 3 }),
    minAgeMs: fc.integer({ min: 0, max: 60 * HOUR_MS }),
    maxImagesBytes: bytes,
    minFree: fc
      .tuple(bytes, bytes)
      .map(([low, more]) => ({ low: { bytes: low }, high: { share: Math.min(0.9, (low + more) / 200_000) } })),
    steps: fc.shuffledSubarray([...CLEANUP_STEPS]),
    pinned: fc.constantFrom(["shop/web:1"], ["shop/*"], ["nothing:*"]),
  },
  { requiredKeys: ["maxCacheBytes", "keepImagesPerService", "minAgeMs"] },
);

const drawnScope = fc.record({
  runAgeMs: maybe(age),
  allImages: fc.boolean(),
  volumes: fc.boolean(),
  needBytes: maybe(bytes),
  rebuildMs: maybe(fc.array(fc.nat(60_000), { minLength: 1, maxLength: 12 })),
});

export const cases: fc.Arbitrary<Case> = fc
  .record({ engine: drawnEngine, policy: policies, scope: drawnScope })
  .map(({ engine, policy, scope }) => ({ world: buildWorld(engine), policy, scope: buildScope(engine, scope) }));

function buildScope({ images }: DrawnEngine, drawn: Drawn<typeof drawnScope>): CleanupScope {
  const { runAgeMs, allImages, volumes, needBytes, rebuildMs } = drawn;
  return {
    ...SCOPE,
    composeProjects: ["shop"],
    released: new Map(images.flatMap(({ released }, index) => (released ? [[imageId(index), `r${index}`]] : []))),
    lastUsedMs: new Map(
      images.flatMap(({ lastUsedAgeMs }, index) =>
        lastUsedAgeMs === undefined ? [] : [[imageId(index), NOW_MS - lastUsedAgeMs]],
      ),
    ),
    runsInProgress:
      runAgeMs === undefined ? [] : [{ runId: "run-1", startedAtMs: NOW_MS - runAgeMs, reservedBytes: 0 }],
    rebuildMs: new Map(rebuildMs?.map((ms, index) => [`[build] COPY record-${index}`, ms])),
    allImages,
    volumes,
    ...(needBytes === undefined ? {} : { needBytes }),
  };
}

function imageId(index: number): string {
  return `sha256:image-${index}`;
}

const AGAIN_MS = 400_000;

/** Which of the builds of a layer an image comes from. */
function copyOf(layer: Drawn<typeof drawnLayer> | undefined, image: number): number {
  return layer?.records === 2 && !layer.isBase ? image % 2 : 0;
}

/** When the step of a layer ran: no two in one second, as no two of one builder do. */
function stepTimeMs(index: number): number {
  return NOW_MS - 200 * HOUR_MS + index * 1_000;
}

function buildWorld(engine: DrawnEngine): World {
  const { store, layers: drawn } = engine;
  const isContainerd = store === "containerd";
  // A compressed layer that neither a record nor an image tells apart from others has no size that can be known.
  const layers = new Map<string, TrueLayer>(
    drawn.map(({ sizeBytes, blobBytes }, index) => [
      `chain-${index}`,
      { sizeBytes, blobBytes: isContainerd && isHeld(drawn, index) && sizeBytes > 0 ? blobBytes : 0 },
    ]),
  );
  const images = engine.images.map((image, index) => buildImage(image, index, drawn, layers, isContainerd));
  const containers = engine.images.flatMap(({ used }, index): ObservedContainer[] => (used ? [aContainer(index)] : []));
  const mounted = engine.volumes.flatMap((volume, index) => (volume.mounted ? [`volume-${index}`] : []));
  const first = { ...aContainer(99), imageId: "sha256:unknown", volumes: mounted };
  const { records, layerOfRecord } = buildLayerRecords(engine, images, layers);
  return {
    observation: {
      nowMs: NOW_MS,
      store,
      ...(engine.disk === undefined ? {} : { disk: engine.disk }),
      images,
      containers: [first, ...containers],
      cache: [...records, ...buildPrivateRecords(engine.records, records)],
      volumes: engine.volumes.map(({ sizeBytes, ageMs, project }, index) => ({
        name: `volume-${index}`,
        labels: project === undefined ? {} : { "com.docker.compose.project": project },
        sizeBytes,
        createdAtMs: NOW_MS - ageMs,
      })),
    },
    layers,
    layerOfRecord,
  };
}

function aContainer(index: number): ObservedContainer {
  const name = `container-${index}`;
  return { id: name, name, imageId: imageId(index), state: "exited", labels: {}, volumes: [] };
}

function buildLayerRecords(
  { layers: drawn, store }: DrawnEngine,
  images: readonly ObservedImage[],
  layers: ReadonlyMap<string, TrueLayer>,
): { readonly records: readonly ObservedCacheRecord[]; readonly layerOfRecord: ReadonlyMap<string, string> } {
  const inImages = new Set(images.flatMap((image) => (image.layers ?? []).map((layer) => layer.chainId)));
  const layerOfRecord = new Map<string, string>();
  const records: ObservedCacheRecord[] = [];
  for (const [index, layer] of drawn.entries()) {
    if (!isHeld(drawn, index)) continue;
    const chainId = `chain-${index}`;
    const { sizeBytes = 0, blobBytes = 0 } = layers.get(chainId) ?? {};
    const below = parentOf(drawn, index);
    const isBase = layer.isBase && store !== "containerd";
    // Each build without cache that left a copy also left an image that says when.
    const builds = images.flatMap((image, place) =>
      image.layers?.some((held) => held.chainId === chainId) === true ? [copyOf(layer, place)] : [],
    );
    for (const copy of new Set(store === "containerd" || isBase || builds.length === 0 ? [0] : builds)) {
      const id = `layer-${index}${copy === 0 ? "" : "-again"}`;
      // Nobody can know the size of a base layer that no image had when it was looked at.
      if (!isBase || inImages.has(chainId)) layerOfRecord.set(id, chainId);
      const change = {
        parents: below === undefined ? [] : recordsOf(records, below),
        description: isBase ? "pulled from base" : `[build] COPY layer-${index % 2} /`,
        sizeBytes: isBase ? 0 : sizeBytes + blobBytes,
        shared: inImages.has(chainId),
        createdAtMs: stepTimeMs(index) + 7 + AGAIN_MS * copy,
        lastUsedAtMs: NOW_MS - layer.usedAgeMs,
      };
      records.push(aRecord(id, change));
    }
  }
  return { records, layerOfRecord };
}

/** The first record of a layer, as the parent of what lies on it. */
function recordsOf(records: readonly ObservedCacheRecord[], layer: number): readonly string[] {
  const found = records.find(({ id }) => id === `layer-${layer}` || id === `layer-${layer}-again`);
  return found === undefined ? [] : [found.id];
}

/** Records that were never part of an image, on any of the others. */
function buildPrivateRecords(
  drawn: readonly Drawn<typeof drawnRecord>[],
  below: readonly ObservedCacheRecord[],
): readonly ObservedCacheRecord[] {
  const records: ObservedCacheRecord[] = [];
  for (const [index, { parent, ageMs, ...rest }] of drawn.entries()) {
    const all = [...below, ...records];
    const on = parent === undefined ? undefined : all[parent % Math.max(1, all.length)];
    const parents = on === undefined ? [] : [on.id];
    records.push(aRecord(`record-${index}`, { ...rest, parents, lastUsedAtMs: NOW_MS - ageMs }));
  }
  return records;
}

function buildImage(
  drawn: Drawn<typeof drawnImage>,
  index: number,
  drawnLayers: readonly Drawn<typeof drawnLayer>[],
  trueLayers: ReadonlyMap<string, TrueLayer>,
  isContainerd: boolean,
): ObservedImage {
  const labels = { "dev.orchestrate.service": drawn.service };
  const layers = chainOf(drawnLayers, drawn.top % drawnLayers.length).map((place) => ({
    chainId: `chain-${place}`,
    sizeBytes: trueLayers.get(`chain-${place}`)?.sizeBytes ?? 0,
    createdBy: `COPY layer-${place % 2} / # buildkit`,
    createdAtMs: stepTimeMs(place) + copyOf(isContainerd ? undefined : drawnLayers[place], index) * AGAIN_MS,
  }));
  const contentBytes = layers.reduce((sum, { chainId }) => sum + (trueLayers.get(chainId)?.blobBytes ?? 0), 0);
  const unpackedBytes = layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return {
    id: imageId(index),
    tags: drawn.tags,
    labels: drawn.project === undefined ? labels : { ...labels, "dev.orchestrate.project": drawn.project },
    sizeBytes: unpackedBytes + contentBytes,
    createdAtMs: NOW_MS - drawn.ageMs,
    lastTaggedAtMs: drawn.taggedAgeMs === undefined ? 0 : NOW_MS - drawn.taggedAgeMs,
    layers,
    ...(isContainerd ? { contents: { unpackedBytes, contentBytes } } : {}),
  };
}

/** BuildKit holds the whole chain below a layer that it holds. */
function isHeld(layers: readonly Drawn<typeof drawnLayer>[], index: number): boolean {
  return layers.some((layer, above) => layer.records > 0 && chainOf(layers, above).includes(index));
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
