import type { ObservedContainer, ObservedImage } from "../model/observation.ts";
import { flagAt, isRecord, listAt, numberAt, recordAt, textAt, textListAt, textMapAt, timeAt } from "./json-value.ts";

/** What the engine says about itself in `/version`. */
export interface EngineVersion {
  /** `28.5.2` */
  readonly version: string;
  readonly apiVersion: string;
  readonly os: string;
  readonly architecture: string;
}

/** The parts of `/info` that decide something. */
export interface EngineInfo {
  /** The engine's own identity; the same for as long as its data are. */
  readonly id: string;
  /** Where the engine keeps its data, on the engine's host. */
  readonly rootDirectory: string;
  /** `overlay2`, `overlayfs` … */
  readonly storageDriver: string;
  /** The two stores account differently (containerd: unpacked plus compressed content). */
  readonly imageStore: "graph-driver" | "containerd";
  readonly name: string;
  readonly operatingSystem: string;
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** One entry of an image's history. */
export interface ImageLayer {
  readonly createdBy: string;
  readonly sizeBytes: number;
  readonly createdAtMs: number;
}

/** A container with the state that readiness is decided from. */
export type InspectedContainer = ObservedContainer & {
  /** Absent while it runs. */
  readonly exitCode?: number;
  readonly restartCount: number;
  /** `none` where the image and the compose file define no health check. */
  readonly health: "none" | "starting" | "healthy" | "unhealthy";
  /** Output of the latest probes, oldest first. */
  readonly healthLog: readonly string[];
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly oomKilled: boolean;
  /** The engine's reason why it could not start; "" without one. */
  readonly error: string;
  readonly ports: readonly PublishedPort[];
  /** `no`, `always`, `on-failure`, `unless-stopped`. */
  readonly restartPolicy?: string;
  /** Address by network name. */
  readonly ipAddresses: Readonly<Record<string, string>>;
};

/** A port of a container that is published on the engine's host. */
export interface PublishedPort {
  readonly containerPort: number;
  readonly protocol: string;
  readonly hostIp: string;
  readonly hostPort: number;
}

/** Something the engine announced, or the end of the announcements. */
export type EngineEvent =
  | {
      readonly type: string;
      readonly action: string;
      /** Id or name of what it happened to. */
      readonly actorId: string;
      readonly attributes: Readonly<Record<string, string>>;
      readonly atMs: number;
    }
  | { readonly type: "connection-lost"; readonly error: string };

/** What became of a removal. */
export type ImageRemoval =
  | { readonly removal: "removed"; readonly deleted: readonly string[]; readonly untagged: readonly string[] }
  /** The engine protects it: a container uses it, or it has other tags. */
  | { readonly removal: "refused"; readonly because: string }
  | { readonly removal: "missing" };

/** Reads `/version`. */
export function parseEngineVersion(answer: unknown): EngineVersion {
  return {
    version: textAt(answer, "Version"),
    apiVersion: textAt(answer, "ApiVersion"),
    os: textAt(answer, "Os"),
    architecture: textAt(answer, "Arch"),
  };
}

/** Reads `/info`. */
export function parseEngineInfo(answer: unknown): EngineInfo {
  const containerd = listAt(answer, "DriverStatus").some(
    (pair) => Array.isArray(pair) && pair[0] === "driver-type" && pair[1] === "io.containerd.snapshotter.v1",
  );
  return {
    id: textAt(answer, "ID"),
    rootDirectory: textAt(answer, "DockerRootDir"),
    storageDriver: textAt(answer, "Driver"),
    imageStore: containerd ? "containerd" : "graph-driver",
    name: textAt(answer, "Name"),
    operatingSystem: textAt(answer, "OperatingSystem"),
    cpus: numberAt(answer, "NCPU"),
    memoryBytes: numberAt(answer, "MemTotal"),
  };
}

/** Reads an entry of `/images/json`, which does not say when the image was tagged. */
export function parseListedImage(entry: unknown): ObservedImage {
  return {
    id: textAt(entry, "Id"),
    tags: realTags(textListAt(entry, "RepoTags")),
    labels: textMapAt(entry, "Labels"),
    sizeBytes: numberAt(entry, "Size"),
    createdAtMs: numberAt(entry, "Created") * 1_000,
    lastTaggedAtMs: 0,
  };
}

/** An image with the digests of its layers, base first. */
export type InspectedImage = ObservedImage & { readonly layerDigests: readonly string[] };

/** Reads `/images/NAME/json`. */
export function parseInspectedImage(answer: unknown): ObservedImage {
  return {
    id: textAt(answer, "Id"),
    tags: realTags(textListAt(answer, "RepoTags")),
    labels: textMapAt(recordAt(answer, "Config"), "Labels"),
    sizeBytes: numberAt(answer, "Size"),
    createdAtMs: timeAt(answer, "Created"),
    lastTaggedAtMs: timeAt(recordAt(answer, "Metadata"), "LastTagTime"),
  };
}

function realTags(tags: readonly string[]): readonly string[] {
  return tags.filter((tag) => tag !== "<none>:<none>");
}

/** Reads `/images/NAME/history`. */
export function parseImageHistory(answer: unknown): readonly ImageLayer[] {
  return asList(answer).map((entry) => ({
    createdBy: textAt(entry, "CreatedBy"),
    sizeBytes: numberAt(entry, "Size"),
    createdAtMs: Math.max(0, numberAt(entry, "Created") * 1_000),
  }));
}

/** Reads `/images/NAME/json` with the digests of its layers. */
export function parseLayeredImage(answer: unknown): InspectedImage {
  return { ...parseInspectedImage(answer), layerDigests: textListAt(recordAt(answer, "RootFS"), "Layers") };
}

/** Reads an entry of `/containers/json`. */
export function parseListedContainer(entry: unknown): ObservedContainer {
  return {
    id: textAt(entry, "Id"),
    name: (textListAt(entry, "Names")[0] ?? "").replace(/^\//, ""),
    imageId: textAt(entry, "ImageID"),
    state: textAt(entry, "State"),
    labels: textMapAt(entry, "Labels"),
    volumes: listAt(entry, "Mounts").flatMap((mount) =>
      textAt(mount, "Type") === "volume" ? [textAt(mount, "Name")] : [],
    ),
  };
}

/** Reads `/containers/ID/json`. */
export function parseInspectedContainer(answer: unknown): InspectedContainer {
  const state = recordAt(answer, "State");
  const ended = !flagAt(state, "Running") && textAt(state, "Status") !== "created";
  return {
    id: textAt(answer, "Id"),
    name: textAt(answer, "Name").replace(/^\//, ""),
    imageId: textAt(answer, "Image"),
    state: textAt(state, "Status"),
    labels: textMapAt(recordAt(answer, "Config"), "Labels"),
    ...(ended ? { exitCode: numberAt(state, "ExitCode") } : {}),
    restartCount: numberAt(answer, "RestartCount"),
    health: parseHealth(textAt(recordAt(state, "Health"), "Status")),
    healthLog: listAt(recordAt(state, "Health"), "Log").map((probe) => textAt(probe, "Output").trim()),
    startedAtMs: timeAt(state, "StartedAt"),
    finishedAtMs: timeAt(state, "FinishedAt"),
    oomKilled: flagAt(state, "OOMKilled"),
    error: textAt(state, "Error"),
    ports: parsePorts(recordAt(recordAt(answer, "NetworkSettings"), "Ports")),
    restartPolicy: textAt(recordAt(recordAt(answer, "HostConfig"), "RestartPolicy"), "Name") || "no",
    ipAddresses: parseAddresses(recordAt(recordAt(answer, "NetworkSettings"), "Networks")),
  };
}

function parseHealth(status: string): InspectedContainer["health"] {
  return status === "starting" || status === "healthy" || status === "unhealthy" ? status : "none";
}

function parsePorts(ports: Readonly<Record<string, unknown>>): readonly PublishedPort[] {
  return Object.entries(ports).flatMap(([key, bindings]) => {
    const [containerPort, protocol] = key.split("/");
    return (Array.isArray(bindings) ? bindings : []).map((binding: unknown) => ({
      containerPort: Number(containerPort),
      protocol: protocol ?? "tcp",
      hostIp: textAt(binding, "HostIp"),
      hostPort: numberAt(binding, "HostPort"),
    }));
  });
}

function parseAddresses(networks: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(networks).map(([name, network]) => [name, textAt(network, "IPAddress")] as const),
  );
}

/** Reads one line of `/events`; undefined for a line that is no event. */
export function parseEngineEvent(value: unknown): EngineEvent | undefined {
  if (!isRecord(value)) return undefined;
  const actor = recordAt(value, "Actor");
  const nanoseconds = numberAt(value, "timeNano");
  return {
    type: textAt(value, "Type"),
    action: textAt(value, "Action"),
    actorId: textAt(actor, "ID"),
    attributes: textMapAt(actor, "Attributes"),
    atMs: nanoseconds > 0 ? Math.floor(nanoseconds / 1e6) : numberAt(value, "time") * 1_000,
  };
}

/** Reads the answer to the removal of an image. */
export function parseImageRemoval(answer: unknown): ImageRemoval {
  const texts = (key: string): string[] =>
    asList(answer)
      .map((entry) => textAt(entry, key))
      .filter((text) => text !== "");
  return { removal: "removed", deleted: texts("Deleted"), untagged: texts("Untagged") };
}

/** The entries of an answer that is a list; empty for anything else. */
export function asList(answer: unknown): readonly unknown[] {
  return Array.isArray(answer) ? answer : [];
}
