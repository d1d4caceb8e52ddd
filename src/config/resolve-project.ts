import type { BuildConfig, Environment } from "../model/build-config.ts";
import type { Checked, Diagnostic } from "../model/diagnostic.ts";
import type { Pipeline } from "../model/pipeline.ts";
import { sortDiagnostics } from "./config-inputs.ts";
import type { ConfigInputs, Report } from "./config-inputs.ts";
import { findDuplicateNames, namePipelines } from "./pipeline-names.ts";
import type { NamedPipeline } from "./pipeline-names.ts";
import type { Project } from "./project.ts";
import { resolvePartialBuildConfig } from "./resolve-build-config.ts";
import type { PartialBuildConfig } from "./resolve-build-config.ts";
import { resolveVariant } from "./resolve-variant.ts";
import { didYouMean, suggest } from "../model/suggestion.ts";
import { collectTasks } from "./task-collection.ts";
import type { CollectedPipeline } from "./task-collection.ts";

/** A project ready to be compiled into graphs. */
export interface ResolvedProject {
  readonly buildConfig: BuildConfig;
  /** In the order of the selection. */
  readonly pipelines: readonly Pipeline[];
}

/** Names of variants, or all of them together with every problem of every file. */
export type Selection = readonly string[] | "all";

/** A project as far as it can be resolved. */
export interface InspectedProject extends ResolvedProject {
  /** Every problem; the pipelines are complete only where there is none. Tasks that cannot be resolved are left out. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Resolves the selected variants. A selection of names is only concerned with problems of the files that take part; `"all"`
 * with those of all files. A cycle of `needs` is not looked for here: the graph shows it.
 */
export function resolveProject(project: Project, inputs: ConfigInputs, selection: Selection): Checked<ResolvedProject> {
  const { buildConfig, pipelines, diagnostics } = inspectProject(project, inputs, selection);
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  return { ok: true, value: { buildConfig, pipelines }, warnings: [] };
}

/** The same, with what could be resolved in spite of problems, so that it can be checked further. */
export function inspectProject(project: Project, inputs: ConfigInputs, selection: Selection): InspectedProject {
  const diagnostics: Diagnostic[] = [];
  const report: Report = (diagnostic) => diagnostics.push(diagnostic);
  const named = namePipelines(project);
  for (const diagnostic of project.buildConfig?.diagnostics ?? []) report(diagnostic);
  const build = resolvePartialBuildConfig(project, inputs, report);
  const chosen = choosePipelines(project, named, selection, report);
  const resolver = new ProjectResolver(project, inputs, build, report);
  const pipelines = new Map<string, Pipeline>();
  for (const { pipeline, variants } of chosen) {
    for (const resolved of resolver.resolve(pipeline, variants)) pipelines.set(resolved.variant, resolved);
  }
  resolver.reportUndeclaredVariables(chosen.length > 0);
  const order = selection === "all" ? [...pipelines.keys()] : [...new Set(selection)];
  const ordered = order.map((variant) => pipelines.get(variant)).filter((pipeline) => pipeline !== undefined);
  return { buildConfig: build.config, pipelines: ordered, diagnostics: sortDiagnostics(diagnostics) };
}

interface Choice {
  readonly pipeline: NamedPipeline;
  readonly variants: readonly string[];
}

function choosePipelines(
  project: Project,
  named: readonly NamedPipeline[],
  selection: Selection,
  report: Report,
): readonly Choice[] {
  const duplicates = findDuplicateNames(named);
  if (selection === "all") {
    for (const file of project.files.values()) for (const diagnostic of file.diagnostics) report(diagnostic);
    for (const diagnostic of duplicates) report(diagnostic);
    return named.map((pipeline) => ({ pipeline, variants: pipeline.variants }));
  }
  const chosen = new Map<NamedPipeline, string[]>();
  for (const name of new Set(selection)) {
    const owners = named.filter(({ variants }) => variants.includes(name));
    if (owners.length === 0) reportUnknownPipeline(project, named, name, report);
    if (owners.length > 1) for (const diagnostic of findDuplicateNames(owners)) report(diagnostic);
    for (const owner of owners) chosen.set(owner, [...(chosen.get(owner) ?? []), name]);
  }
  return [...chosen].map(([pipeline, variants]) => ({ pipeline, variants }));
}

function reportUnknownPipeline(project: Project, named: readonly NamedPipeline[], name: string, report: Report): void {
  const base = named.find((pipeline) => pipeline.name === name);
  const variants = named.flatMap((pipeline) => pipeline.variants);
  const meant = suggest(name, variants);
  const list = variants.length === 0 ? "there are no pipelines in pipelines/" : `known: ${variants.join(", ")}`;
  const hint =
    base === undefined
      ? meant === undefined
        ? list
        : didYouMean(meant)
      : `it has environments: run ${base.variants.map((variant) => `\`${variant}\``).join(" or ")}`;
  report({ code: "pipeline-unknown", severity: "error", message: `There is no pipeline \`${name}\``, hint });
  // It may be the name of one that cannot be read.
  for (const { document, diagnostics } of project.pipelines) {
    if (document?.written === undefined) for (const diagnostic of diagnostics) report(diagnostic);
  }
}

