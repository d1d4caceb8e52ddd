import type { ComposeModel } from "../../docker/compose-model.ts";
import type { Engine } from "../../docker/engine.ts";
import type { Result } from "../../model/failure.ts";
import type { ObservedImage } from "../../model/observation.ts";
import type { TaskContext } from "../../model/performer.ts";
import type { ServiceImage } from "../../model/task.ts";
import { normalRepository } from "../../plan/cleanup-images.ts";
import { inspectServiceImage } from "../service-image.ts";
import type { ImagePins } from "./compose-override.ts";

/** An image of ours with what the engine says about it. */
export interface FoundImage {
  readonly image: ServiceImage;
  readonly found: Result<ObservedImage>;
}

/** The image IDs that this deploy puts in place. Fails with image-missing when one that it needs is not on the engine. */
export async function resolveImagePins(
  model: ComposeModel,
  images: readonly ServiceImage[],
  engine: Engine,
  context: TaskContext,
): Promise<Result<ImagePins>> {
  const candidates = await Promise.all(
    images.map(async (image) => ({ image, found: await inspectServiceImage(image, engine, context) })),
  );
  const pins: Record<string, string> = {};
  for (const [service, { found }] of matchImages(model, candidates)) {
    if (!found.ok) return found;
    pins[service] = found.value.id;
  }
  return { ok: true, value: pins };
}

/**
 * Which of our images each compose service runs: the one that its `image:` names, so that a migration runs from the image
 * of the backend; else the one that the build config gives to a service of this name. A service of someone else's image,
 * such as a database, has none.
 */
export function matchImages(
  model: Pick<ComposeModel, "services">,
  images: readonly FoundImage[],
): readonly (readonly [service: string, image: FoundImage])[] {
  const byService = new Map(images.map((candidate) => [candidate.image.service.composeService, candidate]));
  const byReference = new Map<string, FoundImage>();
  for (const candidate of images) {
    for (const reference of referencesOf(candidate)) byReference.set(normalReference(reference), candidate);
  }
  return model.services.flatMap(({ name, image }) => {
    const named = image === undefined ? undefined : byReference.get(normalReference(image));
    const ours = named ?? byService.get(name);
    return ours === undefined ? [] : [[name, ours] as const];
  });
}

function referencesOf({ image, found }: FoundImage): readonly string[] {
  const tags = found.ok ? found.value.tags : [];
  return image.reference === undefined ? tags : [image.reference, ...tags];
}

/** `docker.io/library/web` and `web:latest` are one image. */
function normalReference(reference: string): string {
  const tag = /:([^:/@]*)(?:@.*)?$/.exec(reference)?.[1] ?? "latest";
  return `${normalRepository(reference)}:${tag}`;
}
