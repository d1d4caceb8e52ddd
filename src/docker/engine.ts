import type { IncomingMessage } from "node:http";
import type { Result } from "../model/failure.ts";
import type { ImageContents, ObservedCacheRecord, ObservedContainer, ObservedImage } from "../model/observation.ts";
import { pruneRecords } from "./cache.ts";
import type { PrunedRecords, PruneOptions } from "./cache.ts";
import { parseCacheRecord, parseDiskUsage, parseImageContents } from "./disk-answers.ts";
import type { DiskUsage } from "./disk-answers.ts";
import type { EndpointSources, EngineEndpoint } from "./endpoint.ts";
import { loadEngineEndpoint } from "./endpoint.ts";
import {
  asList,
  parseEngineInfo,
  parseEngineVersion,
  parseImageHistory,
  parseImageRemoval,
  parseInspectedContainer,
  parseInspectedImage,
  parseLayeredImage,
  parseListedContainer,
  parseListedImage,
} from "./engine-answers.ts";
import type {
  EngineEvent,
  EngineInfo,
  EngineVersion,
  ImageLayer,
  ImageRemoval,
  InspectedContainer,
  InspectedImage,
} from "./engine-answers.ts";
import type { EngineAnswer, EngineRequest } from "./engine-exchange.ts";
import { EngineConnection } from "./engine-connection.ts";
import type { ContainerCommand, ContainerCommandResult } from "./engine-exec.ts";
import { runInContainer } from "./engine-exec.ts";
import { watchEvents } from "./engine-events.ts";
import type { EventOptions } from "./engine-events.ts";
import { ContainerShells } from "./engine-shell.ts";
import type { ShellScript } from "./engine-shell.ts";
import { encodeFilters, encodeReference, orUndefined, splitReference } from "./engine-query.ts";
import { listAt, parseJson, textAt } from "./json-value.ts";
import { parseLogFrames } from "./log-frames.ts";
import { reachByTunnel } from "./ssh-tunnel.ts";

/** What every call accepts. */
export interface EngineOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * One Docker Engine through its HTTP interface. Reading is cheap: about 1 ms for an image by name, 10 to 130 ms for lists and
 * disk usage, growing with the engine's contents.
 * Every call returns a failure instead of rejecting: engine-unreachable, or engine-refused with the engine's own words.
 */
export class Engine implements AsyncDisposable {
  readonly #connection: EngineConnection;
  readonly #shells: ContainerShells;

  constructor(endpoint: EngineEndpoint) {
    this.#connection = new EngineConnection(endpoint);
    this.#shells = new ContainerShells(this.#connection);
  }

  /** Which engine this is, for messages and for the environment of docker commands. */
  get endpoint(): EngineEndpoint {
    return this.#connection.endpoint;
  }

  /** Whether the engine answers, and which API version is spoken. */
  async ping(): Promise<Result<{ readonly apiVersion: string }>> {
    const version = await this.#connection.version();
    return version.ok ? { ok: true, value: { apiVersion: version.value } } : version;
  }

  /** The engine's version. */
  async version(options: EngineOptions = {}): Promise<Result<EngineVersion>> {
    return await this.#read({ method: "GET", path: "/version", ...options }, parseEngineVersion);
  }

  /** The engine's host and stores. */
  async info(options: EngineOptions = {}): Promise<Result<EngineInfo>> {
    return await this.#read({ method: "GET", path: "/info", ...options }, parseEngineInfo);
  }

