import { readFile } from "node:fs/promises";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { BakeDefinition, BakeTarget } from "../model/bake-definition.ts";
import type { TaskStep } from "../model/event.ts";
import type { Result } from "../model/failure.ts";
import type { TaskReport } from "../model/performer.ts";
import type { BakeCall } from "../model/pipeline.ts";
import {
  bakeBuildArguments,
  bakeListArguments,
  bakePrintArguments,
  describeBakeCommand,
  networkOverlay,
} from "./bake-arguments.ts";
import {
  parseBakeDefinition,
  parseBakeList,
  parseBakeMetadata,
  parseBakeProblem,
  withNetwork,
} from "./bake-answers.ts";
import type { BakeProblem } from "./bake-answers.ts";
import { missingEntitlements } from "./bake-entitlements.ts";
import { describeBakeFailure } from "./bake-failure.ts";
import type { BakeUpdate, BuildTiming } from "./bake-progress.ts";
import { createBakeProgress } from "./bake-progress.ts";
import type { CommandResult } from "./command.ts";
import { runCommand } from "./command.ts";
import type { Engine } from "./engine.ts";
import { createRedactor } from "./output-lines.ts";
import { findPlugin } from "./plugins.ts";
import { TemporaryDirectory } from "./temporary-directory.ts";

