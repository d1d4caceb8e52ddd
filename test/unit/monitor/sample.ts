import type { BuildConfig, CleanupPolicy } from "../../../src/model/build-config.ts";
import type { CleanupPlan } from "../../../src/model/cleanup.ts";
import type { EngineObservation, ObservedCacheRecord, ObservedImage } from "../../../src/model/observation.ts";
import { DEFAULT_DEPLOY_SETTINGS } from "../../../src/model/release.ts";
import { planCleanup } from "../../../src/plan/cleanup.ts";
import type { PlannedPolicies } from "../../../src/monitor/usage-images.ts";

export const NOW_MS = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export const POLICY: CleanupPolicy = {
  maxCacheBytes: 10e9,
  keepImagesPerService: 2,
  minAgeMs: DAY_MS,
  minFree: { low: { bytes: 8e9 }, high: { bytes: 12e9 } },
};

export const CONFIG: BuildConfig = {
  project: "shop",
  services: [
    { name: "frontend", bakeTarget: "frontend", composeService: "frontend", sizeLimitBytes: 100e6, growthLimit: 0.2 },
    { name: "backend", bakeTarget: "backend", composeService: "backend", sizeLimitBytes: 300e6 },
    { name: "ml", bakeTarget: "ml", composeService: "ml", sizeLimitBytes: 900e6 },
  ],
  environments: [
    { name: "blue", composeFiles: [], variables: {} },
    { name: "green", composeFiles: [], variables: {} },
  ],
  sharedCompose: [],
  deploy: DEFAULT_DEPLOY_SETTINGS,
  cleanup: {
    normal: POLICY,
    aggressive: { ...POLICY, keepImagesPerService: 1, maxCacheBytes: 1e9, minAgeMs: HOUR_MS },
  },
  bake: { files: [], cacheFrom: [], cacheTo: [] },
};

/** An image of a service, made so many days ago. Its base is shared by all; the layer on it is its own. */
export function anImage(service: string, number: number, change: Partial<ObservedImage> = {}): ObservedImage {
  const sizeBytes = change.sizeBytes ?? 50e6;
  return {
    id: `sha256:${service}${String(number).padStart(12, "0")}`,
    tags: number === 1 ? [`shop/${service}:latest`] : [],
    labels: { "dev.orchestrate.project": "shop", "dev.orchestrate.service": service },
    createdAtMs: NOW_MS - number * 3 * DAY_MS,
    lastTaggedAtMs: 0,
    sizeBytes,
    layers: [
      { chainId: "sha256:base", sizeBytes: 5e6, createdBy: "ADD rootfs.tar /" },
      { chainId: `sha256:${service}-${number}`, sizeBytes: sizeBytes - 5e6, createdBy: "COPY dist /srv # buildkit" },
    ],
    ...change,
  };
}

/** A private record of the kind `regular`. */
export function aRecord(id: string, change: Partial<ObservedCacheRecord> = {}): ObservedCacheRecord {
  return {
    id,
    parents: [],
    type: "regular",
    description: `[build 2/2] RUN ${id}`,
    sizeBytes: 1e9,
    inUse: false,
    shared: false,
    lastUsedAtMs: NOW_MS - 2 * DAY_MS,
    usageCount: 3,
    ...change,
  };
}

/** The shop on an engine that others use as well. */
export const SHOP: EngineObservation = {
  nowMs: NOW_MS,
  store: "graph-driver",
  disk: { freeBytes: 60e9, totalBytes: 200e9 },
  layersBytes: 2.1e9,
  images: [
    ...[1, 2, 3, 4].map((number) => anImage("frontend", number, { sizeBytes: 58e6 })),
    ...[1, 2, 3].map((number) => anImage("backend", number, { sizeBytes: 220e6 })),
    ...[1, 2].map((number) => anImage("ml", number, { sizeBytes: 748e6 })),
    anImage("web", 1, { id: "sha256:foreign", labels: { "dev.orchestrate.project": "other" }, tags: ["other/web:1"] }),
  ],
  containers: [
    container("shop-blue-frontend-1", "frontend", 1, "running"),
    container("shop-green-frontend-1", "frontend", 3, "exited"),
    container("shop-blue-backend-1", "backend", 1, "running"),
    {
      id: "x",
      name: "somebody",
      imageId: "sha256:foreign",
      state: "running",
      labels: {},
      volumes: [],
      writableBytes: 0,
    },
  ],
  volumes: [
    {
      name: "shop-shared_database",
      labels: { "com.docker.compose.project": "shop-shared" },
      sizeBytes: 48e6,
      createdAtMs: NOW_MS - 9 * DAY_MS,
    },
    { name: "theirs", labels: {}, sizeBytes: 3e9, createdAtMs: NOW_MS - 90 * DAY_MS },
  ],
  cache: [
    aRecord("compile", { sizeBytes: 3.1e9 }),
    aRecord("layer", { sizeBytes: 53e6, shared: true }),
    aRecord("context", { type: "source.local", description: "local source for context", sizeBytes: 210e6 }),
    aRecord("npm", { type: "exec.cachemount", description: "cached mount /root/.npm", sizeBytes: 90e6 }),
  ],
};

function container(
  name: string,
  service: string,
  number: number,
  state: string,
): EngineObservation["containers"][number] {
  const { id } = anImage(service, number);
  const labels = { "dev.orchestrate.project": "shop", "dev.orchestrate.service": service };
  return { id: name, name, imageId: id, state, labels, volumes: [], writableBytes: 1_000 };
}

/** Plans of the two named policies. */
export function planned(observation: EngineObservation, config: BuildConfig = CONFIG): PlannedPolicies {
  const services = config.services.map(({ name }) => ({ name, repositories: [`shop/${name}`] }));
  const scope = {
    project: config.project,
    services,
    runsInProgress: [],
    lastUsedMs: new Map<string, number>(),
    rebuildMs: new Map<string, number>(),
    allImages: false,
    volumes: false,
  };
  const plan = (policy: "normal" | "aggressive"): CleanupPlan =>
    planCleanup(observation, config.cleanup[policy], scope);
  return { normal: plan("normal"), aggressive: plan("aggressive") };
}
