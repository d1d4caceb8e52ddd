import { formatByteSize } from "../model/byte-size.ts";
import type { BuildConfig, Environment, FreeSpaceMark } from "../model/build-config.ts";
import type { CleanupPlan } from "../model/cleanup.ts";
import { formatDuration } from "../model/duration.ts";
import type { EngineObservation } from "../model/observation.ts";
import type { BuildSecret, Check } from "../model/pipeline.ts";
import type { ServiceImage, Task, TaskOf } from "../model/task.ts";
import { describeTemplate } from "../model/template.ts";
import { resolveCleanupPolicy } from "./cleanup-policy.ts";
import { describeCleanupItem } from "./cleanup-text.ts";

/** What the words for a task may draw on, besides the task. */
export interface DescriptionInput {
  readonly buildConfig: BuildConfig;
  /** What is on the engine; without it nothing is said about missing images. */
  readonly observation?: EngineObservation;
  /** What a clean task would remove; without it only its policy is named. */
  readonly cleanup?: CleanupPlan;
}

/** What a task would do, a line for each thing, in the words of the files and tools that a user knows. Never empty. */
export function describeTask(task: Task, input: DescriptionInput): readonly string[] {
  switch (task.kind) {
    case "clean":
      return describeClean(task, input);
    case "build":
      return describeBuild(task);
    case "verify":
      return describeVerify(task, input);
    case "deploy":
      return describeDeploy(task, input);
    case "run":
      return describeRun(task);
  }
}

function describeMark(mark: FreeSpaceMark): string {
  return "bytes" in mark ? formatByteSize(mark.bytes) : `${Math.round(mark.share * 1_000) / 10} % of the disk`;
}

/** A plan of a run is about more than its clean-up. */
const SHOWN_REMOVALS = 20;

/** The policy with its numbers and, where the clean-up is planned already, what would go. */
function describeClean(task: TaskOf<"clean">, { buildConfig, cleanup }: DescriptionInput): readonly string[] {
  const { policy: name } = task.clean;
  const policy = resolveCleanupPolicy(buildConfig.cleanup, task.clean);
  const images = policy.keepImagesPerService;
  const lines = [
    `${name} clean-up: keep at most ${formatByteSize(policy.maxCacheBytes)} of build cache and the newest ` +
      `${images === 1 ? "image" : `${images} images`} of each service`,
  ];
  if (policy.minAgeMs > 0) lines.push(`keep everything younger than ${formatDuration(policy.minAgeMs)}`);
  if (policy.maxImagesBytes !== undefined)
    lines.push(`keep at most ${formatByteSize(policy.maxImagesBytes)} of images`);
  if (policy.minFree !== undefined) {
    const { low, high } = policy.minFree;
    lines.push(`begin with less than ${describeMark(low)} free, and go on until ${describeMark(high)}`);
  }
  if (cleanup === undefined) return lines;
  if (cleanup.items.length === 0) return [...lines, "nothing to remove"];
  const shown = cleanup.items.slice(0, SHOWN_REMOVALS);
  for (const item of shown) {
    lines.push(`remove ${describeCleanupItem(item)} (frees ${formatByteSize(item.freesBytes)}): ${item.reason}`);
  }
  const rest = cleanup.items.slice(shown.length);
  if (rest.length > 0) {
    const restBytes = rest.reduce((sum, item) => sum + item.freesBytes, 0);
    lines.push(`remove ${rest.length} more (frees ${formatByteSize(restBytes)})`);
  }
  lines.push(`frees ${formatByteSize(cleanup.predictedBytes)} by the engine's accounting`);
  return lines;
}

/** The call of bake, what it depends on and the tags it sets. Of variables, arguments and secrets only the names. */
function describeBuild(task: TaskOf<"build">): readonly string[] {
  const { bake, definition, bakeTarget } = task;
  const words = ["docker buildx bake"];
  for (const file of bake.files) words.push(`--file ${file}`);
  if (bake.builder !== undefined) words.push(`--builder ${bake.builder}`);
  if (bake.noCache) words.push("--no-cache");
  if (bake.pull) words.push("--pull");
  for (const entitlement of bake.allow) words.push(`--allow ${entitlement}`);
  const lines = [[...words, bakeTarget].join(" ")];
  if (isCacheOnly(definition)) lines.push("no image of its own: other bake targets build upon it");
  const tags = definition.tags ?? [];
  if (tags.length > 0) lines.push(`tag ${tags.join(", ")}`);
  if (definition.platforms !== undefined) lines.push(`for ${definition.platforms.join(", ")}`);
  const named = [
    nameList("bake variable", Object.keys(bake.variables)),
    nameList("build argument", Object.keys(bake.args)),
    nameList("named context", Object.keys(bake.contexts)),
    nameList("secret", bake.secrets.map(describeSecret)),
    nameList("cache source", bake.cacheFrom),
    nameList("cache destination", bake.cacheTo),
  ].filter((list) => list !== "");
  if (named.length > 0) lines.push(`with ${named.join("; ")}`);
  if (bake.network !== undefined) lines.push(`RUN steps use the network ${bake.network}`);
  return lines;
}

