/** What was looked at, in the order in which it is shown. */
export type HealthProbe = "engine" | "buildx" | "compose" | "disk" | "bridge" | "files" | "entrance";

/** The result of one probe. */
export interface HealthFinding {
  readonly probe: HealthProbe;
  /** `failed`: a run cannot work. `warning`: a part of it may not. `not-probed`: nothing is known, with the reason as summary. */
  readonly state: "ok" | "warning" | "failed" | "not-probed";
  /** One line without a full stop. */
  readonly summary: string;
  /** What was seen: versions, messages of the tools. */
  readonly evidence: readonly string[];
  /** What to do; present unless all is well. */
  readonly remedy?: string;
}

/** What the probes look at; defaults are the surroundings of this process. */
export interface HealthOptions {
  /** The project directory, where logs and state are written; its disk is looked at as well. */
  readonly workingDirectory?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly dockerContext?: string;
  readonly signal?: AbortSignal | undefined;
  /** A busybox without shared libraries for the build of the bridge probe, tried before those of the system. */
  readonly busybox?: string;
}
