import type { Engine } from "../docker/engine.ts";
import type { Result } from "../model/failure.ts";
import { LABELS } from "../model/observation.ts";
import type { EngineObservation, ObservedImage } from "../model/observation.ts";
import { judgeSizes } from "../monitor/monitor-text.ts";
import type { SizeVerdict } from "../monitor/monitor-text.ts";
import { describeServices } from "../monitor/usage-images.ts";
import type { History } from "./history.ts";
import type { Surroundings } from "./surroundings.ts";
import type { UsageProject } from "./usage-facts.ts";

/** The newest image of each service against its limits: one list, and a look at each image of the project. */
export async function loadSizes(
  engine: Engine,
  { buildConfig }: UsageProject,
  history: History,
  { signal }: Surroundings,
): Promise<Result<readonly SizeVerdict[]>> {
  const listed = await engine.listImages({ signal, labels: [`${LABELS.project}=${buildConfig.project}`] });
  if (!listed.ok) return listed;
  const images: ObservedImage[] = [];
  const inspected = await Promise.all(listed.value.map(async ({ id }) => await engine.inspectImage(id, { signal })));
  for (const [index, result] of inspected.entries()) {
    if (!result.ok) return result;
    const image = listed.value[index];
    // The list has the size on both stores, the inspection the time of the last tag.
    if (result.value !== undefined && image !== undefined) images.push({ ...result.value, sizeBytes: image.sizeBytes });
  }
  const observation: EngineObservation = { nowMs: Date.now(), images, containers: [], cache: [] };
  const usages = describeServices(observation, buildConfig, undefined);
  return {
    ok: true,
    value: judgeSizes(
      buildConfig.services.map((service) => {
        const newest = usages.find((usage) => usage.service === service.name)?.images[0];
        const previousBytes = newest === undefined ? undefined : history.previousSizeBytes(service.name, newest.id);
        return {
          service,
          ...(newest === undefined ? {} : { newest }),
          ...(previousBytes === undefined ? {} : { previousBytes }),
        };
      }),
    ),
  };
}