  /** Images with all of the labels (`name` or `name=value`); `lastTaggedAtMs` is 0, only an inspection knows it. */
  async listImages(
    options: EngineOptions & { readonly labels?: readonly string[]; readonly dangling?: boolean } = {},
  ): Promise<Result<readonly ObservedImage[]>> {
    const filters = encodeFilters({ label: options.labels, dangling: options.dangling });
    return await this.#read({ method: "GET", path: "/images/json", query: { filters }, ...options }, (answer) =>
      asList(answer).map(parseListedImage),
    );
  }

  /** An image by reference or id; undefined when the engine does not have it. About 1 ms however many images there are. */
  async inspectImage(reference: string, options: EngineOptions = {}): Promise<Result<ObservedImage | undefined>> {
    const path = `/images/${encodeReference(reference)}/json`;
    return orUndefined(await this.#read({ method: "GET", path, ...options }, parseInspectedImage));
  }

  /** The image's history, newest entry first; undefined when the engine does not have the image. */
  async imageHistory(
    reference: string,
    options: EngineOptions = {},
  ): Promise<Result<readonly ImageLayer[] | undefined>> {
    const path = `/images/${encodeReference(reference)}/history`;
    return orUndefined(await this.#read({ method: "GET", path, ...options }, parseImageHistory));
  }

  /** An image as {@link Engine.inspectImage} gives it, with the digests of its layers. */
  async inspectLayers(reference: string, options: EngineOptions = {}): Promise<Result<InspectedImage | undefined>> {
    const path = `/images/${encodeReference(reference)}/json`;
    return orUndefined(await this.#read({ method: "GET", path, ...options }, parseLayeredImage));
  }

  /** The parts of each image by its id, on the containerd store; empty on the graph driver. */
  async listImageContents(options: EngineOptions = {}): Promise<Result<ReadonlyMap<string, ImageContents>>> {
    const request = { method: "GET", path: "/images/json", query: { all: "1", manifests: "1" }, ...options } as const;
    return await this.#read(request, (answer) => {
      const contents = new Map<string, ImageContents>();
      for (const entry of asList(answer)) {
        const parts = parseImageContents(entry);
        if (parts !== undefined) contents.set(textAt(entry, "Id"), parts);
      }
      return contents;
    });
  }

  /** Gives an image another tag; a tag that exists moves. */
  async tagImage(imageId: string, reference: string, options: EngineOptions = {}): Promise<Result<void>> {
    const { repository, tag } = splitReference(reference);
    const path = `/images/${encodeReference(imageId)}/tag`;
    return await this.#read({ method: "POST", path, query: { repo: repository, tag }, ...options }, () => undefined);
  }

  /**
   * Removes a tag, or an image by id. Never forced: that the engine refuses what a container uses and what has several tags is
   * the last safety net.
   */
  async removeImage(reference: string, options: EngineOptions = {}): Promise<Result<ImageRemoval>> {
    const path = `/images/${encodeReference(reference)}`;
    const removed = await this.#read({ method: "DELETE", path, ...options }, parseImageRemoval);
    if (removed.ok || removed.failure.reason !== "engine-refused") return removed;
    if (removed.failure.status === 404) return { ok: true, value: { removal: "missing" } };
    if (removed.failure.status === 409) {
      return { ok: true, value: { removal: "refused", because: removed.failure.error } };
    }
    return removed;
  }

  /** Containers with all of the labels, running or not. */
  async listContainers(
    options: EngineOptions & { readonly labels?: readonly string[]; readonly runningOnly?: boolean } = {},
  ): Promise<Result<readonly ObservedContainer[]>> {
    const query = {
      all: options.runningOnly === true ? undefined : "1",
      filters: encodeFilters({ label: options.labels }),
    };
    return await this.#read({ method: "GET", path: "/containers/json", query, ...options }, (answer) =>
      asList(answer).map(parseListedContainer),
    );
  }

  /** A container by id or name; undefined when it does not exist. */
  async inspectContainer(id: string, options: EngineOptions = {}): Promise<Result<InspectedContainer | undefined>> {
    const path = `/containers/${encodeURIComponent(id)}/json`;
    return orUndefined(await this.#read({ method: "GET", path, ...options }, parseInspectedContainer));
  }

  /**
   * Starts a container, stops it (by its own signal and grace) or removes one that does not run. What is so already, or gone, is
   * no error.
   */
  async changeContainer(
    id: string,
    change: "start" | "stop" | "remove",
    options: EngineOptions = {},
  ): Promise<Result<void>> {
    const container = `/containers/${encodeURIComponent(id)}`;
    const request = { method: change === "remove" ? "DELETE" : "POST", path: container, ...options } as const;
    const path = change === "remove" ? container : `${container}/${change}`;
    const changed = orUndefined(await this.#read({ ...request, path }, () => undefined));
    return changed.ok ? { ok: true, value: undefined } : changed;
  }

  /** The last lines of a container's log, stdout and stderr as they came; empty when the container does not exist. */
  async containerLogTail(id: string, lines: number, options: EngineOptions = {}): Promise<Result<readonly string[]>> {
    const path = `/containers/${encodeURIComponent(id)}/logs`;
    const query = { stdout: "1", stderr: "1", tail: String(lines) };
    const answer = await this.#connection.send({ method: "GET", path, query, signal: options.signal });
    if (answer.ok) return { ok: true, value: parseLogFrames(answer.value.body).slice(-lines) };
    const missing = answer.failure.reason === "engine-refused" && answer.failure.status === 404;
    return missing ? { ok: true, value: [] } : answer;
  }

  /** Runs a command in a container that runs, and waits for its end. See {@link runInContainer}. */
  async run(containerId: string, command: ContainerCommand): Promise<Result<ContainerCommandResult>> {
    return await runInContainer(this.#connection, containerId, command);
  }

  /** Runs a shell script as root in a container that runs; only for what may be repeated. See {@link ContainerShells}. */
  async runScript(containerId: string, script: ShellScript): Promise<Result<ContainerCommandResult>> {
    return await this.#shells.run(containerId, script);
  }

  /** Any other request, for a module that has calls of its own. */
  async request(request: EngineRequest): Promise<Result<EngineAnswer>> {
    return await this.#connection.send(request);
  }

  /** Any other request, whose answer is read while it arrives. */
  async open(request: EngineRequest): Promise<Result<IncomingMessage>> {
    return await this.#connection.open(request);
  }

  /**
   * Everything that takes disk, by the engine's accounting; volumes only when asked for, because the engine walks through all of
   * their files. Slow on a large engine.
   */
  async diskUsage(options: EngineOptions & { readonly volumes?: boolean } = {}): Promise<Result<DiskUsage>> {
    const { volumes, signal } = options;
    const type = ["image", "container", "build-cache", ...(volumes === true ? ["volume"] : [])];
    return await this.#read({ method: "GET", path: "/system/df", query: { type }, signal }, parseDiskUsage);
  }

  /** The records of BuildKit's cache. */
  async listCacheRecords(options: EngineOptions = {}): Promise<Result<readonly ObservedCacheRecord[]>> {
    const query = { type: "build-cache" };
    return await this.#read({ method: "GET", path: "/system/df", query, ...options }, (answer) =>
      listAt(answer, "BuildCache").map(parseCacheRecord),
    );
  }

  /** Removes exactly these cache records, as far as they are not in use and have no other children. See {@link pruneRecords}. */
  async pruneCacheRecords(ids: readonly string[], options: PruneOptions = {}): Promise<Result<PrunedRecords>> {
    return await pruneRecords(this.#connection, ids, options);
  }

  /** What happens on the engine, as it happens, until the signal aborts. See {@link watchEvents}. */
  events(options: EventOptions): AsyncGenerator<EngineEvent> {
    return watchEvents(this.#connection, options);
  }

  /** Closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#shells[Symbol.dispose]();
    await this.#connection[Symbol.asyncDispose]();
  }

  async #read<T>(request: EngineRequest, parse: (answer: unknown) => T): Promise<Result<T>> {
    const answer = await this.#connection.send(request);
    if (!answer.ok) return answer;
    return { ok: true, value: parse(parseJson(answer.value.body.toString("utf8"))) };
  }
}

/** Finds the engine (behind ssh through a tunnel) and makes sure that it answers: engine-unreachable otherwise. */
export async function openEngine(sources: EndpointSources = {}): Promise<Result<Engine>> {
  const named = loadEngineEndpoint(sources);
  if (!named.ok) return named;
  const reached = await reachByTunnel(named.value);
  if (!reached.ok) return reached;
  const engine = await openEndpoint(reached.value);
  if (engine.ok || sources.ssh !== undefined || reached.value === named.value) return engine;
  return await openEndpoint(named.value); // the docker command line there may know of another socket
}

async function openEndpoint(endpoint: EngineEndpoint): Promise<Result<Engine>> {
  const engine = new Engine(endpoint);
  const answered = await engine.ping();
  if (answered.ok) return { ok: true, value: engine };
  await engine[Symbol.asyncDispose]();
  return answered;
}
