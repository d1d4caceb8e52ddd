import { loadComposeProject } from "../../docker/compose.ts";
import type { ComposeModel } from "../../docker/compose-model.ts";
import { routerConfigVersion } from "../../docker/router/router-document.ts";
import type { Environment } from "../../model/build-config.ts";
import type { Failure, Result } from "../../model/failure.ts";
import { LABELS } from "../../model/observation.ts";
import type { TaskContext } from "../../model/performer.ts";
import type { TaskOf } from "../../model/task.ts";
import { composeSite } from "./deployment.ts";
import type { ImagePins } from "./compose-override.ts";
import { describeFingerprint } from "./fingerprint.ts";
import { resolveImagePins } from "./image-pins.ts";
import { inspectProjectContainers, lastingContainers } from "./project-containers.ts";
import type { ReleaseSite } from "./release-site.ts";
import { colourProject } from "./rollout.ts";

/** What a deploy task would put into a colour now. */
export interface ReleaseContent {
  readonly model: ComposeModel;
  readonly files: readonly string[];
  readonly images: ImagePins;
  readonly fingerprint: string;
}

/** Reads the compose files of a colour and finds its images. Starts nothing. */
export async function loadReleaseContent(
  site: ReleaseSite,
  task: TaskOf<"deploy">,
  context: TaskContext,
  environment: Environment,
): Promise<Result<ReleaseContent>> {
  const { engine, tools, routerConfig, secretKey } = site;
  const { composeFiles } = task.deploy;
  const files = composeFiles.length > 0 ? composeFiles : environment.composeFiles;
  const compose = {
    project: colourProject(site.project, environment.name),
    files,
    variables: environment.variables,
    ...composeSite(site),
  };
  const model = await loadComposeProject(compose, { signal: context.signal });
  if (!model.ok) return model;
  const images = await resolveImagePins(model.value, task.images, engine, context);
  if (!images.ok) return images;
  const fingerprint = describeFingerprint({
    model: model.value,
    images: images.value,
    routerVersion: routerConfigVersion(routerConfig),
    secretKey,
    workingDirectory: tools.projectDirectory,
    environment: { ...process.env, ...tools.environment },
  });
  return { ok: true, value: { model: model.value, files, images: images.value, fingerprint } };
}

/** Whether a colour runs exactly this, healthy: then a deploy has nothing to do. */
export async function runsAlready(site: ReleaseSite, colour: string, fingerprint: string): Promise<Result<boolean>> {
  const { engine, context } = site;
  const containers = await inspectProjectContainers(engine, colourProject(site.project, colour), context.signal);
  if (!containers.ok) return containers;
  const same = containers.value.every(({ labels }) => labels[LABELS.fingerprint] === fingerprint);
  const lasting = lastingContainers(containers.value);
  const well = lasting.every(({ state, health }) => state === "running" && (health === "none" || health === "healthy"));
  return { ok: true, value: containers.value.length > 0 && same && well };
}

/** The images of a release that no verify task has passed. */
export function findUnverified(
  { journal }: ReleaseSite,
  images: ImagePins,
): Result<readonly { readonly service: string; readonly imageId: string }[]> {
  const unverified: { readonly service: string; readonly imageId: string }[] = [];
  for (const [service, imageId] of Object.entries(images)) {
    const verified = journal.isVerified(imageId);
    if (!verified.ok) return verified;
    if (!verified.value) unverified.push({ service, imageId });
  }
  return { ok: true, value: unverified };
}

/** Refuses unverified images, unless they are allowed. */
export function refuseUnverified(
  unverified: readonly { readonly service: string; readonly imageId: string }[],
  allowed: boolean,
): Failure | undefined {
  const [first] = unverified;
  return first === undefined || allowed ? undefined : { reason: "image-unverified", ...first };
}
