import { buildBakeTarget } from "../docker/bake.ts";
import type { BuiltImage } from "../docker/bake.ts";
import { engineHome } from "../docker/disk-usage.ts";
import { watchDisk } from "../docker/disk-watch.ts";
import type { Engine } from "../docker/engine.ts";
import type { TaskFact } from "../model/event.ts";
import { LABELS } from "../model/observation.ts";
import type { TaskContext, TaskResult } from "../model/performer.ts";
import type { TaskOf } from "../model/task.ts";
import { measureBuild } from "../plan/disk-need.ts";
import { failed, succeeded } from "./task-result.ts";
import type { TaskTools } from "./task-tools.ts";

/**
 * Builds one bake target. Outputs: `image_id`, `image` (the first tag), `size_bytes`; none for a bake target that
 * exports no image. The image carries constant labels only, so equal inputs give an equal image ID.
 */
export async function performBuild(task: TaskOf<"build">, context: TaskContext, tools: TaskTools): Promise<TaskResult> {
  const engine = await tools.engine();
  if (!engine.ok) return failed(engine.failure);
  using watch = await watchDisk(engine.value);
  const built = await buildBakeTarget({
    workingDirectory: tools.projectDirectory,
    call: task.bake,
    environment: { ...tools.environment, ...engine.value.endpoint.cliEnvironment },
    signal: context.signal,
    target: task.bakeTarget,
    definition: task.definition,
    labels: imageLabels(task, tools.config.project),
    redact: tools.redact,
    engine: engine.value,
    mayHaveBeenFull: () => watch.mayHaveBeenFull(),
    onReport: (report) => context.report(report),
  });
  if (!built.ok) return failed(built.failure);
  const { imageId, cachedSteps, steps } = built.value;
  const written = await measureWritten(task.bakeTarget, built.value, engine.value);
  if (imageId === undefined) return succeeded({}, written);
  const image = await engine.value.inspectImage(imageId, { signal: context.signal });
  if (!image.ok) return failed(image.failure);
  const reference = built.value.tags[0] ?? task.definition.tags?.[0] ?? imageId;
  // Another builder than the engine's own may keep its image to itself.
  if (image.value === undefined) {
    return failed({ reason: "image-missing", service: task.service?.name ?? task.bakeTarget, reference });
  }
  const { sizeBytes } = image.value;
  const service = task.service?.name;
  const limitBytes = task.service?.sizeLimitBytes;
  return succeeded({ image_id: imageId, image: reference, size_bytes: String(sizeBytes) }, [
    {
      fact: "image-built",
      bakeTarget: task.bakeTarget,
      ...(service === undefined ? {} : { service }),
      imageId,
      sizeBytes,
      ...(limitBytes === undefined ? {} : { limitBytes }),
      cachedSteps,
      steps: steps.length,
    },
    ...written,
  ]);
}

/** What a real build wrote; nothing where every step came from the cache (which then costs no request), or where it cannot be told. */
async function measureWritten(bakeTarget: string, built: BuiltImage, engine: Engine): Promise<readonly TaskFact[]> {
  const { timing, steps, imageId } = built;
  const ranSteps = steps.filter((step) => step.state === "done").map((step) => step.name);
  if (timing === undefined || ranSteps.length === 0) return [];
  const [home, cache] = await Promise.all([engineHome(engine), engine.listCacheRecords()]);
  if (!home.ok || !cache.ok) return [];
  const imageStore = home.value.imageStore;
  const history = imageStore === "containerd" && imageId !== undefined ? await engine.imageHistory(imageId) : undefined;
  const layers = history?.ok === true ? (history.value ?? []) : [];
  const newLayers = layers.filter((layer) => layer.createdAtMs >= timing.startedMs - 1_000);
  const measured = measureBuild({ ...timing, ranSteps }, { store: imageStore, cache: cache.value, newLayers });
  return measured === undefined ? [] : [{ fact: "disk-written", bakeTarget, imageStore, ...measured }];
}

/** Marks the image as ours. A bake target without a service is its own service, so that its old images can go as well. */
function imageLabels(task: TaskOf<"build">, project: string): Readonly<Record<string, string>> {
  return { [LABELS.project]: project, [LABELS.service]: task.service?.name ?? task.bakeTarget };
}
