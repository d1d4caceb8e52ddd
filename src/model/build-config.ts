import type { SourceLocation } from "./location.ts";
import type { DeploySettings } from "./release.ts";
import type { RouterConfig } from "./router.ts";

/** `docker/build-config.json`, resolved: what is not about one pipeline. */
export interface BuildConfig {
  /** Prefix of compose projects and value of the label `dev.orchestrate.project`. Defaults to the directory's name. */
  readonly project: string;
  readonly services: readonly Service[];
  readonly environments: readonly Environment[];
  /** Compose files of stateful services that every environment shares; never coloured, started before a deploy. */
  readonly sharedCompose: readonly string[];
  /** In front of the colours; absent where each environment answers on a port of its own. */
  readonly router?: RouterConfig;
  /** How releases replace each other; `recreate` without a router. */
  readonly deploy: DeploySettings;
  readonly cleanup: CleanupPolicies;
  readonly bake: BakeSettings;
}

/** A service: one bake target builds its image, one compose service runs it. */
export interface Service {
  readonly name: string;
  readonly bakeTarget: string;
  readonly composeService: string;
  /** Largest allowed image size. */
  readonly sizeLimitBytes?: number;
  /** Largest allowed growth against the previous image, as a fraction (0.1 is 10 %). */
  readonly growthLimit?: number;
  readonly location?: SourceLocation;
}

/** A place where the project is deployed: `blue`, `green`, `development`. */
export interface Environment {
  readonly name: string;
  /**
   * Set where it was taken because it was idle, and not named by the user: the environments among which it was. Then a release that
   * is live already need not go out once more, and another one of them is taken when this one has gone live meanwhile.
   */
  readonly idleAmong?: readonly string[];
  /** Compose files, relative to the project directory. */
  readonly composeFiles: readonly string[];
  /** The port that answers for the environment; `${environment.port}`. */
  readonly port?: number;
  /** Passed to compose and available as `${environment.variables.NAME}`. Never an input of a build. */
  readonly variables: Readonly<Record<string, string>>;
  /** Docker context to deploy to; the current one when absent. */
  readonly dockerContext?: string;
  /** `[user@]host[:port]` of the host to deploy to, reached by ssh; never together with a context. */
  readonly ssh?: string;
}

/** How much of the disk the project may keep. */
export interface CleanupPolicy {
  /** Upper bound of the private build cache. */
  readonly maxCacheBytes: number;
  /** Newest images kept for each service, besides everything protected. At least 1. */
  readonly keepImagesPerService: number;
  /** Nothing younger is removed. */
  readonly minAgeMs: number;
  /** Upper bound of the bytes of our images, each layer once; none when absent. */
  readonly maxImagesBytes?: number;
  /** Free space of the engine's disk: a clean-up begins below `low` and goes on until `high`, so that it does not run each time. */
  readonly minFree?: { readonly low: FreeSpaceMark; readonly high: FreeSpaceMark };
  /** What goes first; each step ends as soon as every budget holds. The default order when absent. */
  readonly steps?: readonly CleanupStep[];
  /** Image names that are never removed: `shop/frontend:v1`, with `*` for any part. */
  readonly pinned?: readonly string[];
}

/** Free space of a disk, as bytes or as a share of its size (0.1 is 10 %). */
export type FreeSpaceMark = { readonly bytes: number } | { readonly share: number };

/**
 * A step of a clean-up, in the default order; the last two belong to the policy `aggressive`.
 * `stale-sources` copies of build contexts unused for the minimum age · `untagged-images` · `old-images` beyond those kept for each
 * service · `cache` by value, unused for the minimum age · `cache-mounts` likewise · `young-cache` whatever its kind and age.
 */
export type CleanupStep = "stale-sources" | "untagged-images" | "old-images" | "cache" | "cache-mounts" | "young-cache";

/** The named policies of a `clean` task. */
export interface CleanupPolicies {
  readonly normal: CleanupPolicy;
  readonly aggressive: CleanupPolicy;
  /** That of `normal` where docker/build-config.json does not write one. */
  readonly custom?: CleanupPolicy;
}

/** Defaults of every build. */
export interface BakeSettings {
  /** Bake files; empty means bake's own look-up (`docker-bake.hcl`, `docker-bake.override.hcl` …). */
  readonly files: readonly string[];
  /** Name of a buildx builder; the engine's own when absent. */
  readonly builder?: string;
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
}
