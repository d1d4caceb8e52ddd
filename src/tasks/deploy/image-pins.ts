import type { ComposeModel } from "../../docker/compose-model.ts";
import type { Engine } from "../../docker/engine.ts";
import type { Result } from "../../model/failure.ts";
import type { TaskContext } from "../../model/performer.ts";
import type { ServiceImage } from "../../model/task.ts";
import { normalRepository } from "../../plan/cleanup-images.ts";
import { inspectServiceImage } from "../service-image.ts";
import type { ImagePins } from "./compose-override.ts";

/** The image IDs that this deploy puts in place. Fails with image-missing when one of them is not on the engine. */
export async function resolveImagePins(
  model: ComposeModel,
  images: readonly ServiceImage[],
  engine: Engine,
  context: TaskContext,
): Promise<Result<ImagePins>> {
  const pins: Record<string, string> = {};
  const resolved = new Map<ServiceImage, string>();
  for (const [service, image] of matchImages(model, images)) {
    let imageId = resolved.get(image);
    if (imageId === undefined) {
      const found = await inspectServiceImage(image, engine, context);
      if (!found.ok) return found;
      imageId = found.value.id;
      resolved.set(image, imageId);
    }
    pins[service] = imageId;
  }
  return { ok: true, value: pins };
}

/**
 * Which of our images each compose service runs: the service that the build config names, and any other that names the
 * same image, such as a migration that runs from the backend's.
 */
export function matchImages(
  model: ComposeModel,
  images: readonly ServiceImage[],
): readonly (readonly [service: string, image: ServiceImage])[] {
  const byService = new Map(images.map((image) => [image.service.composeService, image]));
  const byReference = new Map(
    images.flatMap((image) => (image.reference === undefined ? [] : [[normalReference(image.reference), image]])),
  );
  return model.services.flatMap(({ name, image }) => {
    const ours = byService.get(name) ?? (image === undefined ? undefined : byReference.get(normalReference(image)));
    return ours === undefined ? [] : [[name, ours] as const];
  });
}

/** `docker.io/library/web` and `web:latest` are one image. */
function normalReference(reference: string): string {
  const tag = /:([^:/@]*)(?:@.*)?$/.exec(reference)?.[1] ?? "latest";
  return `${normalRepository(reference)}:${tag}`;
}
