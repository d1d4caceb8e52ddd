import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Failure, Result } from "../model/failure.ts";
import { createCommandAgent } from "./command-agent.ts";
import type { EngineEndpoint, EngineTransport } from "./endpoint.ts";
import { classifyErrorLines } from "./failure-classification.ts";
import { awaitAnswer, awaitUpgrade, readAnswer } from "./engine-exchange.ts";
import type { EngineAnswer, EngineRequest, TakenConnection } from "./engine-exchange.ts";
import { parseJson, textAt } from "./json-value.ts";

/**
 * Connections to one engine, kept alive between requests.
 * Built on `node:http` and not on a client library: importing dockerode costs three to five starts of Node, this module next
 * to nothing, and a request takes 0.7 ms against 0.9 ms. `node:http` comes through getBuiltinModule because importing it as an
 * ES module costs 38 ms at start.
 */
export class EngineConnection implements AsyncDisposable {
  readonly endpoint: EngineEndpoint;
  readonly #agent: Agent;
  readonly #target: RequestOptions;
  readonly #request: (options: RequestOptions) => ClientRequest;
  #version: Promise<Result<string>> | undefined;

  constructor(endpoint: EngineEndpoint) {
    this.endpoint = endpoint;
    const { agent, target, request } = openTransport(endpoint.transport);
    this.#agent = agent;
    this.#target = target;
    this.#request = request;
  }

  /** The API version spoken: the engine's, but none newer than the one this module was written for. */
  async version(): Promise<Result<string>> {
    this.#version ??= this.#negotiate();
    const version = await this.#version;
    if (!version.ok) this.#version = undefined;
    return version;
  }

  /** Sends a request and reads the whole answer. Statuses from 400 on are the failure engine-refused. */
  async send(request: EngineRequest): Promise<Result<EngineAnswer>> {
    const opened = await this.open(request);
    if (!opened.ok) return opened;
    try {
      return { ok: true, value: await readAnswer(opened.value) };
    } catch (error) {
      return await this.#unreachable(error);
    }
  }

  /** Sends a request and returns the answer while its body still arrives. */
  async open(request: EngineRequest): Promise<Result<IncomingMessage>> {
    const version = await this.version();
    if (!version.ok) return version;
    return await this.#exchange(request, `/v${version.value}`);
  }

  /**
   * Sends a request after which the connection belongs to the caller, both ways; `head` are bytes that came with the answer.
   * Closing it is up to the caller. An engine that gives an answer instead counts as unreachable.
   */
  async takeOver(request: EngineRequest): Promise<Result<TakenConnection>> {
    const version = await this.version();
    if (!version.ok) return version;
    const headers = { "content-type": "application/json", connection: "Upgrade", upgrade: "tcp" };
    const path = `/v${version.value}${requestPath(request)}`;
    const exchange = this.#request({ ...this.#target, agent: this.#agent, method: request.method, path, headers });
    try {
      return { ok: true, value: await awaitUpgrade(exchange, request) };
    } catch (error) {
      return await this.#unreachable(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
  }

  async #negotiate(): Promise<Result<string>> {
    const answer = await this.#exchange({ method: "GET", path: "/_ping", timeoutMs: PING_TIMEOUT_MS }, "");
    if (!answer.ok) return answer;
    try {
      // Read to its end, so that the next request finds the connection free.
      await readAnswer(answer.value);
    } catch (error) {
      return await this.#unreachable(error);
    }
    const offered = answer.value.headers["api-version"];
    return { ok: true, value: olderVersion(typeof offered === "string" ? offered : API_VERSION, API_VERSION) };
  }

