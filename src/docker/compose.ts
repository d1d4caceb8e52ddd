import type { Failure, Result } from "../model/failure.ts";
import type { ObservedContainer } from "../model/observation.ts";
import type { CommandResult } from "./command.ts";
import { commandFailure, describeCommand, runCommand } from "./command.ts";
import type { ComposeModel } from "./compose-model.ts";
import { parseComposeModel } from "./compose-model.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { classifyErrorLines } from "./failure-classification.ts";
import { isRecord } from "./json-value.ts";
import type { JsonRecord } from "./json-value.ts";
import { findPlugin } from "./plugins.ts";

/** A compose project and where its files are. */
export interface ComposeProject {
  /** Name of the project; the label by which its containers are found. */
  readonly project: string;
  /** Relative to the working directory or absolute; compose takes its project directory from the first. */
  readonly files: readonly string[];
  readonly workingDirectory: string;
  /** For the interpolation of the files. */
  readonly variables?: Readonly<Record<string, string>>;
  /** `cliEnvironment` of the engine's endpoint. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly profiles?: readonly string[];
  /** Values that must appear in no line. */
  readonly redact?: readonly string[];
}

/** What is laid over the files of a project; any part of a compose document. */
export interface ComposeOverride {
  readonly services?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly [key: string]: unknown;
}

/** What accompanies a running compose command. */
export interface ComposeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** Called with the process of compose as soon as it exists: it would outlive us. */
  readonly onSpawn?: (processId: number) => void;
}

/** A container of a compose project. */
export type ComposeContainer = ObservedContainer & {
  readonly service: string;
  /** Counts from 1 within the service. */
  readonly containerNumber: number;
  /** Made by `docker compose run`. */
  readonly oneOff: boolean;
};

const CAPTURE_BYTES = 16 * 1024 * 1024;

/**
 * Merges and interpolates the files as compose does. Nothing is started. Fails with compose-failed where compose refuses the
 * files.
 */
export async function loadComposeProject(
  project: ComposeProject,
  options: ComposeOptions & { readonly override?: ComposeOverride } = {},
): Promise<Result<ComposeModel>> {
  const result = await runCompose(project, ["config", "--format", "json"], options, CAPTURE_BYTES);
  const failure = composeFailure(project, result);
  if (failure !== undefined) return { ok: false, failure };
  const model = parseComposeModel(result.stdout);
  if (model !== undefined) return { ok: true, value: model };
  return { ok: false, failure: { reason: "compose-failed", project: project.project, evidence: result.evidence } };
}

/**
 * Creates and starts the project's containers and returns when compose has: readiness is the caller's, by inspection, because
 * `--wait-timeout` returned 0 for 3 of 24 expiries. Images are never built here. Services that the files no longer name are
 * removed unless `removeOrphans` is false.
 * Fails with compose-failed, or with the class behind it: engine-unreachable, no-space, network, registry.
 */
export async function upProject(
  project: ComposeProject,
  options: ComposeOptions & {
    readonly override?: ComposeOverride;
    readonly services?: readonly string[];
    readonly removeOrphans?: boolean;
  } = {},
): Promise<Result<void>> {
  const orphans = options.removeOrphans === false ? [] : ["--remove-orphans"];
  const words = ["up", "--detach", "--no-build", ...orphans, ...(options.services ?? [])];
  return ended(project, await runCompose(project, words, options));
}

/**
 * Runs a command in a new container of a service and removes it. Nothing else of the project is started and no port is
 * published. Fails with compose-failed, its evidence the command's output, when the command ends with another code than 0.
 */
export async function runOnce(
  project: ComposeProject,
  service: string,
  command: readonly [string, ...string[]],
  options: ComposeOptions & { readonly override?: ComposeOverride } = {},
): Promise<Result<void>> {
  const [entrypoint, ...rest] = command;
  const words = ["run", "--rm", "--no-deps", "--no-TTY", "--entrypoint", entrypoint, service, ...rest];
  return ended(project, await runCompose(project, words, options));
}

/** Stops the project's containers and keeps them. */
export async function stopProject(
  project: ComposeProject,
  options: ComposeOptions & { readonly services?: readonly string[]; readonly timeoutSeconds?: number } = {},
): Promise<Result<void>> {
  const timeout = options.timeoutSeconds === undefined ? [] : ["--timeout", String(options.timeoutSeconds)];
  return ended(project, await runCompose(project, ["stop", ...timeout, ...(options.services ?? [])], options));
}

