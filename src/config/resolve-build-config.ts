import path from "node:path";
import type { BakeSettings, BuildConfig, Environment, Service } from "../model/build-config.ts";
import type { Checked } from "../model/diagnostic.ts";
import { DEFAULT_DEPLOY_SETTINGS, settingsOfEnvironment } from "../model/release.ts";
import { sortDiagnostics } from "./config-inputs.ts";
import type { ConfigInputs, Report } from "./config-inputs.ts";
import type { Project } from "./project.ts";
import { CLEANUP_DEFAULTS, resolveCleanupPolicies } from "./resolve-cleanup.ts";
import { resolveRouter } from "./resolve-router.ts";
import { resolveProjectPath } from "./project-path.ts";
import { resolveProjectDeploySettings } from "./resolve-deploy-settings.ts";
import type { WrittenBuildConfig } from "./schema/build-config.ts";
import { ValueReader } from "./value-reader.ts";
import type { WrittenDocument } from "./written-document.ts";

/** A build configuration as far as it can be resolved, so that pipelines can be checked against it. */
export interface PartialBuildConfig {
  readonly config: BuildConfig;
  /** Whether `config.environments` is everything that was meant. */
  readonly environmentsKnown: boolean;
  /** Environments of which something was wrong: what they seem to lack may have been meant. */
  readonly damagedEnvironments: ReadonlySet<string>;
  /** Whether `config.services` is everything that was meant. */
  readonly servicesKnown: boolean;
}

/** The build configuration of a project; one of defaults where the project has none. */
export function resolveBuildConfig(project: Project, inputs: ConfigInputs): Checked<BuildConfig> {
  const diagnostics = [...(project.buildConfig?.diagnostics ?? [])];
  const { config } = resolvePartialBuildConfig(project, inputs, (diagnostic) => diagnostics.push(diagnostic));
  if (diagnostics.length > 0) return { ok: false, diagnostics: sortDiagnostics(diagnostics) };
  return { ok: true, value: config, warnings: [] };
}

/** The same, reporting what goes wrong besides what `project.buildConfig.diagnostics` already holds. */
export function resolvePartialBuildConfig(project: Project, inputs: ConfigInputs, report: Report): PartialBuildConfig {
  const file = project.buildConfig;
  const document = file?.document;
  const fallback = defaultProjectName(project.directory);
  if (document?.written === undefined) {
    const known = file === undefined;
    const bake = { files: [], cacheFrom: [], cacheTo: [] };
    const deploy = settingsOfEnvironment(DEFAULT_DEPLOY_SETTINGS, undefined, undefined);
    const nothing = { services: [], environments: [], sharedCompose: [], deploy };
    const cleanup = { ...CLEANUP_DEFAULTS, custom: CLEANUP_DEFAULTS.normal };
    const config = { project: fallback, ...nothing, cleanup, bake };
    return { config, environmentsKnown: known, damagedEnvironments: new Set(), servicesKnown: known };
  }
  const scope = {
    variables: undefined,
    environment: undefined,
    processEnvironment: inputs.environment,
    git: inputs.git,
  };
  const reader = new ValueReader(document.source, scope, report);
  const environmentsKnown = !isDamaged(document, "environments");
  const servicesKnown = !isDamaged(document, "services");
  const paths = (container: object, key: string): readonly string[] =>
    readPaths(reader, container, key, project.directory);
  const config = resolveDocument(document.written, reader, paths, fallback);
  const router = resolveRouter(document.written.router, reader, {
    services: servicesKnown ? config.services : undefined,
    environments: environmentsKnown ? config.environments.map(({ name }) => name) : undefined,
    paths,
  });
  return {
    config: { ...config, ...(router === undefined ? {} : { router }) },
    environmentsKnown,
    damagedEnvironments: damagedEnvironments(document),
    servicesKnown,
  };
}

/** Whether a part of a document, or one of its entries, was taken out because it was wrong. */
export function isDamaged(document: WrittenDocument<unknown>, key: string): boolean {
  return document.written === undefined || document.damage.some((path) => path[0] === key && path.length <= 2);
}

