import { formatByteSize } from "../model/byte-size.ts";
import type { Failure } from "../model/failure.ts";
import { probeBridge } from "./bridge-probe.ts";
import type { DiskSpace } from "./disk-usage.ts";
import { engineDiskFree, loadDiskFree } from "./disk-usage.ts";
import type { Engine } from "./engine.ts";
import { openEngine } from "./engine.ts";
import type { HealthFinding, HealthOptions } from "./health-finding.ts";
import { probeOpenFiles } from "./open-files-probe.ts";
import type { PluginName } from "./plugins.ts";
import { findPlugin, loadPluginVersion } from "./plugins.ts";

export type { HealthFinding, HealthOptions } from "./health-finding.ts";

interface Requirement {
  /** Below this nothing works: [major, minor]. */
  readonly oldest: readonly [number, number];
  /** Below this the named parts do not work. */
  readonly complete: readonly [number, number];
  readonly missingBelow: string;
}

const BUILDX: Requirement = {
  oldest: [0, 13],
  complete: [0, 22],
  missingBelow: "`secrets`, `cache_from` and `cache_to` of a pipeline need 0.22, `allow` and `network` 0.17",
};
const COMPOSE: Requirement = {
  oldest: [2, 0],
  complete: [2, 20],
  missingBelow: "health checks with `start_interval` and `--progress=plain` need newer ones",
};
const OLDEST_ENGINE = 23;
const LITTLE_BYTES = 10e9;
const TOO_LITTLE_BYTES = 1e9;

/**
 * Looks at everything a run needs. Changes nothing, except that the bridge probe builds a tiny image that is not kept. Takes
 * about a second; an engine that does not answer is reported within ten.
 */
export async function probeHealth(options: HealthOptions = {}): Promise<readonly HealthFinding[]> {
  const opened = await openEngine(options);
  if (!opened.ok) {
    const [buildx, compose] = await Promise.all([probePlugin("buildx", options), probePlugin("compose", options)]);
    const unknown = { state: "not-probed", summary: "the engine does not answer", evidence: [] } as const;
    return [
      engineDown(opened.failure),
      buildx,
      compose,
      { probe: "disk", ...unknown },
      { probe: "bridge", ...unknown },
      { probe: "files", ...unknown },
    ];
  }
  await using engine = opened.value;
  const [version, buildx, compose, disk] = await Promise.all([
    probeEngine(engine),
    probePlugin("buildx", options),
    probePlugin("compose", options),
    probeDisk(engine, options),
  ]);
  const bridge: HealthFinding =
    buildx.state === "failed"
      ? { probe: "bridge", state: "not-probed", summary: "it needs buildx", evidence: [] }
      : { probe: "bridge", ...(await probeBridge(engine, options)) };
  return [version, buildx, compose, disk, bridge, probeOpenFiles(engine.endpoint)];
}

function engineDown(failure: Failure): HealthFinding {
  const unreachable = failure.reason === "engine-unreachable";
  const endpoint = unreachable ? failure.endpoint : "the engine";
  const error = "error" in failure ? failure.error : failure.reason;
  return {
    probe: "engine",
    state: "failed",
    summary: `no Docker Engine answers at ${endpoint}`,
    evidence: [error],
    remedy: engineRemedy(error),
  };
}

function engineRemedy(error: string): string {
  if (error.includes("permission")) {
    return "add yourself to the group of the socket: `sudo usermod -aG docker $USER`, then log in again";
  }
  if (error.includes("docker context"))
    return "`docker context ls` shows the contexts, `docker context use NAME` selects one";
  return "start it (`sudo systemctl start docker`, or Docker Desktop), install Docker Engine, or set DOCKER_HOST to one that runs elsewhere";
}

async function probeEngine(engine: Engine): Promise<HealthFinding> {
  const version = await engine.version();
  if (!version.ok) return engineDown(version.failure);
  const { version: text, apiVersion, os, architecture } = version.value;
  const evidence = [`API ${apiVersion}, ${os}/${architecture}, ${engine.endpoint.url}`];
  if (Number.parseInt(text, 10) >= OLDEST_ENGINE) {
    return { probe: "engine", state: "ok", summary: `Docker Engine ${text} answers`, evidence };
  }
  return {
    probe: "engine",
    state: "warning",
    summary: `Docker Engine ${text} is older than ${OLDEST_ENGINE}`,
    evidence,
    remedy: `install Docker Engine ${OLDEST_ENGINE} or newer: builds of older ones lack BuildKit by default`,
  };
}

async function probePlugin(name: PluginName, options: HealthOptions): Promise<HealthFinding> {
  const { environment, signal } = options;
  const plugin = findPlugin(name, environment === undefined ? {} : { environment });
  const version = await loadPluginVersion(plugin, signal);
  const remedy = `install the docker CLI plugin ${name} (package docker-${name}, or docker-${name}-plugin of Docker's own repository)`;
  if (!version.ok) {
    const { failure } = version;
    const evidence = "evidence" in failure ? failure.evidence.lastLines : [`there is no command ${plugin.command[0]}`];
    return { probe: name, state: "failed", summary: `docker ${name} does not work`, evidence, remedy };
  }
  const { oldest, complete, missingBelow } = name === "buildx" ? BUILDX : COMPOSE;
  const evidence = [plugin.command.join(" ")];
  const { text } = version.value;
  if (isOlder(version.value, oldest)) {
    const summary = `${name} ${text} is older than ${oldest.join(".")}`;
    return { probe: name, state: "failed", summary, evidence, remedy };
  }
  if (isOlder(version.value, complete)) {
    return { probe: name, state: "warning", summary: `${name} ${text}: ${missingBelow}`, evidence, remedy };
  }
  return { probe: name, state: "ok", summary: `${name} ${text}`, evidence };
}

function isOlder(
  version: { readonly major: number; readonly minor: number },
  than: readonly [number, number],
): boolean {
  return version.major < than[0] || (version.major === than[0] && version.minor < than[1]);
}

async function probeDisk(engine: Engine, { workingDirectory }: HealthOptions): Promise<HealthFinding> {
  const disk = await engineDiskFree(engine);
  const own = workingDirectory === undefined ? undefined : await loadDiskFree(workingDirectory);
  const evidence = own === undefined ? [] : [`project directory: ${describeSpace(own)}`];
  if (own !== undefined && own.freeBytes < TOO_LITTLE_BYTES) {
    const summary = `only ${describeSpace(own)} for logs and state in the project directory`;
    return { probe: "disk", state: "failed", summary, evidence, remedy: "free some space on that disk" };
  }
  if (!disk.ok || disk.value === undefined) {
    const summary = "the engine's disk is not on this machine";
    return { probe: "disk", state: "not-probed", summary, evidence };
  }
  const { freeBytes } = disk.value;
  const summary = describeSpace(disk.value);
  if (freeBytes >= LITTLE_BYTES) return { probe: "disk", state: "ok", summary, evidence };
  return {
    probe: "disk",
    state: freeBytes < TOO_LITTLE_BYTES ? "failed" : "warning",
    summary: `only ${summary} for the engine`,
    evidence,
    remedy: "`orchestrate clean --aggressive --dry-run` lists what can be removed",
  };
}

function describeSpace({ freeBytes, totalBytes }: DiskSpace): string {
  return `${formatByteSize(freeBytes)} free of ${formatByteSize(totalBytes)}`;
}
