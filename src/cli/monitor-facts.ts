import { existsSync } from "node:fs";
import path from "node:path";
import { listBakeTargets, loadBakeDefinition } from "../docker/bake.ts";
import type { Engine } from "../docker/engine.ts";
import type { BakeTarget } from "../model/bake-definition.ts";
import type { Service } from "../model/build-config.ts";
import type { EngineObservation } from "../model/observation.ts";
import { PLAIN_BAKE_CALL } from "../model/pipeline.ts";
import type {
  BuildContext,
  DigestedLayer,
  MonitorFacts,
  ServiceFacts,
  SiblingImage,
} from "../monitor/monitor-facts.ts";
import { ownedBy } from "../monitor/ownership.ts";
import { describeUsage } from "../monitor/usage.ts";
import type { Usage } from "../monitor/usage.ts";
import type { History } from "./history.ts";
import type { Surroundings } from "./surroundings.ts";
import type { UsageFacts, UsageProject } from "./usage-facts.ts";

/** What no build needs to be sent. */
const BALLAST = [".git", ".env", "node_modules", ".venv", "target", "coverage", "logs"] as const;

/** What recommendations are computed from, besides what a screen of disk use takes. */
export async function loadMonitorFacts(
  project: UsageProject,
  { engine, observation, plans }: UsageFacts,
  history: History,
  surroundings: Surroundings,
): Promise<MonitorFacts> {
  const config = project.buildConfig;
  const usage = describeUsage(observation, config, { plans });
  const [targets, stoppedAtMs] = await Promise.all([
    loadTargets(project, surroundings),
    loadStopTimes(engine, observation, project, surroundings),
  ]);
  const services = await Promise.all(
    config.services.map(async (service): Promise<ServiceFacts> => {
      const own = findUsage(usage, service);
      const [newest] = own.images;
      const previousBytes = newest === undefined ? undefined : history.previousSizeBytes(service.name, newest.id);
      const context = describeContext(service, targets, project.directory, sentBytes(service, observation, history));
      return {
        service,
        usage: own,
        ...(newest === undefined ? {} : { newest }),
        layers: newest === undefined ? [] : await loadLayers(engine, newest.id, observation),
        ...(previousBytes === undefined ? {} : { previousBytes }),
        ...(context === undefined ? {} : { context }),
        siblings: findSiblings(service, targets, observation),
      };
    }),
  );
  return { config, observation, usage, plans, services, stoppedAtMs };
}

type Targets = Readonly<Record<string, BakeTarget>>;

/** All targets of the bake files; none where bake does not tell. */
async function loadTargets({ buildConfig, directory }: UsageProject, { signal }: Surroundings): Promise<Targets> {
  const site = { workingDirectory: directory, call: { ...PLAIN_BAKE_CALL, files: buildConfig.bake.files }, signal };
  const names = await listBakeTargets(site);
  if (names.length === 0) return {};
  const loaded = await loadBakeDefinition(site, names);
  return loaded.ok ? loaded.definition.target : {};
}

/** When containers of the project that do not run stopped. */
async function loadStopTimes(
  engine: Engine,
  { containers }: EngineObservation,
  { buildConfig }: UsageProject,
  { signal }: Surroundings,
): Promise<ReadonlyMap<string, number>> {
  const stopped = containers.filter(({ labels, state }) => state === "exited" && ownedBy(buildConfig, labels));
  const inspected = await Promise.all(stopped.map(async ({ id }) => await engine.inspectContainer(id, { signal })));
  return new Map(
    inspected.flatMap((result) =>
      result.ok && result.value !== undefined ? [[result.value.id, result.value.finishedAtMs] as const] : [],
    ),
  );
}

function findUsage({ services }: Usage, { name }: Service): ServiceFacts["usage"] {
  return services.find((entry) => entry.service === name) ?? { service: name, images: [] };
}

function sentBytes({ bakeTarget }: Service, { store }: EngineObservation, { past }: History): number | undefined {
  return past?.diskNeed(bakeTarget, store ?? "graph-driver")?.contextBytes;
}

async function loadLayers(
  engine: Engine,
  imageId: string,
  { images }: EngineObservation,
): Promise<readonly DigestedLayer[]> {
  const layers = images.find(({ id }) => id === imageId)?.layers ?? [];
  const inspected = await engine.inspectLayers(imageId);
  const digests = inspected.ok ? (inspected.value?.layerDigests ?? []) : [];
  if (digests.length !== layers.length) return [];
  return layers.map((layer, place) => Object.assign({ digest: digests[place] ?? "" }, layer));
}

/** Contexts outside the project's disk (git, URLs) have no ignore file that could be looked for. */
function describeContext(
  { bakeTarget }: Service,
  targets: Targets,
  directory: string,
  sent: number | undefined,
): BuildContext | undefined {
  const target = targets[bakeTarget];
  if (target === undefined) return undefined;
  const context = target.context ?? ".";
  const root = path.resolve(directory, context);
  if (/^[a-z+]+:\/\//.test(context) || !existsSync(root)) return undefined;
  const dockerfile = target.dockerfile ?? "Dockerfile";
  const ignoreFile = [`${dockerfile}.dockerignore`, ".dockerignore"].find((name) =>
    existsSync(path.resolve(root, name)),
  );
  return {
    path: path.relative(directory, root) || ".",
    ...(sent === undefined ? {} : { sentBytes: sent }),
    ...(ignoreFile === undefined ? {} : { ignoreFile }),
    ballast: BALLAST.filter((name) => existsSync(path.join(root, name))),
  };
}

/** Images that other bake targets made of the same context by another Dockerfile. */
function findSiblings(
  { bakeTarget }: Service,
  targets: Targets,
  { images }: EngineObservation,
): readonly SiblingImage[] {
  const own = targets[bakeTarget];
  if (own === undefined) return [];
  return Object.entries(targets).flatMap(([name, target]) => {
    if (name === bakeTarget || target.context !== own.context || target.dockerfile === own.dockerfile) return [];
    const image = images.find(({ tags }) => tags.some((tag) => target.tags?.includes(tag)));
    const reference = image?.tags.find((tag) => target.tags?.includes(tag));
    if (image === undefined || reference === undefined) return [];
    const { sizeBytes, sharedBytes } = image;
    const unique = sharedBytes === undefined ? {} : { uniqueBytes: sizeBytes - sharedBytes };
    return [{ bakeTarget: name, reference, sizeBytes, ...unique }];
  });
}
