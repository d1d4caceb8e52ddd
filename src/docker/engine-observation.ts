import type { Result } from "../model/failure.ts";
import type { EngineObservation } from "../model/observation.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { loadImages } from "./images.ts";

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