/** Stops and removes the project's containers and networks; its volumes only when told to. */
export async function downProject(
  project: ComposeProject,
  options: ComposeOptions & { readonly removeVolumes?: boolean; readonly timeoutSeconds?: number } = {},
): Promise<Result<void>> {
  const timeout = options.timeoutSeconds === undefined ? [] : ["--timeout", String(options.timeoutSeconds)];
  const volumes = options.removeVolumes === true ? ["--volumes"] : [];
  return ended(project, await runCompose(project, ["down", "--remove-orphans", ...timeout, ...volumes], options));
}

/**
 * The containers of a project, found by label: after a killed compose a container may carry a temporary name. Sorted by service
 * and number.
 */
export async function listProjectContainers(
  engine: Engine,
  project: string,
  options: EngineOptions & { readonly service?: string } = {},
): Promise<Result<readonly ComposeContainer[]>> {
  const labels = [`com.docker.compose.project=${project}`];
  if (options.service !== undefined) labels.push(`com.docker.compose.service=${options.service}`);
  const listed = await engine.listContainers({ labels, signal: options.signal });
  if (!listed.ok) return listed;
  const containers = listed.value.map(describeContainer);
  return {
    ok: true,
    value: containers.sort((a, b) => a.service.localeCompare(b.service, "en") || a.containerNumber - b.containerNumber),
  };
}

function describeContainer({ id, name, imageId, state, labels }: ObservedContainer): ComposeContainer {
  return {
    id,
    name,
    imageId,
    state,
    labels,
    service: labels["com.docker.compose.service"] ?? "",
    containerNumber: Number(labels["com.docker.compose.container-number"] ?? 1),
    oneOff: labels["com.docker.compose.oneoff"] === "True",
  };
}

/** An override that makes services run exactly these images, by service name, and never pull. */
export function pinImages(imageIds: Readonly<Record<string, string>>): ComposeOverride {
  const services = Object.entries(imageIds).map(
    ([service, image]) => [service, { image, pull_policy: "never" }] as const,
  );
  return { services: Object.fromEntries(services) };
}

/** Both overrides as one: mappings are merged at every depth, of everything else the later wins. */
export function mergeOverrides(first: ComposeOverride, second: ComposeOverride): ComposeOverride {
  return mergeRecords(first, second);
}

function mergeRecords(first: JsonRecord, second: JsonRecord): JsonRecord {
  const merged: Record<string, unknown> = { ...first };
  for (const [key, value] of Object.entries(second)) {
    const before = merged[key];
    merged[key] = isRecord(before) && isRecord(value) ? mergeRecords(before, value) : value;
  }
  return merged;
}

function ended(project: ComposeProject, result: CommandResult): Result<void> {
  const failure = composeFailure(project, result);
  return failure === undefined ? { ok: true, value: undefined } : { ok: false, failure };
}

function composeFailure(project: ComposeProject, result: CommandResult): Failure | undefined {
  const failure = commandFailure(result);
  if (failure === undefined || failure.reason !== "command-failed" || result.outcome !== "exited") return failure;
  const { evidence } = result;
  const found = classifyErrorLines(evidence.lastLines);
  if (found === undefined) return { reason: "compose-failed", project: project.project, evidence };
  if (found.trouble !== "engine-unreachable") return { reason: found.trouble, error: found.line, evidence };
  const endpoint = project.environment?.["DOCKER_HOST"] || project.environment?.["DOCKER_CONTEXT"];
  return { reason: "engine-unreachable", endpoint: endpoint ?? "the current docker context", error: found.line };
}

async function runCompose(
  project: ComposeProject,
  words: readonly string[],
  options: ComposeOptions & { readonly override?: ComposeOverride },
  captureBytes = 0,
): Promise<CommandResult> {
  const files = project.files.flatMap((file) => ["-f", file]);
  const profiles = (project.profiles ?? []).flatMap((profile) => ["--profile", profile]);
  const names = ["-p", project.project, ...profiles, ...files];
  const { override, signal, onLine, onSpawn } = options;
  return await runCommand(
    {
      arguments: [
        ...findPlugin("compose").command,
        "--ansi=never",
        "--progress=plain",
        ...names,
        ...(override === undefined ? [] : ["-f", "-"]),
        ...words,
      ],
      workingDirectory: project.workingDirectory,
      environment: { ...project.environment, ...project.variables },
      // JSON is YAML, so the override needs no file that somebody would have to remove.
      ...(override === undefined ? {} : { input: JSON.stringify(override) }),
      shownAs: describeCommand(["docker", "compose", ...names, ...words]),
      captureBytes,
      ...(project.redact === undefined ? {} : { redact: project.redact }),
    },
    {
      ...(signal === undefined ? {} : { signal }),
      ...(onLine === undefined ? {} : { onLine }),
      ...(onSpawn === undefined ? {} : { onSpawn }),
    },
  );
}
