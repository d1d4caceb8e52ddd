import type { BuildConfig, Service } from "../model/build-config.ts";
import type { EngineObservation, ObservedLayer } from "../model/observation.ts";
import type { ImageUsage, PlannedPolicies, ServiceUsage } from "./usage-images.ts";
import type { Usage } from "./usage.ts";

/** Everything that recommendations are computed from: this project's images, its history and its build contexts. */
export interface MonitorFacts {
  readonly config: BuildConfig;
  readonly observation: EngineObservation;
  readonly usage: Usage;
  readonly plans: PlannedPolicies;
  readonly services: readonly ServiceFacts[];
  /** When stopped containers of the project stopped, milliseconds since 1970, by container id. */
  readonly stoppedAtMs: ReadonlyMap<string, number>;
}

/** A service of docker/build-config.json. */
export interface ServiceFacts {
  readonly service: Service;
  readonly usage: ServiceUsage;
  /** Its newest image; absent where it has none. */
  readonly newest?: ImageUsage;
  /** Layers of the newest image, base first; empty where they are not known. */
  readonly layers: readonly DigestedLayer[];
  /** Size of the image that was built before the newest; absent where no run recorded one. */
  readonly previousBytes?: number;
  readonly context?: BuildContext;
  /** Images of bake targets that build the same context by another Dockerfile. */
  readonly siblings: readonly SiblingImage[];
}

/** A layer with the digest of its content, which is the same on whatever layers it stands. */
export type DigestedLayer = ObservedLayer & { readonly digest: string };

/** What a service is built from. */
export interface BuildContext {
  /** As the bake file names it, relative to the project directory. */
  readonly path: string;
  /** What the last real build sent to the engine; absent where no run recorded one. */
  readonly sentBytes?: number;
  /** The ignore file that holds; absent where there is none. */
  readonly ignoreFile?: string;
  /** Entries that no build needs and that are there: `.git`, `node_modules` … */
  readonly ballast: readonly string[];
}

/** An image that another bake target makes of the same context. */
export interface SiblingImage {
  readonly bakeTarget: string;
  readonly reference: string;
  readonly sizeBytes: number;
  /** What it has alone, by the engine's count against all other images. */
  readonly uniqueBytes?: number;
}

/** Something worth doing, with what speaks for it. */
export interface Recommendation {
  /** Names the rule, for scripts. */
  readonly rule: string;
  /** `limit-broken` makes `orchestrate monitor` end with exit code 1. */
  readonly urgency: "limit-broken" | "worthwhile" | "hint";
  /** A service, or what else it is about. */
  readonly about: string;
  /** What is so, with the numbers that say it. */
  readonly text: string;
  /** Bytes that it saves, or by which the limit is broken; absent where nobody can know. */
  readonly savesBytes?: number;
  /** What does it, or shows where to begin. */
  readonly command: string;
}

/** Looks at one service. */
export type ServiceRule = (service: ServiceFacts, facts: MonitorFacts) => Recommendation | undefined;

/** Looks at everything. */
export type ProjectRule = (facts: MonitorFacts) => Recommendation | undefined;