class ProjectResolver {
  readonly #project: Project;
  readonly #inputs: ConfigInputs;
  readonly #build: PartialBuildConfig;
  readonly #report: Report;
  readonly #declared = new Set<string>();

  constructor(project: Project, inputs: ConfigInputs, build: PartialBuildConfig, report: Report) {
    this.#project = project;
    this.#inputs = inputs;
    this.#build = build;
    this.#report = report;
  }

  resolve(pipeline: NamedPipeline, variants: readonly string[]): readonly Pipeline[] {
    const collected = collectTasks(this.#project, pipeline.file);
    if (collected === undefined) return [];
    this.#reportFiles(collected);
    this.#reportEnvironments(pipeline);
    const shared = {
      collected,
      build: this.#build,
      inputs: this.#inputs,
      projectDirectory: this.#project.directory,
      report: this.#report,
    };
    const { name } = pipeline;
    return variants.map((variant) => {
      const environment = this.#environment(pipeline, variant);
      return resolveVariant({ name, variant, environment }, shared);
    });
  }

  /** A `--var` that nothing declares would silently do nothing. */
  reportUndeclaredVariables(anyPipeline: boolean): void {
    for (const name of Object.keys(this.#inputs.variables)) {
      if (this.#declared.has(name) || !anyPipeline) continue;
      const meant = suggest(name, this.#declared);
      const hint = meant === undefined ? "declare it with its default under `variables`" : didYouMean(meant);
      const message = `No selected pipeline declares the variable \`${name}\` of --var`;
      this.#report({ code: "reference-unknown", severity: "error", message, hint });
    }
  }

  #reportFiles({ root, document, files, tasks, diagnostics, incomplete }: CollectedPipeline): void {
    for (const file of files) {
      for (const diagnostic of file.diagnostics) this.#report(diagnostic);
      for (const name of Object.keys(file.document?.written?.variables ?? {})) this.#declared.add(name);
    }
    for (const diagnostic of diagnostics) this.#report(diagnostic);
    const broken = incomplete || document.damage.some(([key]) => key === "tasks");
    if (tasks.length > 0 || broken) return;
    const location = document.source.start();
    const message = `The pipeline ${root.file} has no tasks`;
    this.#report({ code: "key-missing", severity: "error", message, location, hint: "add `tasks:`" });
  }

  #reportEnvironments({ document, written }: NamedPipeline): void {
    const { environments } = written;
    if (environments === undefined || !this.#build.environmentsKnown) return;
    const known = this.#build.config.environments.map(({ name }) => name);
    for (const [index, name] of environments.entries()) {
      if (known.includes(name)) continue;
      const meant = suggest(name, known);
      this.#report({
        code: "environment-unknown",
        severity: "error",
        message: `The environment \`${name}\` is not declared in docker/build-config.json`,
        location: document.source.valueLocation(environments, index),
        hint: meant === undefined ? "declare it there under `environments`" : didYouMean(meant),
      });
    }
  }

  #environment(pipeline: NamedPipeline, variant: string): Environment | "unknown" | undefined {
    if (!pipeline.environmentsKnown) return "unknown";
    if (pipeline.environments.length === 0) return undefined;
    const name = variant.slice(pipeline.name.length + 1);
    if (this.#build.damagedEnvironments.has(name)) return "unknown";
    return this.#build.config.environments.find((environment) => environment.name === name) ?? "unknown";
  }
}
