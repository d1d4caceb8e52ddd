import type { Engine } from "../docker/engine.ts";
import type { Result } from "../model/failure.ts";
import type { ObservedImage } from "../model/observation.ts";
import type { TaskContext } from "../model/performer.ts";
import type { ServiceImage } from "../model/task.ts";

/**
 * The image of a service on the engine: the one that this run built, else the one with the bake target's first tag.
 * Fails with image-missing where there is none.
 */
export async function inspectServiceImage(
  image: ServiceImage,
  engine: Engine,
  context: TaskContext,
): Promise<Result<ObservedImage>> {
  const built = image.builtBy === undefined ? undefined : context.outputs(image.builtBy)?.["image_id"];
  const reference = built ?? image.reference;
  const missing = {
    ok: false,
    failure: {
      reason: "image-missing",
      service: image.service.name,
      reference: image.reference ?? built ?? image.service.name,
    },
  } as const;
  if (reference === undefined) return missing;
  const found = await engine.inspectImage(reference, { signal: context.signal });
  if (!found.ok) return found;
  return found.value === undefined ? missing : { ok: true, value: found.value };
}
