import type {
  BakeCall,
  BuildSecret,
  BuildSpec,
  Check,
  CleanSpec,
  DeploySpec,
  RunSpec,
  TaskKind,
  TaskWork,
} from "../model/pipeline.ts";
import { resolveCleanupKeys } from "./resolve-cleanup.ts";
import { resolveProjectPath } from "./project-path.ts";
import { resolveCommand } from "./resolve-command.ts";
import type { WrittenTask } from "./schema/pipeline.ts";
import { didYouMean, suggest } from "../model/suggestion.ts";
import type { ValueReader } from "./value-reader.ts";
import { resolveTaskDeploySettings } from "./resolve-deploy-settings.ts";
import type { WorkContext } from "./work-context.ts";

/** Where the file says nothing. */
const WORK_DEFAULTS = {
  policy: "normal",
  target: "default",
  http: { status: 200, withinMs: 30_000, requestTimeoutMs: 5_000 },
  readiness: { timeoutMs: 60_000, minReadyMs: 2_000 },
} as const;

/** The work of a task; undefined where a required part has a problem, which is then reported. */
export function resolveWork(kind: TaskKind, task: WrittenTask, context: WorkContext): TaskWork | undefined {
  switch (kind) {
    case "clean":
      return { kind, clean: resolveClean(task.clean ?? {}, context.reader) };
    case "build":
      return { kind, build: resolveBuild(task.build ?? {}, task, context) };
    case "verify":
      return { kind, checks: resolveChecks(task.verify ?? [], context) };
    case "deploy":
      return { kind, deploy: resolveDeploy(task.deploy ?? {}, context) };
    case "run": {
      const run: RunSpec | undefined = resolveCommand(task, context);
      return run === undefined ? undefined : { kind, run };
    }
  }
}

function resolveClean(written: NonNullable<WrittenTask["clean"]>, reader: ValueReader): CleanSpec {
  const policy = reader.choice(written, "policy", ["normal", "aggressive", "custom"]) ?? WORK_DEFAULTS.policy;
  return { policy, ...resolveCleanupKeys(written, reader) };
}

function resolveBuild(written: NonNullable<WrittenTask["build"]>, task: object, context: WorkContext): BuildSpec {
  const { reader } = context;
  const bake = resolveBakeCall(written, context);
  const { targets } = written;
  if (targets === undefined) {
    return { targets: [{ name: WORK_DEFAULTS.target, location: reader.source.keyLocation(task, "build") }], bake };
  }
  const resolved = targets.flatMap((_, index) => {
    const name = reader.text(targets, index);
    return name === undefined ? [] : [{ name, location: reader.source.valueLocation(targets, index) }];
  });
  return { targets: resolved, bake };
}

function resolveBakeCall(written: NonNullable<WrittenTask["build"]>, context: WorkContext): BakeCall {
  const { reader } = context;
  const { bake } = context.build.config;
  const network = reader.text(written, "network");
  const builder = reader.text(written, "builder") ?? bake.builder;
  return {
    files: written.files === undefined ? bake.files : readPaths(written, "files", context),
    variables: reader.record(written, "variables"),
    args: reader.record(written, "args"),
    contexts: resolveContexts(written, context),
    secrets: (written.secrets ?? []).flatMap((secret) => resolveSecret(secret, context)),
    ...(network === undefined ? {} : { network }),
    allow: reader.texts(written, "allow") ?? [],
    noCache: reader.flag(written, "no_cache") ?? false,
    pull: reader.flag(written, "pull") ?? false,
    ...(builder === undefined ? {} : { builder }),
    cacheFrom: reader.texts(written, "cache_from") ?? bake.cacheFrom,
    cacheTo: reader.texts(written, "cache_to") ?? bake.cacheTo,
  };
}

