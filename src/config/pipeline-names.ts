import path from "node:path";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { SourceLocation } from "../model/location.ts";
import type { PipelineFile, Project } from "./project.ts";
import { isDamaged } from "./resolve-build-config.ts";
import type { WrittenPipeline } from "./schema/pipeline.ts";
import type { WrittenDocument } from "./written-document.ts";

/** What a pipeline file offers to `orchestrate run`. */
export interface NamedPipeline {
  readonly file: PipelineFile;
  readonly document: WrittenDocument<WrittenPipeline>;
  readonly written: WrittenPipeline;
  readonly name: string;
  /** Empty where the pipeline has none. */
  readonly environments: readonly string[];
  /** Whether the environments can be trusted. */
  readonly environmentsKnown: boolean;
  /** `deploy-blue`, `deploy-green`; just the name where there are no environments. */
  readonly variants: readonly string[];
  /** Where it gets its name. */
  readonly location: SourceLocation;
}

/** The pipelines of a project that can be read. */
export function namePipelines(project: Project): readonly NamedPipeline[] {
  const named: NamedPipeline[] = [];
  for (const file of project.pipelines) {
    const { document } = file;
    if (document?.written === undefined) continue;
    const { written, source } = document;
    const name = written.name ?? path.posix.basename(file.file).replace(/\.ya?ml$/, "");
    const environments = [...new Set(written.environments)];
    const location = written.name === undefined ? source.start() : source.valueLocation(written, "name");
    const variants = environments.length === 0 ? [name] : environments.map((environment) => `${name}-${environment}`);
    const environmentsKnown = !isDamaged(document, "environments");
    named.push({ file, document, written, name, environments, environmentsKnown, variants, location });
  }
  return named;
}

/** Names that two pipelines claim, the name of a pipeline with environments included: it stands for its idle colour. */
export function findDuplicateNames(pipelines: readonly NamedPipeline[]): readonly Diagnostic[] {
  const first = new Map<string, NamedPipeline>();
  const diagnostics: Diagnostic[] = [];
  for (const pipeline of pipelines) {
    for (const name of new Set([pipeline.name, ...pipeline.variants])) {
      const other = first.get(name);
      if (other === undefined) first.set(name, pipeline);
      else if (other !== pipeline) diagnostics.push(duplicate(name, pipeline, other));
    }
  }
  return diagnostics;
}

function duplicate(name: string, second: NamedPipeline, first: NamedPipeline): Diagnostic {
  return {
    code: "pipeline-duplicate",
    severity: "error",
    message: `Two pipelines compile to the name \`${name}\``,
    location: second.location,
    hint: "give one another `name`",
    related: [{ message: "the other is here", location: first.location }],
  };
}