/** Each check with its limit. */
function describeVerify(task: TaskOf<"verify">, input: DescriptionInput): readonly string[] {
  const lines = task.checks.flatMap((check) => describeCheck(check, task.images, input));
  return lines.length > 0 ? lines : ["no checks"];
}

/** The compose project, what it consists of, the images it gets and when it counts as up. */
function describeDeploy(task: TaskOf<"deploy">, input: DescriptionInput): readonly string[] {
  const { environment, deploy } = task;
  const { project, sharedCompose } = input.buildConfig;
  const name = environment === undefined ? project : `${project}-${environment.name}`;
  const files = deploy.composeFiles.length > 0 ? deploy.composeFiles : (environment?.composeFiles ?? []);
  const lines: string[] = [];
  if (sharedCompose.length > 0) lines.push(`shared services of ${sharedCompose.join(", ")} are started first`);
  const context = environment === undefined ? "" : describeTarget(environment);
  lines.push(`compose project ${name} of ${files.join(", ")}${context}`);
  for (const image of task.images) lines.push(`${image.service.composeService}: ${describeImage(image, input)}`);
  lines.push(`up when every container is healthy within ${formatDuration(deploy.readiness.timeoutMs)}`);
  if (environment?.port !== undefined) lines.push(`answers on port ${environment.port}`);
  return lines;
}

function describeTarget({ dockerContext, ssh }: Environment): string {
  if (ssh !== undefined) return ` on ${ssh}`;
  return dockerContext === undefined ? "" : ` on the docker context ${dockerContext}`;
}

/** The command, its directory when that is not the project's, and the names of what is added to its environment. */
function describeRun(task: TaskOf<"run">): readonly string[] {
  const { command, environment, workingDirectory } = task.run;
  const lines = [
    command.form === "shell"
      ? `sh -c ${quoteWord(command.script)}`
      : command.arguments.map((argument) => quoteWord(describeTemplate(argument))).join(" "),
  ];
  if (workingDirectory !== "" && workingDirectory !== ".") lines.push(`in ${workingDirectory}`);
  const names = Object.keys(environment);
  if (names.length > 0) lines.push(`with ${nameList("environment variable", names)}`);
  return lines;
}

function describeCheck(check: Check, images: readonly ServiceImage[], input: DescriptionInput): readonly string[] {
  if (check.check === "http") {
    const containing = check.contains === undefined ? "" : ` and contains ${quoteWord(check.contains)}`;
    const within = formatDuration(check.withinMs);
    return [`GET ${describeTemplate(check.url)} answers ${check.status}${containing} within ${within}`];
  }
  return check.services.map((name) => {
    const image = images.find(({ service }) => service.name === name);
    const limitBytes = check.limitBytes ?? image?.service.sizeLimitBytes;
    const limit = limitBytes === undefined ? "has no limit" : `is at most ${formatByteSize(limitBytes)}`;
    const growth = image?.service.growthLimit;
    const grown = growth === undefined ? "" : `, at most ${Math.round(growth * 100)} % more than its last image`;
    return `size of ${name} ${limit}${grown}${image === undefined ? "" : ` (${describeImage(image, input)})`}`;
  });
}

function describeImage({ builtBy, reference }: ServiceImage, { observation }: DescriptionInput): string {
  if (builtBy !== undefined) return `the image of ${builtBy}`;
  if (reference === undefined) return "the image that the compose files name";
  const missing = observation?.images.every((image) => !image.tags.includes(reference)) === true;
  return missing ? `${reference}, which is not on this engine` : reference;
}

function describeSecret({ id, source }: BuildSecret): string {
  return source.from === "file" ? `${id} from ${source.path}` : `${id} from $${source.name}`;
}

function isCacheOnly(definition: TaskOf<"build">["definition"]): boolean {
  return JSON.stringify(definition["output"] ?? "").includes('"cacheonly"');
}

function nameList(noun: string, names: readonly string[]): string {
  return names.length === 0 ? "" : `${noun}${names.length === 1 ? "" : "s"} ${names.join(", ")}`;
}

/** As one would type it: quoted only where a shell would need it. */
function quoteWord(word: string): string {
  return /^[\w@%+=:,./${}-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
