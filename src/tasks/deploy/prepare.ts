import type { Failure } from "../../model/failure.ts";
import type { Rollout } from "./rollout.ts";
import { startShared } from "./shared-start.ts";

/** Starts what all colours share and makes sure that the images of the release are still on the engine. */
export async function prepareRelease(rollout: Rollout): Promise<Failure | undefined> {
  const { engine, release, context } = rollout;
  // Its containers exist, and what they share was there when they were live.
  if (release.restores !== undefined) return undefined;
  const shared = await startShared(rollout);
  if (shared !== undefined) return shared;
  for (const [service, imageId] of Object.entries(release.images)) {
    const image = await engine.inspectImage(imageId, { signal: context.signal });
    if (!image.ok) return image.failure;
    if (image.value === undefined) return { reason: "image-missing", service, reference: imageId };
  }
  return undefined;
}
