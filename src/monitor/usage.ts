import type { BuildConfig } from "../model/build-config.ts";
import type { CleanupPlan } from "../model/cleanup.ts";
import type { DiskSpace, EngineObservation, ImageStore } from "../model/observation.ts";
import { freeSpaceBytes } from "../plan/cleanup-policy.ts";
import { ownedBy } from "./ownership.ts";
import { describeCache } from "./usage-cache.ts";
import type { CacheUsage } from "./usage-cache.ts";
import { describeServices, layerBytes } from "./usage-images.ts";
import type { ImageTotals, PlannedPolicies, ServiceUsage } from "./usage-images.ts";
import { findMisleadingNumbers } from "./misleading-numbers.ts";
import type { MisleadingNumber } from "./misleading-numbers.ts";

/** Version of the JSON of `orchestrate usage --json`; documented in docs/usage.md. */
export const USAGE_VERSION = 1;

/** What the project uses on an engine, ready to be printed or serialised. Sizes in bytes, by the engine's own accounting. */
export interface Usage {
  readonly version: typeof USAGE_VERSION;
  readonly project: string;
  readonly store?: ImageStore;
  readonly services: readonly ServiceUsage[];
  readonly images: ImageTotals;
  readonly cache: CacheUsage;
  readonly containers: ContainerTotals;
  /** Absent when nobody asked for volumes. */
  readonly volumes?: VolumeTotals;
  /** On the disk and in no number of the engine: base layers that only the cache holds, as records of size 0, and second copies. */
  readonly hiddenBytes?: number;
  /** The disk that holds the engine's data; absent where it cannot be measured. */
  readonly disk?: DiskUsage;
  /** What the two named policies would free now; empty when nobody planned them. */
  readonly cleanable: readonly Cleanable[];
  /** Numbers of Docker's own commands that say something else than they seem to, with what is so. */
  readonly misleading: readonly MisleadingNumber[];
}

/** Containers of the project, and how many others there are. */
export interface ContainerTotals {
  readonly running: number;
  readonly stopped: number;
  /** Writable layers of the project's containers. */
  readonly writableBytes: number;
  readonly others: number;
}

/** Volumes of the project, largest first, and how many others there are. */
export interface VolumeTotals {
  readonly own: readonly {
    readonly name: string;
    readonly sizeBytes: number;
    /** Names of the containers that mount it. */
    readonly usedBy: readonly string[];
  }[];
  readonly ownBytes: number;
  readonly others: number;
  readonly otherBytes: number;
}

/** The disk against the free space that the policy `normal` demands. */
export type DiskUsage = DiskSpace & {
  /** A clean-up begins below this; absent where the policy demands none. */
  readonly minFreeBytes?: number;
};

/** What one command would free now. */
export interface Cleanable {
  readonly policy: "normal" | "aggressive";
  readonly command: string;
  /** By the engine's accounting. */
  readonly bytes: number;
  /** What the disk should gain. */
  readonly physicalBytes: number;
  readonly images: number;
  readonly cacheRecords: number;
}

/** The command that carries out a policy. */
export const CLEAN_COMMAND = {
  normal: "orchestrate clean",
  aggressive: "orchestrate clean --aggressive",
} as const;

/** Sums up an observation. Every configured service is listed, also one without an image; others after them by name. */
export function describeUsage(
  observation: EngineObservation,
  config: BuildConfig,
  { plans }: { readonly plans?: PlannedPolicies } = {},
): Usage {
  const services = describeServices(observation, config, plans);
  const images = describeImages(observation, services);
  const cache = describeCache(observation, config);
  return {
    version: USAGE_VERSION,
    project: config.project,
    ...(observation.store === undefined ? {} : { store: observation.store }),
    services,
    images,
    cache,
    containers: describeContainers(observation, config),
    ...describeVolumes(observation, config),
    ...(plans === undefined ? {} : { hiddenBytes: hiddenNow(plans.normal) }),
    ...describeDisk(observation, config),
    cleanable:
      plans === undefined ? [] : [describePlan("normal", plans.normal), describePlan("aggressive", plans.aggressive)],
    misleading: findMisleadingNumbers(observation, images, cache),
  };
}

/** A plan tells what is hidden after it, and by how much the disk gains more than the accounting. */
function hiddenNow({ hiddenBytes, physicalBytes, predictedBytes }: CleanupPlan): number {
  return Math.max(0, hiddenBytes + physicalBytes - predictedBytes);
}

function describeImages(observation: EngineObservation, services: readonly ServiceUsage[]): ImageTotals {
  const ids = new Set(services.flatMap(({ images }) => images.map(({ id }) => id)));
  const own = observation.images.filter(({ id }) => ids.has(id));
  const ownBytes = layerBytes(own);
  return {
    own: own.length,
    ownListedBytes: own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    ...(ownBytes === undefined ? {} : { ownBytes }),
    others: observation.images.length - own.length,
    ...(observation.layersBytes === undefined ? {} : { allBytes: observation.layersBytes }),
  };
}

function describeContainers({ containers }: EngineObservation, config: BuildConfig): ContainerTotals {
  const own = containers.filter(({ labels }) => ownedBy(config, labels));
  const running = own.filter(({ state }) => state === "running").length;
  return {
    running,
    stopped: own.length - running,
    writableBytes: own.reduce((sum, { writableBytes = 0 }) => sum + writableBytes, 0),
    others: containers.length - own.length,
  };
}

function describeVolumes({ volumes, containers }: EngineObservation, config: BuildConfig): Pick<Usage, "volumes"> {
  if (volumes === undefined) return {};
  const own = volumes.filter(({ labels }) => ownedBy(config, labels));
  const sum = (list: typeof volumes): number =>
    list.reduce((total, { sizeBytes }) => total + Math.max(0, sizeBytes), 0);
  const ownBytes = sum(own);
  return {
    volumes: {
      own: own
        .map(({ name, sizeBytes }) => ({
          name,
          sizeBytes,
          usedBy: containers
            .filter((container) => container.volumes?.includes(name))
            .map((container) => container.name),
        }))
        .sort((a, b) => b.sizeBytes - a.sizeBytes || (a.name < b.name ? -1 : 1)),
      ownBytes,
      others: volumes.length - own.length,
      otherBytes: sum(volumes) - ownBytes,
    },
  };
}

function describeDisk({ disk }: EngineObservation, { cleanup }: BuildConfig): Pick<Usage, "disk"> {
  if (disk === undefined) return {};
  const { minFree } = cleanup.normal;
  return { disk: minFree === undefined ? disk : { ...disk, minFreeBytes: freeSpaceBytes(minFree.low, disk) } };
}

function describePlan(policy: keyof PlannedPolicies, plan: CleanupPlan): Cleanable {
  const count = (item: "image" | "cache-record"): number => plan.items.filter((entry) => entry.item === item).length;
  return {
    policy,
    command: CLEAN_COMMAND[policy],
    bytes: plan.predictedBytes,
    physicalBytes: plan.physicalBytes,
    images: count("image"),
    cacheRecords: count("cache-record"),
  };
}
