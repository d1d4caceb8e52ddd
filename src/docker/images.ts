import { createHash } from "node:crypto";
import type { Result } from "../model/failure.ts";
import type { EngineObservation, ObservedImage, ObservedLayer } from "../model/observation.ts";
import { LABELS } from "../model/observation.ts";
import type { ImageLayer } from "./engine-answers.ts";
import type { Engine, EngineOptions } from "./engine.ts";

/** Instructions that add an entry to the history and no layer. WORKDIR is none of them: BuildKit makes it a layer. */
const METADATA =
  /^(\/bin\/sh -c )?(#\(nop\)\s+)?(ENV|LABEL|CMD|EXPOSE|ENTRYPOINT|USER|ARG|STOPSIGNAL|HEALTHCHECK|VOLUME|SHELL|ONBUILD|MAINTAINER)\b/;

/**
 * Everything the clean-up policy looks at, read at once; nothing on the engine changes. `layers` makes predictions exact and
 * costs two requests of about 1 ms an image.
 */
export async function observeEngine(
  engine: Engine,
  options: EngineOptions & { readonly nowMs: number; readonly layers?: boolean },
): Promise<Result<EngineObservation>> {
  const { nowMs, signal } = options;
  const [images, containers, cache] = await Promise.all([
    loadImages(engine, { signal, layers: options.layers === true }),
    engine.listContainers({ signal }),
    engine.listCacheRecords({ signal }),
  ]);
  if (!images.ok) return images;
  if (!containers.ok) return containers;
  if (!cache.ok) return cache;
  return { ok: true, value: { nowMs, images: images.value, containers: containers.value, cache: cache.value } };
}

/**
 * All images. Those of a project of ours, and all with `layers`, are inspected one by one (about 1 ms each), because only
 * an inspection knows when an image was tagged. An image that is removed meanwhile is left out.
 */
async function loadImages(
  engine: Engine,
  options: EngineOptions & { readonly layers?: boolean } = {},
): Promise<Result<readonly ObservedImage[]>> {
  const listed = await engine.listImages({ signal: options.signal });
  if (!listed.ok) return listed;
  const loaded = await Promise.all(listed.value.map((image) => loadImage(engine, image, options)));
  const images: ObservedImage[] = [];
  for (const result of loaded) {
    if (!result.ok) return result;
    if (result.value !== undefined) images.push(result.value);
  }
  return { ok: true, value: images };
}

async function loadImage(
  engine: Engine,
  listed: ObservedImage,
  options: EngineOptions & { readonly layers?: boolean },
): Promise<Result<ObservedImage | undefined>> {
  const { signal } = options;
  if (options.layers !== true && listed.labels[LABELS.project] === undefined) return { ok: true, value: listed };
  const inspected = await engine.inspectImage(listed.id, { signal });
  if (!inspected.ok || inspected.value === undefined || options.layers !== true) return inspected;
  const layers = await loadImageLayers(engine, listed.id, { signal });
  if (!layers.ok) return layers;
  return {
    ok: true,
    value: layers.value === undefined ? inspected.value : { ...inspected.value, layers: layers.value },
  };
}

/** The layers of an image, base first; undefined when it is gone or its history does not tell the sizes. */
export async function loadImageLayers(
  engine: Engine,
  reference: string,
  options: EngineOptions = {},
): Promise<Result<readonly ObservedLayer[] | undefined>> {
  const [digests, history] = await Promise.all([
    engine.imageLayerDigests(reference, options),
    engine.imageHistory(reference, options),
  ]);
  if (!digests.ok) return digests;
  if (!history.ok) return history;
  if (digests.value === undefined || history.value === undefined) return { ok: true, value: undefined };
  return { ok: true, value: resolveLayers(digests.value, history.value) };
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
    layers.push({ chainId, sizeBytes: sizes[place]?.sizeBytes ?? 0 });
  }
  return layers;
}
