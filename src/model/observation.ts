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
  /** Bytes that other images hold as well, by the engine's count against all images; never to be summed up over a set. */
  readonly sharedBytes?: number;
  /** On the containerd store only: what removing it frees when nothing else shares its parts (`?manifests=1`). */
  readonly contents?: ImageContents;
}

/** The two parts that an image has on the containerd store, both counted in blocks. */
export interface ImageContents {
  /** Unpacked layers: snapshots. */
  readonly unpackedBytes: number;
  /** Compressed layers, manifest and configuration together. The engine tells the digest of none of them. */
  readonly contentBytes: number;
}

/** A layer of an image. Equal chain IDs are one layer on disk, whatever image they belong to. */
export interface ObservedLayer {
  readonly chainId: string;
  readonly sizeBytes: number;
  /** As the image's history has it: `COPY a /a # buildkit`, `RUN /bin/sh -c make # buildkit`. */
  readonly createdBy?: string;
  /** Milliseconds since 1970, in whole seconds: when the step ran, as its cache record says as well. */
  readonly createdAtMs?: number;
}

/** A container on the engine, running or not. */
export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  /** `created`, `running`, `exited` … as the engine says. */
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Names of the volumes that it mounts. Absent when nobody asked for volumes. */
  readonly volumes?: readonly string[];
  /** Size of its writable layer; absent where the engine did not compute it. */
  readonly writableBytes?: number;
  readonly createdAtMs?: number;
  /** In the engine's words: `Up 4 minutes (healthy)`, `Exited (0) 3 weeks ago`. */
  readonly status?: string;
}

/** A named or anonymous volume. */
export interface ObservedVolume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
  readonly createdAtMs: number;
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
  /** Milliseconds since 1970. */
  readonly createdAtMs?: number;
  readonly lastUsedAtMs: number;
  readonly usageCount: number;
}

/** Everything the clean-up policy looks at. A snapshot: making it changes nothing. */
export interface EngineObservation {
  readonly nowMs: number;
  /** Where images are stored; the accounting differs (see {@link ImageContents}). */
  readonly store?: ImageStore;
  /** The disk that holds the engine's data; absent where it cannot be measured. */
  readonly disk?: DiskSpace;
  /** Absent when nobody asked for volumes. */
  readonly volumes?: readonly ObservedVolume[];
  /** All layers of all images, each counted once, as the engine says. */
  readonly layersBytes?: number;
  readonly images: readonly ObservedImage[];
  readonly containers: readonly ObservedContainer[];
  readonly cache: readonly ObservedCacheRecord[];
}

/** The graph driver (`overlay2`), or containerd's image store, the default of fresh installs since Engine 29. */
export type ImageStore = "graph-driver" | "containerd";

/** Space of a file system. */
export interface DiskSpace {
  /** What a process without root's reserve can still write. */
  readonly freeBytes: number;
  readonly totalBytes: number;
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