  async #exchange(request: EngineRequest, prefix: string): Promise<Result<IncomingMessage>> {
    const options = {
      ...this.#target,
      agent: this.#agent,
      method: request.method,
      path: `${prefix}${requestPath(request)}`,
      ...contentType(request),
    };
    try {
      const answer = await this.#attempt(options, request, true);
      if ((answer.statusCode ?? 0) < 400) return { ok: true, value: answer };
      const { status, body } = await readAnswer(answer);
      const text = body.toString("utf8");
      const error = textAt(parseJson(text), "message") || text.trim() || (answer.statusMessage ?? "no reason given");
      return { ok: false, failure: describeRefusal(describe(request), status, error) };
    } catch (error) {
      return await this.#unreachable(error);
    }
  }

  /** A kept connection may have been closed by the engine meanwhile; reading is then tried once more on a new one. */
  async #attempt(options: RequestOptions, request: EngineRequest, again: boolean): Promise<IncomingMessage> {
    const exchange = this.#request(options);
    try {
      return await awaitAnswer(exchange, request);
    } catch (error) {
      if (again && exchange.reusedSocket && request.method !== "POST" && request.signal?.aborted !== true) {
        return await this.#attempt(options, request, false);
      }
      throw error;
    }
  }

  async #unreachable(error: unknown): Promise<{ readonly ok: false; readonly failure: Failure }> {
    const { url, tunnelEnded } = this.endpoint;
    // A connection breaks a moment before the ssh that carried it has said why.
    const deadline = performance.now() + (tunnelEnded === undefined ? 0 : LAST_WORDS_MS);
    let said = tunnelEnded?.();
    while (said === undefined && performance.now() < deadline) {
      await delay(10);
      said = tunnelEnded?.();
    }
    return {
      ok: false,
      failure: {
        reason: "engine-unreachable",
        endpoint: url,
        error: said ?? describeError(error),
      },
    };
  }
}

/** The newest API version whose answers this module was tried with (Engine 28). */
const API_VERSION = "1.51";
/** How long ssh may take to say why it has ended. */
const LAST_WORDS_MS = 300;
const PING_TIMEOUT_MS = 10_000;

function olderVersion(a: string, b: string): string {
  return a.localeCompare(b, "en", { numeric: true }) <= 0 ? a : b;
}

function openTransport(transport: EngineTransport): {
  readonly agent: Agent;
  readonly target: RequestOptions;
  readonly request: (options: RequestOptions) => ClientRequest;
} {
  const http = process.getBuiltinModule("node:http");
  const settings = { keepAlive: true, maxSockets: 16 };
  switch (transport.kind) {
    case "unix":
      return { agent: new http.Agent(settings), target: { socketPath: transport.path }, request: http.request };
    case "command":
      return { agent: createCommandAgent(transport.arguments), target: { host: "docker" }, request: http.request };
    case "tcp": {
      const target = { host: transport.host, port: transport.port };
      if (transport.tls === undefined) return { agent: new http.Agent(settings), target, request: http.request };
      const { caPath, certificatePath, keyPath, verify } = transport.tls;
      const https = process.getBuiltinModule("node:https");
      const agent = new https.Agent({
        ...settings,
        rejectUnauthorized: verify,
        ...(caPath === undefined ? {} : { ca: readFileSync(caPath) }),
        ...(certificatePath === undefined ? {} : { cert: readFileSync(certificatePath) }),
        ...(keyPath === undefined ? {} : { key: readFileSync(keyPath) }),
      });
      return { agent, target, request: https.request };
    }
  }
}

function requestPath(request: EngineRequest): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(request.query ?? {})) {
    for (const each of value === undefined ? [] : [value].flat()) query.append(key, each);
  }
  return query.size === 0 ? request.path : `${request.path}?${query.toString()}`;
}

function contentType(request: EngineRequest): RequestOptions {
  if (request.stream !== undefined) return { headers: { "content-type": "application/x-tar" } };
  return request.body === undefined ? {} : { headers: { "content-type": "application/json" } };
}

function describe(request: EngineRequest): string {
  return `${request.method} ${request.path}`;
}

/** A full disk makes almost every request fail; it is named, because its remedy is another one. */
function describeRefusal(request: string, status: number, error: string): Failure {
  if (classifyErrorLines([error])?.trouble !== "no-space") return { reason: "engine-refused", request, status, error };
  return { reason: "no-space", error, evidence: { command: request, lastLines: [error] } };
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? error.code : undefined;
  if (error.message.startsWith("spawn ")) return `the program for the connection does not start (${error.message})`;
  switch (code) {
    case "ENOENT":
      return `there is no socket (${error.message})`;
    case "EACCES":
      return `no permission to use the socket (${error.message})`;
    case "ECONNREFUSED":
      return `nothing listens there (${error.message})`;
    default:
      return error.message === "" ? (typeof code === "string" ? code : error.name) : error.message;
  }
}
