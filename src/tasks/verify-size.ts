import type { Service } from "../model/build-config.ts";
import type { TaskFact } from "../model/event.ts";
import type { OversizedImage } from "../model/failure.ts";
import type { TaskContext } from "../model/performer.ts";
import type { Check } from "../model/pipeline.ts";
import type { ServiceImage } from "../model/task.ts";
import type { CheckResult } from "./check-result.ts";
import { inspectServiceImage } from "./service-image.ts";
import type { TaskTools } from "./task-tools.ts";

/** Compares image sizes with their limits. All images are measured; all that are too large are in one failure. */
export async function checkSizes(
  check: Extract<Check, { readonly check: "size" }>,
  images: readonly ServiceImage[],
  context: TaskContext,
  tools: TaskTools,
): Promise<CheckResult> {
  const engine = await tools.engine();
  if (!engine.ok) return { failure: engine.failure, facts: [] };
  const facts: TaskFact[] = [];
  const oversized: OversizedImage[] = [];
  for (const image of selectImages(check.services, images)) {
    const found = await inspectServiceImage(image, engine.value, context);
    if (!found.ok) return { failure: found.failure, facts };
    const { id: imageId, sizeBytes } = found.value;
    const service = image.service.name;
    const limitBytes = check.limitBytes ?? image.service.sizeLimitBytes;
    facts.push({
      fact: "image-size",
      service,
      imageId,
      sizeBytes,
      ...(limitBytes === undefined ? {} : { limitBytes }),
    });
    const broken = [
      ...(limitBytes === undefined ? [] : [{ limitBytes }]),
      ...growthLimit(image.service, tools.previousSizeBytes?.(service, imageId)),
    ].find((limit) => sizeBytes > limit.limitBytes);
    if (broken !== undefined) oversized.push({ service, reference: image.reference ?? imageId, sizeBytes, ...broken });
  }
  return oversized.length === 0 ? { facts } : { failure: { reason: "size-limit-exceeded", images: oversized }, facts };
}

/** What the allowed growth makes of the previous size; nothing where either is unknown. */
function growthLimit(
  { growthLimit: growth }: Service,
  previousBytes: number | undefined,
): readonly Pick<OversizedImage, "limitBytes" | "previousBytes">[] {
  if (growth === undefined || previousBytes === undefined) return [];
  return [{ limitBytes: Math.floor(previousBytes * (1 + growth)), previousBytes }];
}

/** The named services; without names those built upstream, and all where nothing is. */
export function selectImages(services: readonly string[], images: readonly ServiceImage[]): readonly ServiceImage[] {
  if (services.length > 0) return images.filter((image) => services.includes(image.service.name));
  const built = images.filter((image) => image.builtBy !== undefined);
  return built.length > 0 ? built : images;
}
