import { buildBakeTarget } from "../docker/bake.ts";
import { LABELS } from "../model/observation.ts";
import type { TaskContext, TaskResult } from "../model/performer.ts";
import type { TaskOf } from "../model/task.ts";
import { failed, succeeded } from "./task-result.ts";
import type { TaskTools } from "./task-tools.ts";

/**
 * Builds one bake target. Outputs: `image_id`, `image` (the first tag), `size_bytes`; none for a bake target that
 * exports no image. The image carries constant labels only, so equal inputs give an equal image ID.
 */
export async function performBuild(task: TaskOf<"build">, context: TaskContext, tools: TaskTools): Promise<TaskResult> {
  const engine = await tools.engine();
  if (!engine.ok) return failed(engine.failure);
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
    onReport: (report) => context.report(report),
  });
  if (!built.ok) return failed(built.failure);
  const { imageId, cachedSteps, steps } = built.value;
  if (imageId === undefined) return succeeded();
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
  ]);
}

/** Marks the image as ours. A bake target without a service is its own service, so that its old images can go as well. */
function imageLabels(task: TaskOf<"build">, project: string): Readonly<Record<string, string>> {
  return { [LABELS.project]: project, [LABELS.service]: task.service?.name ?? task.bakeTarget };
}
