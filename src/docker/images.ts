import { createHash } from "node:crypto";
import type { Result } from "../model/failure.ts";
import type { EngineObservation, ImageContents, ObservedImage, ObservedLayer } from "../model/observation.ts";
import { LABELS } from "../model/observation.ts";
import { loadEngineDisk } from "./disk-usage.ts";
import type { ImageLayer } from "./engine-answers.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { isReservation } from "./reservation-record.ts";

/** Instructions that add an entry to the history and no layer. WORKDIR is none of them: BuildKit makes it a layer. */
const METADATA =
  /^(\/bin\/sh -c )?(#\(nop\)\s+)?(ENV|LABEL|CMD|EXPOSE|ENTRYPOINT|USER|ARG|STOPSIGNAL|HEALTHCHECK|VOLUME|SHELL|ONBUILD|MAINTAINER)\b/;

/** How much is looked at. */
export interface ObserveOptions extends EngineOptions {
  readonly nowMs: number;
  /** Makes predictions exact, at two requests of about 1 ms an image. */
  readonly layers?: boolean;
  /** Their sizes are slow to compute: the engine walks through all of their files. */
  readonly volumes?: boolean;
}

/** Everything the clean-up policy looks at, read at once; nothing on the engine changes. */
export async function observeEngine(engine: Engine, options: ObserveOptions): Promise<Result<EngineObservation>> {
  const { nowMs, signal, volumes = false } = options;
  const info = await engine.info({ signal });
  if (!info.ok) return info;
  const store = info.value.imageStore;
  const [usage, contents, disk] = await Promise.all([
    engine.diskUsage({ signal, volumes }),
    store === "containerd" ? engine.listImageContents({ signal }) : ({ ok: true, value: new Map() } as const),
    loadEngineDisk(engine.endpoint, info.value),
  ]);
  if (!usage.ok) return usage;
  if (!contents.ok) return contents;
  const images = await loadImages(engine, usage.value.images, options);
  if (!images.ok) return images;
  return {
    ok: true,
    value: {
      nowMs,
      store,
      ...(disk === undefined ? {} : { disk }),
      ...(volumes ? { volumes: usage.value.volumes.filter(({ labels }) => !isReservation(labels)) } : {}),
      layersBytes: usage.value.layersBytes,
      images: images.value.map((image) => withContents(image, contents.value.get(image.id))),
      containers: usage.value.containers,
      cache: usage.value.cache,
    },
  };
}

function withContents(image: ObservedImage, contents: ImageContents | undefined): ObservedImage {
  return contents === undefined ? image : { ...image, contents };
}

/**
 * The images with what only an inspection knows. Those of a project of ours, and all with `layers`, are inspected one by one. An
 * image that is removed meanwhile is left out.
 */
async function loadImages(
  engine: Engine,
  listed: readonly ObservedImage[],
  { signal, layers = false }: ObserveOptions,
): Promise<Result<readonly ObservedImage[]>> {
  const loaded = await Promise.all(
    listed.map(async (image): Promise<Result<ObservedImage | undefined>> => {
      const { sharedBytes } = image;
      const more = sharedBytes === undefined ? {} : { sharedBytes };
      if (!layers && image.labels[LABELS.project] === undefined) return { ok: true, value: image };
      const known = layers
        ? await loadLayeredImage(engine, image.id, { signal })
        : await engine.inspectImage(image.id, { signal });
      if (!known.ok || known.value === undefined) return known;
      // The size of an inspection on the containerd store is that of the compressed parts alone.
      return { ok: true, value: { ...known.value, sizeBytes: image.sizeBytes, ...more } };
    }),
  );
  const images: ObservedImage[] = [];
  for (const result of loaded) {
    if (!result.ok) return result;
    if (result.value !== undefined) images.push(result.value);
  }
  return { ok: true, value: images };
}

/** An image with its layers, base first; without them where its history does not tell their sizes. Undefined when it is gone. */
export async function loadLayeredImage(
  engine: Engine,
  reference: string,
  options: EngineOptions = {},
): Promise<Result<ObservedImage | undefined>> {
  const [inspected, history] = await Promise.all([
    engine.inspectLayers(reference, options),
    engine.imageHistory(reference, options),
  ]);
  if (!inspected.ok) return inspected;
  if (!history.ok) return history;
  if (inspected.value === undefined || history.value === undefined) return { ok: true, value: undefined };
  const { layerDigests, ...image } = inspected.value;
  const layers = resolveLayers(layerDigests, history.value);
  return { ok: true, value: layers === undefined ? image : { ...image, layers } };
}

/**
 * Joins an image's layer digests (base first) with the sizes of its history (newest first, entries without a layer included).
 * The chain ID of a layer covers all layers below it, so equal chain IDs are one layer on disk. Undefined when the two lists
 * cannot be joined.
 */
export function resolveLayers(
  digests: readonly string[],
  history: readonly ImageLayer[],
): readonly ObservedLayer[] | undefined {
  const entries = history.toReversed();
  const candidates = [
    entries.filter((entry) => entry.sizeBytes > 0 || !METADATA.test(entry.createdBy)),
    entries.filter((entry) => entry.sizeBytes > 0),
    entries,
  ];
  const sizes = candidates.find((candidate) => candidate.length === digests.length);
  if (sizes === undefined) return undefined;
  const layers: ObservedLayer[] = [];
  for (const [place, digest] of digests.entries()) {
    const below = layers.at(-1)?.chainId;
    const chainId =
      below === undefined ? digest : `sha256:${createHash("sha256").update(`${below} ${digest}`).digest("hex")}`;
    const { sizeBytes = 0, createdBy = "", createdAtMs = 0 } = sizes[place] ?? {};
    layers.push({ chainId, sizeBytes, createdBy, createdAtMs });
  }
  return layers;
}
