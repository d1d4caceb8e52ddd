import type { FreeSpaceMark } from "../model/build-config.ts";
import { formatByteSize } from "../model/byte-size.ts";
import { formatDuration } from "../model/duration.ts";
import type { BakeCall, Check, CleanSpec, DeploySpec, PipelineTask, RunSpec } from "../model/pipeline.ts";
import { describeTemplate } from "../model/template.ts";
import type { WrittenTask } from "./schema/pipeline.ts";
import type { SourceDocument } from "./source-document.ts";
import type { Origin } from "./task-layers.ts";

/** A value of a task's own work and where it comes from. */
export type DescribedValue = Origin & { readonly key: string; readonly value: string };

/** The values of a task's work. What is not set at all is left out. */
export function describeWork(
  task: PipelineTask,
  written: WrittenTask,
  source: SourceDocument,
): readonly DescribedValue[] {
  const describer = new WorkDescriber(source);
  switch (task.kind) {
    case "clean":
      describeClean(task.clean, written.clean ?? {}, describer);
      break;
    case "build":
      describeBuild(
        task.build.targets.map(({ name }) => name),
        task.build.bake,
        written.build ?? {},
        describer,
      );
      break;
    case "verify":
      for (const [index, check] of task.checks.entries()) describeCheck(check, index, written, describer);
      break;
    case "deploy":
      describeDeploy(task.deploy, written.deploy ?? {}, describer);
      break;
    case "run":
      describeCommand(task.run, written, describer);
      break;
  }
  return describer.values;
}

type Describe = (key: string, value: string | undefined) => void;

class WorkDescriber {
  readonly values: DescribedValue[] = [];
  readonly #source: SourceDocument;

  constructor(source: SourceDocument) {
    this.#source = source;
  }

