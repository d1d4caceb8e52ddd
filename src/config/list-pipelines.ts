import type { Diagnostic } from "../model/diagnostic.ts";
import type { SourceLocation } from "../model/location.ts";
import { sortDiagnostics } from "./config-inputs.ts";
import { findDuplicateNames, namePipelines } from "./pipeline-names.ts";
import type { Project } from "./project.ts";
import { collectTasks } from "./task-collection.ts";

/** A pipeline as `orchestrate list` shows it. */
export interface PipelineSummary {
  readonly name: string;
  readonly description?: string;
  /** Relative to the project directory. */
  readonly file: string;
  readonly environments: readonly string[];
  /** What `orchestrate run` accepts: `deploy-blue`, `deploy-green`; just the name where there are no environments. */
  readonly variants: readonly string[];
  /** Tasks as written, those of includes among them. */
  readonly taskCount: number;
  readonly location: SourceLocation;
}

/** The pipelines that can be read, and what keeps others from it. */
export interface PipelineListing {
  readonly pipelines: readonly PipelineSummary[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Lists the pipelines of a project without resolving them: a broken one hides no other. */
export function listPipelines(project: Project): PipelineListing {
  const named = namePipelines(project);
  const diagnostics = [...project.files.values()].flatMap((file) => file.diagnostics);
  const pipelines = named.map(({ file, written, name, environments, variants, location }) => {
    const taskCount = collectTasks(project, file)?.tasks.length ?? 0;
    const summary = { name, file: file.file, environments, variants, taskCount, location };
    return written.description === undefined ? summary : Object.assign(summary, { description: written.description });
  });
  return { pipelines, diagnostics: sortDiagnostics([...diagnostics, ...findDuplicateNames(named)]) };
}
