import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { Result } from "../model/failure.ts";
import { flagAt, parseJson, recordAt, textAt } from "./json-value.ts";

/** How the engine's HTTP interface is reached. */
export type EngineTransport =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls?: TlsMaterial }
  /** Standard input and output of a command carry the connection (`docker system dial-stdio`), as for `ssh://`. */
  | { readonly kind: "command"; readonly arguments: readonly [string, ...string[]]; readonly ssh?: URL };

/** Paths of PEM files; each absent where the file does not exist. */
export interface TlsMaterial {
  readonly caPath?: string;
  readonly certificatePath?: string;
  readonly keyPath?: string;
  readonly verify: boolean;
}

/** An engine, named once for both its HTTP interface and the docker command line. */
export interface EngineEndpoint {
  /** As shown: `unix:///var/run/docker.sock`. */
  readonly url: string;
  /** The docker context it comes from, where it comes from one. */
  readonly context?: string;
  /** Added to the environment of every docker command, so that it talks to the same engine. */
  readonly cliEnvironment: Readonly<Record<string, string>>;
  readonly transport: EngineTransport;
  /** The host behind a tunnel, whose ports are not those of this machine. */
  readonly remoteHost?: string;
  /** Why a tunnel does not carry any more; undefined while it does. */
  readonly tunnelEnded?: () => string | undefined;
  /** A local socket that leads to a port of the remote host's loopback; rejects with the reason why there is none. */
  readonly forward?: (port: number) => Promise<string>;
  /** What a command on the remote host prints; undefined where it fails or the login runs none. Present behind a tunnel only. */
  readonly runThere?: (words: readonly string[]) => Promise<string | undefined>;
}

/** A way to a remote engine's socket. */
export interface SshTunnel {
  /** The local end; readable by this user only. */
  readonly socketPath: string;
  /** Why it does not carry any more, in the words of ssh; undefined while it does. */
  readonly ended: () => string | undefined;
  /**
   * The local end of a way to a TCP port of the remote host's loopback, through the same login. Rejects with what ssh says.
   */
  readonly forward: (port: number) => Promise<string>;
  /** What a command on the remote host prints, run through the same login; undefined where it fails or the login runs none. */
  readonly runThere: (words: readonly string[]) => Promise<string | undefined>;
}

/** A remote engine as an environment names it; neither means the current one. */
export interface EngineTarget {
  readonly dockerContext?: string;
  /** `[user@]host[:port]` */
  readonly ssh?: string;
}

/** Where to look; defaults are the surroundings of this process. */
export interface EndpointSources {
  /** Name of a docker context; stands above everything else, as `docker --context` does. */
  readonly dockerContext?: string;
  /** `[user@]host[:port]` of an engine; stands above everything else, too. */
  readonly ssh?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory?: string;
}

const DEFAULT_SOCKET = "/var/run/docker.sock";

/**
 * The engine that the docker command line would use, in its order: an explicit context, DOCKER_HOST, DOCKER_CONTEXT,
 * `currentContext` of the configuration, the default socket. Fails with engine-unreachable for a context that does not
 * exist or an address that nothing here can reach.
 */
export function loadEngineEndpoint(sources: EndpointSources = {}): Result<EngineEndpoint> {
  const environment = sources.environment ?? process.env;
  const directory = configDirectory(environment, sources.homeDirectory ?? homedir());
  const ssh = named(sources.ssh);
  if (ssh !== undefined) return resolveAddress(`ssh://${ssh}`, { DOCKER_HOST: `ssh://${ssh}` }, undefined);
  const explicit = named(sources.dockerContext);
  if (explicit === undefined) {
    const host = named(environment["DOCKER_HOST"]);
    if (host !== undefined) return resolveHost(host, environment, directory);
  }
  const context = explicit ?? named(environment["DOCKER_CONTEXT"]) ?? currentContext(directory);
  if (context === undefined || context === "default") {
    const host = explicit === "default" ? named(environment["DOCKER_HOST"]) : undefined;
    return host === undefined ? unixEndpoint(DEFAULT_SOCKET, {}) : resolveHost(host, environment, directory);
  }
  return loadContext(context, directory);
}

/** The same engine through the local end of a tunnel. */
export function tunnelEndpoint(endpoint: EngineEndpoint, tunnel: SshTunnel, host: string): EngineEndpoint {
  const { socketPath, ended, forward, runThere } = tunnel;
  return {
    ...endpoint,
    // A context would stand above an address.
    cliEnvironment: { DOCKER_HOST: `unix://${socketPath}`, DOCKER_CONTEXT: "" },
    transport: { kind: "unix", path: socketPath },
    remoteHost: host,
    tunnelEnded: ended,
    forward,
    runThere,
  };
}

/** Whether the engine's files and ports are those of this machine. */
export function isLocalEngine({ transport, remoteHost }: EngineEndpoint): boolean {
  return transport.kind === "unix" && remoteHost === undefined;
}