/** Named contexts that are written as relative paths become relative to the project; bake judges what they may reach. */
function resolveContexts(written: object, { reader, base }: WorkContext): Readonly<Record<string, string>> {
  const contexts = Object.entries(reader.record(written, "contexts"));
  if (base === ".") return Object.fromEntries(contexts);
  const moved = contexts.map(([name, value]) => [name, /^\.{1,2}(?:\/|$)/.test(value) ? `${base}/${value}` : value]);
  return Object.fromEntries(moved);
}

function resolveSecret(written: object, { reader, base }: WorkContext): readonly BuildSecret[] {
  const id = reader.text(written, "id");
  const name = reader.text(written, "env");
  const src = reader.text(written, "src");
  if (id === undefined) return [];
  if (name !== undefined) return [{ id, source: { from: "environment", name } }];
  if (src === undefined) return [];
  // The only path that may leave the project: secrets are best kept outside of it.
  const path = base === "." || src.startsWith("/") ? src : `${base}/${src}`;
  return [{ id, source: { from: "file", path } }];
}

type WrittenCheck = NonNullable<WrittenTask["verify"]>[number];

function resolveChecks(written: NonNullable<WrittenTask["verify"]>, context: WorkContext): readonly Check[] {
  return written.flatMap((check): readonly Check[] => {
    if (check.size !== undefined) return [resolveSizeCheck(check.size, context)];
    return check.http === undefined ? [] : resolveHttpCheck(check.http, context.reader);
  });
}

function resolveSizeCheck(written: NonNullable<WrittenCheck["size"]>, { reader, build }: WorkContext): Check {
  const limitBytes = reader.byteSize(written, "limit");
  const services = reader.texts(written, "services") ?? [];
  const known = build.config.services.map(({ name }) => name);
  for (const name of build.servicesKnown ? services : []) {
    if (known.includes(name)) continue;
    const meant = suggest(name, known);
    const hint = meant === undefined ? "declare it there under `services`" : didYouMean(meant);
    const message = `The service \`${name}\` is not declared in docker/build-config.json`;
    reader.report("service-unknown", message, reader.source.entryLocation(written, "services", name), hint);
  }
  return { check: "size", services, ...(limitBytes === undefined ? {} : { limitBytes }) };
}

function resolveHttpCheck(written: object, reader: ValueReader): readonly Check[] {
  const { http } = WORK_DEFAULTS;
  const url = reader.template(written, "url");
  const contains = reader.text(written, "contains");
  const status = reader.number(written, "status", { min: 100, max: 599, whole: true }) ?? http.status;
  const withinMs = reader.durationMs(written, "within") ?? http.withinMs;
  const requestTimeoutMs = reader.durationMs(written, "request_timeout") ?? http.requestTimeoutMs;
  if (url === undefined) return [];
  const expected = contains === undefined ? {} : { contains };
  return [{ check: "http", url, status, ...expected, withinMs, requestTimeoutMs }];
}

function resolveDeploy(written: NonNullable<WrittenTask["deploy"]>, context: WorkContext): DeploySpec {
  const { reader } = context;
  const { readiness } = WORK_DEFAULTS;
  const health = written.health ?? {};
  return {
    composeFiles: readPaths(written, "compose", context),
    readiness: {
      timeoutMs: reader.durationMs(health, "timeout") ?? readiness.timeoutMs,
      minReadyMs: reader.durationMs(health, "min_ready") ?? readiness.minReadyMs,
    },
    settings: resolveTaskDeploySettings(written, reader, context.build.config),
    allowUnverified: reader.flag(written, "allow_unverified") ?? false,
  };
}

/** Paths relative to the project directory; one that leaves it is reported. */
function readPaths(container: object, key: string, context: WorkContext): readonly string[] {
  const { reader, base, projectDirectory } = context;
  return (reader.texts(container, key) ?? []).flatMap((written) => {
    const path = resolveProjectPath(base, written, projectDirectory);
    if (path !== undefined) return [path];
    const location = reader.source.entryLocation(container, key, written);
    reader.report("path-outside-project", `\`${written}\` leaves the project directory`, location);
    return [];
  });
}
