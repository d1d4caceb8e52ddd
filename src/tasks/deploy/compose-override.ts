import type { ComposeModel } from "../../docker/compose-model.ts";
import type { ComposeOverride } from "../../docker/compose.ts";

/** The image of each service of a compose project, by the service's name; services that are not ours have no entry. */
export type ImagePins = Readonly<Record<string, string>>;

/**
 * What is laid over the user's compose files: pinned services run exactly the image with this ID and never pull, and every
 * container says whose it is.
 */
export function composeOverride(
  model: ComposeModel,
  pins: ImagePins,
  labels: Readonly<Record<string, string>>,
): ComposeOverride {
  const services: Record<string, Readonly<Record<string, unknown>>> = {};
  for (const { name } of model.services) {
    const imageId = pins[name];
    services[name] = {
      ...(imageId === undefined ? {} : { image: imageId, pull_policy: "never" }),
      labels,
    };
  }
  return { services };
}
