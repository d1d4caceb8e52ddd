/** An image on the engine, as the clean-up policy and size checks see it. */
export interface ObservedImage {
  /** `sha256:…` */
  readonly id: string;
  readonly tags: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly createdAtMs: number;
  /** Milliseconds since 1970; when the image last got a tag on this engine. 0 when unknown. */
  readonly lastTaggedAtMs: number;
  /** Its layers, base first. Absent when nobody asked the engine for them; predictions are exact only with them. */
  readonly layers?: readonly ObservedLayer[];
}

/** A layer of an image. Equal chain IDs are one layer on disk, whatever image they belong to. */
export interface ObservedLayer {
  readonly chainId: string;
  readonly sizeBytes: number;
}

/** A container on the engine, running or not. */
export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  /** `created`, `running`, `exited` … as the engine says. */
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A record of BuildKit's cache. */
export interface ObservedCacheRecord {
  readonly id: string;
  readonly parents: readonly string[];
  /** `regular`, `source.local`, `exec.cachemount` … */
  readonly type: string;
  readonly description: string;
  readonly sizeBytes: number;
  readonly inUse: boolean;
  /** Also part of an image; removing it alone frees nothing. */
  readonly shared: boolean;
  readonly lastUsedAtMs: number;
  readonly usageCount: number;
}

/** Everything the clean-up policy looks at. A snapshot: making it changes nothing. */
export interface EngineObservation {
  readonly nowMs: number;
  readonly images: readonly ObservedImage[];
  readonly containers: readonly ObservedContainer[];
  readonly cache: readonly ObservedCacheRecord[];
}

/**
 * Labels that mark what is ours. Those of images are `project` and `service` alone, whose values never change between builds, so
 * they never change an image ID; the rest is on containers.
 */
export const LABELS = {
  project: "dev.orchestrate.project",
  service: "dev.orchestrate.service",
  environment: "dev.orchestrate.environment",
  colour: "dev.orchestrate.colour",
  /** The run that deployed it. */
  release: "dev.orchestrate.release",
  deployId: "dev.orchestrate.deploy-id",
  fingerprint: "dev.orchestrate.fingerprint",
} as const;