  /** Describes values of a mapping; what the mapping does not hold comes from `fallback`. */
  within(prefix: string, container: object, fallback: Origin["from"]): Describe {
    return (key, value) => {
      if (value === undefined) return;
      const name = prefix === "" ? key : `${prefix}.${key}`;
      if (!Object.hasOwn(container, key)) this.values.push({ key: name, value, from: fallback });
      else this.values.push({ key: name, value, from: "task", location: this.#source.valueLocation(container, key) });
    };
  }
}

function describeClean(clean: CleanSpec, written: object, describer: WorkDescriber): void {
  const { policy, maxCacheBytes, maxImagesBytes, keepImagesPerService, minAgeMs, minFree, steps, pinned } = clean;
  describer.within("clean", written, "built-in default")("policy", policy);
  const at = describer.within("clean", written, "docker/build-config.json");
  const own = (key: string, value: string | undefined): void => at(key, value ?? `that of ${policy}`);
  own("max_cache", maxCacheBytes === undefined ? undefined : formatByteSize(maxCacheBytes));
  own("keep_images", keepImagesPerService?.toString());
  own("min_age", minAgeMs === undefined ? undefined : formatDuration(minAgeMs));
  at("max_images", maxImagesBytes === undefined ? undefined : formatByteSize(maxImagesBytes));
  at("min_free", minFree === undefined ? undefined : `${formatMark(minFree.low)} to ${formatMark(minFree.high)}`);
  at("steps", steps === undefined ? undefined : list(steps));
  at("pinned", pinned === undefined ? undefined : list(pinned));
}

function formatMark(mark: FreeSpaceMark): string {
  return "bytes" in mark ? formatByteSize(mark.bytes) : `${Math.round(mark.share * 1_000) / 10} %`;
}

function describeBuild(targets: readonly string[], bake: BakeCall, written: object, describer: WorkDescriber): void {
  const own = describer.within("build", written, "built-in default");
  const configured = describer.within("build", written, "docker/build-config.json");
  own("targets", list(targets));
  configured("files", bake.files.length === 0 ? undefined : list(bake.files));
  own("variables", pairs(bake.variables));
  own("args", pairs(bake.args));
  own("contexts", pairs(bake.contexts));
  own("secrets", bake.secrets.length === 0 ? undefined : list(bake.secrets.map(({ id }) => id)));
  own("network", bake.network);
  own("allow", bake.allow.length === 0 ? undefined : list(bake.allow));
  own("no_cache", String(bake.noCache));
  own("pull", String(bake.pull));
  configured("builder", bake.builder);
  configured("cache_from", bake.cacheFrom.length === 0 ? undefined : list(bake.cacheFrom));
  configured("cache_to", bake.cacheTo.length === 0 ? undefined : list(bake.cacheTo));
}

function describeCheck(check: Check, index: number, written: WrittenTask, describer: WorkDescriber): void {
  const entry = written.verify?.[index];
  const prefix = `verify[${index}].${check.check}`;
  if (check.check === "size") {
    const at = describer.within(prefix, entry?.size ?? {}, "docker/build-config.json");
    const { services, limitBytes } = check;
    at("services", services.length === 0 ? "those built upstream, else all" : list(services));
    at("limit", limitBytes === undefined ? "that of each service" : formatByteSize(limitBytes));
    return;
  }
  const at = describer.within(prefix, entry?.http ?? {}, "built-in default");
  at("url", describeTemplate(check.url));
  at("status", String(check.status));
  at("contains", check.contains);
  at("within", formatDuration(check.withinMs));
  at("request_timeout", formatDuration(check.requestTimeoutMs));
}

function describeDeploy(
  deploy: DeploySpec,
  written: NonNullable<WrittenTask["deploy"]>,
  describer: WorkDescriber,
): void {
  const { composeFiles, readiness, settings, allowUnverified } = deploy;
  const { strategy, smoke, observe, drain, keepOld, canary } = settings;
  const own = describer.within("deploy", written, "built-in default");
  const configured = describer.within("deploy", written, "docker/build-config.json");
  configured("compose", composeFiles.length === 0 ? "those of the environment" : list(composeFiles));
  const health = describer.within("deploy.health", written.health ?? {}, "built-in default");
  health("timeout", formatDuration(readiness.timeoutMs));
  health("min_ready", formatDuration(readiness.minReadyMs));
  configured("strategy", strategy);
  // The others mean nothing where containers are replaced in place.
  if (strategy === "recreate") return;
  if (strategy === "canary") configured("canary", list(canary.map((percent) => `${percent} %`)));
  configured("smoke", smoke.length === 0 ? "none" : list(smoke.map(({ path }) => path)));
  const observed = describer.within("deploy.observe", written.observe ?? {}, "docker/build-config.json");
  observed("for", formatDuration(observe.forMs));
  observed("max_error_rate", `${Number((observe.maxErrorRate * 100).toFixed(6))} %`);
  observed("min_requests", String(observe.minRequests));
  observed(
    "max_latency",
    observe.maxMeanLatencyMs === undefined ? undefined : formatDuration(observe.maxMeanLatencyMs),
  );
  const drained = describer.within("deploy.drain", written.drain ?? {}, "docker/build-config.json");
  drained("timeout", formatDuration(drain.timeoutMs));
  drained("websocket", formatDuration(drain.websocketMs));
  configured("keep_old", keepOld);
  own("allow_unverified", String(allowUnverified === true));
}

function describeCommand(run: RunSpec, written: WrittenTask, describer: WorkDescriber): void {
  const { command, environment, workingDirectory } = run;
  const text =
    command.form === "shell"
      ? command.script
      : command.arguments.map((argument) => JSON.stringify(describeTemplate(argument))).join(" ");
  const isMapping = typeof written.run === "object" && !Array.isArray(written.run);
  const container: object = isMapping && typeof written.run === "object" ? written.run : {};
  if (isMapping) describer.within("run", container, "task")("command", text);
  else describer.within("", written, "task")("run", text);
  for (const [name, value] of Object.entries(environment)) {
    const owner: unknown = Reflect.get(container, "env");
    const holder = typeof owner === "object" && owner !== null ? owner : {};
    describer.within("run.env", holder, "task")(name, describeTemplate(value));
  }
  describer.within("run", container, "built-in default")("working_directory", workingDirectory);
}

function list(words: readonly string[]): string {
  return words.join(", ");
}

function pairs(record: Readonly<Record<string, string>>): string | undefined {
  const entries = Object.entries(record);
  return entries.length === 0 ? undefined : entries.map(([name, value]) => `${name}=${value}`).join(", ");
}
