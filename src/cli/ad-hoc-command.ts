import { resolveBuildConfig } from "../config/resolve-build-config.ts";
import type { BuildConfig, Environment, Service } from "../model/build-config.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Pipeline } from "../model/pipeline.ts";
import { didYouMean, suggest } from "../model/suggestion.ts";
import type { Invocation } from "./command-declaration.ts";
import { compilePipelines } from "./compilation.ts";
import type { Compiled } from "./compilation.ts";
import { openProject } from "./loaded-project.ts";
import type { LoadedProject } from "./loaded-project.ts";
import type { Surroundings } from "./surroundings.ts";
import { refuse, succeed, tellWarnings } from "./trouble.ts";
import type { Outcome } from "./trouble.ts";

/** A project with its build config, for commands without a pipeline file. */
export interface ConfiguredProject extends LoadedProject {
  readonly buildConfig: BuildConfig;
}

/** Reads docker/build-config.json of the project. */
export async function openConfigured(
  invocation: Invocation,
  surroundings: Surroundings,
): Promise<Outcome<ConfiguredProject>> {
  const opened = await openProject(invocation, surroundings);
  if (!opened.ok) return opened;
  const { project, inputs } = opened.value;
  const config = resolveBuildConfig(project, inputs);
  if (!config.ok) return refuse(config.diagnostics, project.sources);
  await tellWarnings(config.warnings, project.sources, surroundings);
  return succeed({ ...opened.value, buildConfig: config.value });
}

/** The services of these names, all where none is named; unknown names are told with a suggestion. */
export function selectServices(
  { buildConfig, project }: ConfiguredProject,
  names: readonly string[],
): Outcome<readonly Service[]> {
  const { services } = buildConfig;
  if (names.length === 0) return succeed(services);
  const known = services.map((service) => service.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    return refuse(
      unknown.map((name) => describeUnknown("service", name, known)),
      project.sources,
    );
  return succeed(services.filter((service) => names.includes(service.name)));
}

/** The environment of a name; unknown names are told with a suggestion. */
export function findEnvironment(configured: ConfiguredProject, name: string): Outcome<Environment> {
  const { environments } = configured.buildConfig;
  const environment = environments.find((candidate) => candidate.name === name);
  if (environment !== undefined) return succeed(environment);
  const known = environments.map((candidate) => candidate.name);
  return refuse([describeUnknown("environment", name, known)], configured.project.sources);
}

/** Compiles one pipeline that a command made. */
export function compileAdHoc(
  configured: ConfiguredProject,
  pipeline: Pipeline,
  surroundings: Surroundings,
): Promise<Outcome<Compiled>> {
  return compilePipelines(configured, configured.buildConfig, [pipeline], surroundings);
}

function describeUnknown(what: "service" | "environment", name: string, known: readonly string[]): Diagnostic {
  const suggestion = suggest(name, known);
  const all =
    known.length === 0
      ? `docker/build-config.json declares none`
      : `docker/build-config.json declares ${known.join(", ")}`;
  return {
    code: what === "service" ? "service-unknown" : "environment-unknown",
    severity: "error",
    message: `there is no ${what} \`${name}\``,
    hint: suggestion === undefined ? all : `${didYouMean(suggestion)} ${all}`,
  };
}
