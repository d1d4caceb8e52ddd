import type { Diagnostic, RelatedLocation } from "../model/diagnostic.ts";
import type { SourceLocation } from "../model/location.ts";
import type { PipelineFile, Project } from "./project.ts";
import type { WrittenPipeline, WrittenTask } from "./schema/pipeline.ts";
import type { WrittenDocument } from "./written-document.ts";

/** A task as written, at its place in a pipeline. */
export interface CollectedTask {
  /** With the prefixes of its includes: `database/migrate`. */
  readonly name: string;
  /** Prefix of its file: `database/`, or nothing. */
  readonly prefix: string;
  readonly file: PipelineFile;
  readonly document: WrittenDocument<WrittenPipeline>;
  readonly written: WrittenTask;
  readonly location: SourceLocation;
}

/** All tasks of a pipeline, those of its includes among them, in the order of the files. */
export interface CollectedPipeline {
  readonly root: PipelineFile;
  readonly document: WrittenDocument<WrittenPipeline>;
  readonly written: WrittenPipeline;
  readonly tasks: readonly CollectedTask[];
  /** Every file that takes part, the root first. */
  readonly files: readonly PipelineFile[];
  /** What is wrong with the includes; nothing of what the files say themselves. */
  readonly diagnostics: readonly Diagnostic[];
  /** Whether some tasks are missing because their file is broken. */
  readonly incomplete: boolean;
}

/** Most tasks of a pipeline; includes of includes multiply. */
const MAX_TASKS = 200_000;

/** Merges a pipeline's includes. Undefined when nothing of the file can be used, which its diagnostics tell. */
export function collectTasks(project: Project, root: PipelineFile): CollectedPipeline | undefined {
  const { document } = root;
  if (document?.written === undefined) return undefined;
  const collector = new TaskCollector(project);
  collector.visit(root, document, document.written, "", []);
  return {
    root,
    document,
    written: document.written,
    tasks: [...collector.tasks.values()],
    files: [...collector.files],
    diagnostics: collector.diagnostics,
    incomplete: collector.incomplete,
  };
}

interface Including {
  readonly file: string;
  /** Where `file` includes the next one. */
  readonly location: SourceLocation;
}

class TaskCollector {
  readonly tasks = new Map<string, CollectedTask>();
  readonly files = new Set<PipelineFile>();
  readonly diagnostics: Diagnostic[] = [];
  incomplete = false;
  readonly #project: Project;

  constructor(project: Project) {
    this.#project = project;
  }

  visit(
    file: PipelineFile,
    document: WrittenDocument<WrittenPipeline>,
    written: WrittenPipeline,
    prefix: string,
    trail: readonly Including[],
  ): void {
    this.files.add(file);
    this.incomplete ||= document.damage.some(([key]) => key === "include");
    for (const key of Object.keys(written)) {
      if (key === "tasks") this.#addTasks(file, document, written, prefix);
      else if (key === "include") this.#addIncludes(file, document, written, prefix, trail);
    }
  }

  #addTasks(
    file: PipelineFile,
    document: WrittenDocument<WrittenPipeline>,
    { tasks = {} }: WrittenPipeline,
    prefix: string,
  ): void {
    for (const [key, written] of Object.entries(tasks)) {
      const name = prefix + key;
      const location = document.source.keyLocation(tasks, key);
      const first = this.tasks.get(name);
      if (first === undefined) this.tasks.set(name, { name, prefix, file, document, written, location });
      else this.#duplicate(name, location, first.location);
    }
  }

  #duplicate(name: string, location: SourceLocation, first: SourceLocation): void {
    this.diagnostics.push({
      code: "task-duplicate",
      severity: "error",
      message: `Two tasks are called \`${name}\``,
      location,
      hint: "rename one, or give the include a `prefix`",
      related: [{ message: "first here", location: first }],
    });
  }

  #addIncludes(
    file: PipelineFile,
    { source }: WrittenDocument<WrittenPipeline>,
    { include = [] }: WrittenPipeline,
    prefix: string,
    trail: readonly Including[],
  ): void {
    for (const [index, entry] of include.entries()) {
      const target = file.includes[index];
      const included = target === undefined ? undefined : this.#project.files.get(target);
      const location = source.valueLocation(entry, "file");
      const here = [...trail, { file: file.file, location }];
      const inner = entry.prefix === undefined ? prefix : `${prefix}${entry.prefix}/`;
      if (included !== undefined && here.some((step) => step.file === included.file)) this.#cycle(included.file, here);
      else if (included?.document?.written === undefined || this.tasks.size > MAX_TASKS) {
        if (included !== undefined) this.files.add(included);
        this.incomplete = true;
      } else this.visit(included, included.document, included.document.written, inner, here);
    }
  }

  #cycle(file: string, trail: readonly Including[]): void {
    const found = trail.slice(trail.findIndex((step) => step.file === file));
    // Rotated to its first file by name, so that a cycle reached from each of its files is one problem.
    const first = found.reduce((best, step, index) => (step.file < (found[best]?.file ?? "") ? index : best), 0);
    const cycle = [...found.slice(first), ...found.slice(0, first)];
    const names = [...cycle, ...cycle.slice(0, 1)].map((step) => step.file).join(" → ");
    const last = cycle.at(-1);
    if (last === undefined) return;
    const related: RelatedLocation[] = cycle
      .slice(0, -1)
      .map((step) => ({ message: "through here", location: step.location }));
    this.diagnostics.push({
      code: "include-cycle",
      severity: "error",
      message: `Files include each other: ${names}`,
      location: last.location,
      ...(related.length === 0 ? {} : { related }),
    });
  }
}
