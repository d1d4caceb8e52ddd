import type { EngineTarget } from "../docker/endpoint.ts";
import type { Engine } from "../docker/engine.ts";
import type { BuildConfig } from "../model/build-config.ts";
import type { Result } from "../model/failure.ts";
import type { ReleaseJournal } from "../model/journal.ts";
import type { ImageStore } from "../model/observation.ts";
import type { MeasuredBuild } from "../plan/disk-need.ts";

/** What every task runner may use besides its task and the context of the attempt. Made by the composition root. */
export interface TaskTools {
  /** docker/build-config.json, resolved. */
  readonly config: BuildConfig;
  /** Absolute. Bake, compose and commands run here. */
  readonly projectDirectory: string;
  /**
   * The engine that an environment names; undefined means the current one. Opened at most once for each, and closed,
   * by whoever made the tools.
   */
  readonly engine: (target?: EngineTarget) => Promise<Result<Engine>>;
  /** Added to the environment of every command. */
  readonly environment: Readonly<Record<string, string>>;
  /** Size of the image of a service that was built before `imageId`; undefined where none is remembered. */
  readonly previousSizeBytes?: (service: string, imageId: string) => number | undefined;
  /** What earlier runs left that a clean-up decides by; without it eviction goes by age and size alone. */
  readonly past?: BuildPast;
  /** Values of declared secrets; they appear in no line that is reported and in no evidence. */
  readonly redact: readonly string[];
  /** Where releases are recorded; only deploys through a router need it. */
  readonly releases?: ReleaseTools;
}

/** What is remembered of earlier builds of the project. */
export interface BuildPast {
  /** Milliseconds since 1970 by image id. */
  lastUsed(): ReadonlyMap<string, number>;
  /** Milliseconds by the name under which BuildKit's cache describes the step's result. */
  stepDurations(): ReadonlyMap<string, number>;
  /** What the last real build of a bake target wrote to an image store; undefined when none is remembered. */
  diskNeed(bakeTarget: string, imageStore: ImageStore): MeasuredBuild | undefined;
}

/** What a deploy through a router needs besides. */
export interface ReleaseTools {
  /** The run, or the command, that deploys. */
  readonly runId: string;
  /** Or why there is none: without one nothing is deployed, because nobody could go on after a kill. */
  readonly journal: Result<ReleaseJournal>;
  /** Key for digests of secrets; the same for every run of the project on this machine. */
  readonly secretKey: string;
  /** Longest that another deploy of the project is waited for; 0 fails at once. Absent: as long as it takes. */
  readonly lockTimeoutMs?: number;
}
