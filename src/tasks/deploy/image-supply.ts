import { isLocalEngine } from "../../docker/endpoint.ts";
import type { Engine } from "../../docker/engine.ts";
import { loadComposeProject } from "../../docker/compose.ts";
import { placeImages, transferImages } from "../../docker/image-transfer.ts";
import type { TransferredImage } from "../../docker/image-transfer.ts";
import type { Environment } from "../../model/build-config.ts";
import { formatByteSize } from "../../model/byte-size.ts";
import type { Failure, Result } from "../../model/failure.ts";
import type { TaskContext } from "../../model/performer.ts";
import type { TaskOf } from "../../model/task.ts";
import { inspectServiceImage } from "../service-image.ts";
import type { TaskTools } from "../task-tools.ts";
import { composeSite } from "./deployment.ts";
import { colourProject } from "./rollout.ts";

/** Between two reports of how much has passed. */
const TELL_EVERY_MS = 1_000;

/** A remote engine and what is deployed there. */
export interface ImageSupply {
  readonly task: TaskOf<"deploy">;
  readonly environment: Environment;
  readonly context: TaskContext;
  readonly tools: TaskTools;
}

/**
 * Gives a remote engine the images of a deploy that it lacks, from the engine on which they were built: the project's own by their
 * exact ids, and those of others (a database, the router) where it has none of that name and this one does. What neither has
 * is left to compose, which pulls it. On the engine where images are built nothing is done.
 */
export async function supplyImages(engine: Engine, supply: ImageSupply): Promise<Failure | undefined> {
  const { dockerContext, ssh } = supply.environment;
  if (dockerContext === undefined && ssh === undefined) return undefined;
  const local = await supply.tools.engine();
  if (!local.ok) return local.failure;
  if (local.value === engine || (isLocalEngine(engine.endpoint) && local.value.endpoint.url === engine.endpoint.url)) {
    return undefined;
  }
  const wanted = await findWanted(local.value, engine, supply);
  if (!wanted.ok) return wanted.failure;
  const { signal } = supply.context;
  const missing: TransferredImage[] = [];
  const present: TransferredImage[] = [];
  for (const image of wanted.value) {
    const found = await engine.inspectImage(image.id, { signal });
    if (!found.ok) return found.failure;
    (found.value === undefined ? missing : present).push(image);
  }
  const placed = await placeImages(engine, present, { signal });
  if (placed !== undefined || missing.length === 0) return placed;
  return await copy(local.value, engine, missing, supply.context);
}

async function copy(
  local: Engine,
  engine: Engine,
  missing: readonly TransferredImage[],
  context: TaskContext,
): Promise<Failure | undefined> {
  const { signal } = context;
  const count = missing.length === 1 ? "1 image" : `${missing.length} images`;
  const startedMs = performance.now();
  const tell = (state: "running" | "done" | "failed", bytes: number): void => {
    const name = `copy ${count} to ${engine.endpoint.url}: ${formatByteSize(bytes)}`;
    const durationMs = performance.now() - startedMs;
    context.report({
      type: "step",
      step: { id: "images", name, state, ...(state === "running" ? {} : { durationMs }) },
    });
  };
  let toldMs = startedMs;
  let passed = 0;
  tell("running", 0);
  const copied = await transferImages(local, engine, missing, {
    signal,
    onBytes: (bytes) => {
      passed = bytes;
      const nowMs = performance.now();
      if (nowMs - toldMs < TELL_EVERY_MS) return;
      toldMs = nowMs;
      tell("running", bytes);
    },
  });
  tell(copied.ok ? "done" : "failed", passed);
  return copied.ok ? undefined : copied.failure;
}

/** The images of a deploy that this engine has and the other one might not. */
async function findWanted(
  local: Engine,
  remote: Engine,
  supply: ImageSupply,
): Promise<Result<readonly TransferredImage[]>> {
  const { task, context } = supply;
  const wanted = new Map<string, Set<string>>();
  const want = (id: string, reference: string | undefined): void => {
    const references = wanted.get(id) ?? new Set();
    if (reference !== undefined) references.add(reference);
    wanted.set(id, references);
  };
  for (const image of task.images) {
    const found = await inspectServiceImage(image, local, context);
    if (found.ok) want(found.value.id, image.reference);
    // Perhaps it was built elsewhere and is there already: whoever pins the images tells what is missing.
    else if (found.failure.reason !== "image-missing") return found;
  }
  const named = await findNamed(supply);
  if (!named.ok) return named;
  const ours = new Set(task.images.map(({ reference }) => reference));
  const { signal } = context;
  for (const reference of named.value) {
    if (ours.has(reference)) continue;
    const there = await remote.inspectImage(reference, { signal });
    if (!there.ok) return there;
    if (there.value !== undefined) continue;
    const here = await local.inspectImage(reference, { signal });
    if (!here.ok) return here;
    if (here.value !== undefined) want(here.value.id, reference);
  }
  return { ok: true, value: [...wanted].map(([id, references]) => ({ id, references: [...references] })) };
}

/** Images that the compose files of the environment and of what is shared name, and the router's. */
async function findNamed({ task, environment, context, tools }: ImageSupply): Promise<Result<ReadonlySet<string>>> {
  const { config } = tools;
  const { settings, composeFiles } = task.deploy;
  const named = new Set<string>();
  if (settings.strategy !== "recreate" && config.router !== undefined) named.add(config.router.image);
  // The files are merged here: the remote engine is not asked.
  const local = await tools.engine();
  if (!local.ok) return local;
  const site = composeSite({ tools, engine: local.value });
  const colour = {
    project: colourProject(config.project, environment.name),
    files: composeFiles.length > 0 ? composeFiles : environment.composeFiles,
    variables: environment.variables,
  };
  const shared = { project: colourProject(config.project, "shared"), files: config.sharedCompose, variables: {} };
  for (const project of [colour, shared]) {
    if (project.files.length === 0) continue;
    const model = await loadComposeProject({ ...project, ...site }, { signal: context.signal });
    if (!model.ok) return model;
    for (const { image } of model.value.services) if (image !== undefined) named.add(image);
  }
  return { ok: true, value: named };
}