/** Where and how bake is called. */
export interface BakeSite {
  /** The project directory: bake files and relative paths start there. */
  readonly workingDirectory: string;
  readonly call: BakeCall;
  /** Added to bake's environment: `cliEnvironment` of the engine's endpoint. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** What bake says about targets, or why it says nothing. */
export type BakeDefinitionResult =
  | { readonly ok: true; readonly definition: BakeDefinition }
  | { readonly ok: false; readonly problem: BakeProblem };

/** An image that bake built. */
export interface BuiltImage {
  /** As the engine names it; absent when the bake target exports no image (`output = ["type=cacheonly"]`). */
  readonly imageId?: string;
  /** Names that bake gave it. */
  readonly tags: readonly string[];
  /** Steps of the Dockerfiles, linked bake targets included. */
  readonly steps: readonly TaskStep[];
  readonly cachedSteps: number;
  /** Findings of BuildKit's Dockerfile checks. */
  readonly warnings: readonly string[];
  readonly durationMs: number;
  readonly timing?: BuildTiming;
}

/** One bake target to build. */
export interface BakeBuild extends BakeSite {
  readonly target: string;
  /** The resolved bake target; entitlements are checked against it before anything starts. */
  readonly definition: BakeTarget;
  /** Constant labels to add. A label that changes would change the image's ID. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Values that must appear in no line; those of the call's secrets are added. */
  readonly redact?: readonly string[];
  /** Decides which of BuildKit's two digests is the image's ID here. */
  readonly engine?: Engine;
  readonly onReport?: (report: TaskReport) => void;
  /**
   * Whether the engine's disk may have been full meanwhile. Asked where a RUN printed something of that kind: it has run into a limit of
   * its own when the disk was not. Assumed when absent.
   */
  readonly mayHaveBeenFull?: () => boolean;
}

/** Large bake files print a lot; beyond this the definition is not read. */
const CAPTURE_BYTES = 64 * 1024 * 1024;

/**
 * Asks `docker buildx bake --print` to resolve targets and groups. Nothing is built. The call's arguments, contexts, secrets and
 * network are part of the answer.
 */
export async function loadBakeDefinition(site: BakeSite, targets: readonly string[]): Promise<BakeDefinitionResult> {
  const { call } = site;
  const command = { call, files: call.files, targets };
  const result = await runBake(site, bakePrintArguments(command), {
    shownAs: `${describeBakeCommand(call, targets)} --print`,
  });
  if (result.outcome === "exited" && result.exitCode === 0) {
    const definition = parseBakeDefinition(result.stdout);
    if (definition !== undefined) return { ok: true, definition: withNetwork(definition, call) };
  }
  return { ok: false, problem: parseBakeProblem(result) };
}

/** Names of all bake targets and groups, sorted; empty when bake does not tell. Meant for suggestions. */
export async function listBakeTargets(site: BakeSite): Promise<readonly string[]> {
  const command = { call: site.call, files: site.call.files, targets: [] };
  const result = await runBake(site, bakeListArguments(command), { shownAs: "docker buildx bake --list type=targets" });
  return parseBakeList(result.stdout);
}

/**
 * Builds one bake target with a bake process of its own. Bake targets that its contexts link to are built within it, from
 * BuildKit's cache when a task of their own built them before; they are neither exported nor tagged here.
 * Fails with build-failed (step and BuildKit's error), no-space, network, registry, engine-unreachable, command-not-found, or
 * command-failed when the signal aborted.
 */
export async function buildBakeTarget(build: BakeBuild): Promise<Result<BuiltImage>> {
  const missing = missingEntitlements(build.definition, build.call, build.workingDirectory);
  if (missing.length > 0) return refuse(build, missing);
  // Outside every build context: a file that changes with each build would keep `COPY .` from being cached.
  await using directory = await TemporaryDirectory.create("orchestrate-bake-");
  return await buildWithMetadata(build, path.join(directory.path, "metadata.json"));
}

async function buildWithMetadata(build: BakeBuild, metadataFile: string): Promise<Result<BuiltImage>> {
  const { call, target, workingDirectory } = build;
  const overlay = networkOverlay(call, target);
  const files = overlay === undefined ? call.files : [...defaultBakeFiles(call, workingDirectory), "-"];
  const redact = [...(build.redact ?? []), ...secretValues(build)];
  const progress = createBakeProgress(createRedactor(redact));
  const report = (updates: readonly BakeUpdate[]): void => reportUpdates(updates, build.onReport);
  const result = await runBake(
    build,
    bakeBuildArguments({
      call,
      files,
      targets: [target],
      target,
      labels: build.labels ?? {},
      metadataFile,
      workingDirectory,
    }),
    {
      shownAs: describeBakeCommand(call, [target]),
      ...(overlay === undefined ? {} : { input: overlay }),
      redact,
      onLine: (line) => report(progress.push(line)),
    },
  );
  report(progress.end());
  if (result.outcome !== "exited" || result.exitCode !== 0) {
    const { mayHaveBeenFull } = build;
    return { ok: false, failure: describeBakeFailure(target, result, progress, endpointOf(build), mayHaveBeenFull) };
  }
  const metadata = parseBakeMetadata(await readText(metadataFile), target);
  const imageId = await selectImageId(metadata.digests, build);
  const steps = progress.steps();
  const timing = progress.timing();
  return {
    ok: true,
    value: {
      ...(imageId === undefined ? {} : { imageId }),
      tags: metadata.tags,
      steps,
      cachedSteps: steps.filter((step) => step.state === "cached").length,
      warnings: progress.warnings(),
      durationMs: result.durationMs,
      ...(timing === undefined ? {} : { timing }),
    },
  };
}

function reportUpdates(updates: readonly BakeUpdate[], onReport: ((report: TaskReport) => void) | undefined): void {
  for (const update of updates) {
    if (update.update === "step") onReport?.({ type: "step", step: update.step });
    else if (update.update === "output") onReport?.({ type: "output", stream: update.stream, line: update.line });
    else onReport?.({ type: "output", stream: "stderr", line: `warning: ${update.text}` });
  }
}

function refuse(build: BakeBuild, missing: readonly string[]): Result<never> {
  const line = `allow: [${missing.map((entitlement) => JSON.stringify(entitlement)).join(", ")}]`;
  return {
    ok: false,
    failure: {
      reason: "build-failed",
      bakeTarget: build.target,
      error: `the bake file asks for what the pipeline does not allow (${missing.join(", ")})`,
      evidence: {
        command: describeBakeCommand(build.call, [build.target]),
        lastLines: [`nothing was built; to allow it, add to the build task: ${line}`],
      },
    },
  };
}

function endpointOf({ engine, environment }: BakeBuild): string {
  return (
    engine?.endpoint.url ??
    environment?.["DOCKER_HOST"] ??
    environment?.["DOCKER_CONTEXT"] ??
    "the current docker context"
  );
}

/** On the graph driver both digests are equal; otherwise the engine knows one of them. */
async function selectImageId(digests: readonly string[], { engine, signal }: BakeBuild): Promise<string | undefined> {
  if (digests.length < 2 || engine === undefined) return digests[0];
  for (const digest of digests) {
    const found = await engine.inspectImage(digest, { signal });
    if (found.ok && found.value !== undefined) return found.value.id;
  }
  return digests[0];
}

async function readText(file: string): Promise<string> {
  return await readFile(file, "utf8").catch(() => "");
}

/** Values behind the call's secrets, so that a build that prints one does not put it into the log. */
function secretValues({ call, workingDirectory }: BakeSite): readonly string[] {
  return call.secrets.flatMap(({ source }) => {
    if (source.from === "environment") return [call.variables[source.name] ?? process.env[source.name] ?? ""];
    try {
      return [readFileSync(path.resolve(workingDirectory, source.path), "utf8").trim()];
    } catch {
      return [];
    }
  });
}

/** Bake's own look-up, needed only where a file of ours comes on top: naming one file turns the look-up off. */
function defaultBakeFiles(call: BakeCall, workingDirectory: string): readonly string[] {
  if (call.files.length > 0) return call.files;
  return DEFAULT_FILES.filter((file) => existsSync(path.join(workingDirectory, file)));
}

const DEFAULT_FILES = [
  "compose.yaml",
  "compose.yml",
  "docker-compose.yml",
  "docker-compose.yaml",
  "docker-bake.json",
  "docker-bake.hcl",
  "docker-bake.override.json",
  "docker-bake.override.hcl",
];

interface BakeRun {
  readonly shownAs: string;
  readonly input?: string;
  readonly redact?: readonly string[];
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
}

async function runBake(site: BakeSite, words: readonly string[], run: BakeRun): Promise<CommandResult> {
  const { onLine, ...rest } = run;
  return await runCommand(
    {
      ...rest,
      arguments: [...findPlugin("buildx").command, "bake", ...words],
      workingDirectory: site.workingDirectory,
      captureBytes: onLine === undefined ? CAPTURE_BYTES : 0,
      environment: {
        ...site.environment,
        ...site.call.variables,
        // Attestations carry the time, so with them an unchanged image gets a new ID on every build (containerd store).
        BUILDX_NO_DEFAULT_ATTESTATIONS: "1",
      },
    },
    { ...(onLine === undefined ? {} : { onLine }), ...(site.signal === undefined ? {} : { signal: site.signal }) },
  );
}