function damagedEnvironments({ damage }: WrittenDocument<unknown>): ReadonlySet<string> {
  return new Set(damage.flatMap(([key, name]) => (key === "environments" && name !== undefined ? String(name) : [])));
}

/** A name that compose accepts for a project. */
function defaultProjectName(directory: string): string {
  const name = path
    .basename(path.resolve(directory))
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "");
  return name === "" ? "project" : name;
}

function resolveDocument(
  written: WrittenBuildConfig,
  reader: ValueReader,
  paths: ReadPaths,
  projectName: string,
): BuildConfig {
  return {
    project: reader.text(written, "project") ?? projectName,
    services: resolveServices(written.services ?? {}, reader),
    environments: resolveEnvironments(written.environments ?? {}, reader, paths),
    sharedCompose: written.shared === undefined ? [] : paths(written.shared, "compose"),
    deploy: resolveProjectDeploySettings(written.deploy ?? {}, reader, written.router !== undefined),
    cleanup: resolveCleanupPolicies(written.cleanup ?? {}, reader),
    bake: resolveBake(written.build ?? {}, reader, paths),
  };
}

/** The paths of a list, or the one of a text. */
function readPaths(reader: ValueReader, container: object, key: string, directory: string): readonly string[] {
  const single = reader.text(container, key);
  const list = single === undefined ? (reader.texts(container, key) ?? []) : [single];
  return list.flatMap((written) => {
    const resolved = resolveProjectPath(".", written, directory);
    if (resolved !== undefined) return [resolved];
    const location = reader.source.entryLocation(container, key, written);
    reader.report("path-outside-project", `\`${written}\` leaves the project directory`, location);
    return [];
  });
}

type WrittenServices = NonNullable<WrittenBuildConfig["services"]>;

function resolveServices(written: WrittenServices, reader: ValueReader): readonly Service[] {
  return Object.keys(written).map((name) => resolveService(written, name, reader));
}

function resolveService(written: WrittenServices, name: string, reader: ValueReader): Service {
  const service = written[name] ?? {};
  const sizeLimitBytes = reader.byteSize(service, "size_limit");
  const growthLimit = reader.fraction(service, "growth_limit");
  return {
    name,
    bakeTarget: reader.text(service, "bake_target") ?? name,
    composeService: reader.text(service, "compose_service") ?? name,
    ...(sizeLimitBytes === undefined ? {} : { sizeLimitBytes }),
    ...(growthLimit === undefined ? {} : { growthLimit }),
    location: reader.source.keyLocation(written, name),
  };
}

type ReadPaths = (container: object, key: string) => readonly string[];
type WrittenEnvironments = NonNullable<WrittenBuildConfig["environments"]>;

function resolveEnvironments(
  written: WrittenEnvironments,
  reader: ValueReader,
  paths: ReadPaths,
): readonly Environment[] {
  return Object.entries(written).map(([name, environment]) => resolveEnvironment(name, environment, reader, paths));
}

function resolveEnvironment(name: string, written: object, reader: ValueReader, paths: ReadPaths): Environment {
  const port = reader.number(written, "port", { min: 1, max: 65_535, whole: true });
  const dockerContext = reader.text(written, "docker_context");
  const ssh = reader.text(written, "ssh");
  if (dockerContext !== undefined && ssh !== undefined) {
    const location = reader.source.valueLocation(written, "ssh");
    reader.report(
      "value-invalid",
      `\`${name}\` has both \`docker_context\` and \`ssh\``,
      location,
      "remove one of them",
    );
  }
  return {
    name,
    composeFiles: paths(written, "compose"),
    ...(port === undefined ? {} : { port }),
    variables: reader.record(written, "variables"),
    ...(dockerContext === undefined ? {} : { dockerContext }),
    ...(ssh === undefined ? {} : { ssh }),
  };
}

function resolveBake(
  written: NonNullable<WrittenBuildConfig["build"]>,
  reader: ValueReader,
  paths: ReadPaths,
): BakeSettings {
  const builder = reader.text(written, "builder");
  return {
    files: paths(written, "files"),
    ...(builder === undefined ? {} : { builder }),
    cacheFrom: reader.texts(written, "cache_from") ?? [],
    cacheTo: reader.texts(written, "cache_to") ?? [],
  };
}