/** The host at which ports that the engine publishes answer; undefined where it is not known. */
export function publishedHost({ transport, remoteHost }: EngineEndpoint): string | undefined {
  if (remoteHost !== undefined) return remoteHost;
  switch (transport.kind) {
    case "unix":
      return "127.0.0.1";
    case "tcp":
      return transport.host;
    case "command":
      return undefined;
  }
}

/** The directory of the docker command line's configuration: DOCKER_CONFIG or `~/.docker`. */
export function configDirectory(
  environment: Readonly<Record<string, string | undefined>>,
  homeDirectory: string,
): string {
  return named(environment["DOCKER_CONFIG"]) ?? path.join(homeDirectory, ".docker");
}

function named(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}

function currentContext(directory: string): string | undefined {
  return named(textAt(readJson(path.join(directory, "config.json")), "currentContext"));
}

function readJson(file: string): unknown {
  try {
    return parseJson(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function resolveHost(
  host: string,
  environment: Readonly<Record<string, string | undefined>>,
  directory: string,
): Result<EngineEndpoint> {
  const tls = named(environment["DOCKER_TLS_VERIFY"]) ?? named(environment["DOCKER_TLS"]);
  const certificates = named(environment["DOCKER_CERT_PATH"]) ?? directory;
  const material =
    tls === undefined
      ? undefined
      : readTlsMaterial(certificates, named(environment["DOCKER_TLS_VERIFY"]) !== undefined);
  return resolveAddress(host, { DOCKER_HOST: host }, material);
}

function loadContext(context: string, directory: string): Result<EngineEndpoint> {
  const id = createHash("sha256").update(context).digest("hex");
  const endpoint = recordAt(
    recordAt(readJson(path.join(directory, "contexts/meta", id, "meta.json")), "Endpoints"),
    "docker",
  );
  const host = textAt(endpoint, "Host");
  if (host === "") {
    return unreachable(
      `docker context ${context}`,
      `the docker context "${context}" does not exist; \`docker context ls\` shows all`,
    );
  }
  const tlsDirectory = path.join(directory, "contexts/tls", id, "docker");
  const material = existsSync(tlsDirectory)
    ? readTlsMaterial(tlsDirectory, !flagAt(endpoint, "SkipTLSVerify"))
    : undefined;
  // DOCKER_HOST stands above DOCKER_CONTEXT in the command line, so it is emptied.
  const resolved = resolveAddress(host, { DOCKER_CONTEXT: context, DOCKER_HOST: "" }, material);
  return resolved.ok ? { ok: true, value: { ...resolved.value, context } } : resolved;
}

function readTlsMaterial(directory: string, verify: boolean): TlsMaterial {
  const present = (name: string): string | undefined => {
    const file = path.join(directory, name);
    return existsSync(file) ? file : undefined;
  };
  const caPath = present("ca.pem");
  const certificatePath = present("cert.pem");
  const keyPath = present("key.pem");
  return {
    ...(caPath === undefined ? {} : { caPath }),
    ...(certificatePath === undefined ? {} : { certificatePath }),
    ...(keyPath === undefined ? {} : { keyPath }),
    verify,
  };
}

function resolveAddress(
  host: string,
  cliEnvironment: Readonly<Record<string, string>>,
  tls: TlsMaterial | undefined,
): Result<EngineEndpoint> {
  if (host.startsWith("unix://")) return unixEndpoint(host.slice("unix://".length), cliEnvironment);
  const url = URL.parse(host);
  if (url?.protocol === "tcp:" || url?.protocol === "http:" || url?.protocol === "https:") {
    const port = Number(url.port === "" ? (tls === undefined ? 2375 : 2376) : url.port);
    const hostname = url.hostname.replace(/^\[|\]$/g, "");
    const transport: EngineTransport = { kind: "tcp", host: hostname, port, ...(tls === undefined ? {} : { tls }) };
    return { ok: true, value: { url: host, cliEnvironment, transport } };
  }
  if (url?.protocol === "ssh:") {
    const transport: EngineTransport = { kind: "command", arguments: sshArguments(url), ssh: url };
    return { ok: true, value: { url: host, cliEnvironment, transport } };
  }
  return unreachable(host, `the address ${host} is none of unix://, tcp:// and ssh://`);
}

/** What the docker command line itself runs for `ssh://` hosts. */
function sshArguments(url: URL): readonly [string, ...string[]] {
  const user = url.username === "" ? [] : ["-l", decodeURIComponent(url.username)];
  const port = url.port === "" ? [] : ["-p", url.port];
  return [
    "ssh",
    ...user,
    ...port,
    "-o",
    "ConnectTimeout=30",
    "-T",
    "--",
    url.hostname,
    "docker",
    "system",
    "dial-stdio",
  ];
}

function unixEndpoint(socket: string, cliEnvironment: Readonly<Record<string, string>>): Result<EngineEndpoint> {
  return { ok: true, value: { url: `unix://${socket}`, cliEnvironment, transport: { kind: "unix", path: socket } } };
}

function unreachable(endpoint: string, error: string): Result<EngineEndpoint> {
  return { ok: false, failure: { reason: "engine-unreachable", endpoint, error } };
}
