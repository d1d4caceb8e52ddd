import type { PipelineFile } from "./project.ts";
import type { CollectedPipeline, CollectedTask } from "./task-collection.ts";
import { taskKind } from "./task-kind.ts";

/** The tasks of a pipeline by name, and which names are missing only because their text is broken. */
export class TaskNames {
  /** Whether no task and no `needs` was taken out because it was wrong. */
  readonly structureIsSound: boolean = true;
  readonly #tasks: ReadonlyMap<string, CollectedTask>;
  readonly #broken = new Set<string>();
  #incomplete: boolean;

  constructor(collected: CollectedPipeline) {
    this.#tasks = new Map(collected.tasks.map((task) => [task.name, task]));
    this.#incomplete = collected.incomplete;
    const prefixes = new Map<PipelineFile, Set<string>>(collected.files.map((file) => [file, new Set([""])]));
    for (const { file, prefix } of collected.tasks) prefixes.get(file)?.add(prefix);
    for (const [file, ofFile] of prefixes) {
      for (const [first, name, ...rest] of file.document?.damage ?? []) {
        if (first !== "tasks") continue;
        if (rest.length <= 1) this.structureIsSound = false;
        if (name === undefined) this.#incomplete = true;
        else for (const prefix of ofFile) this.#broken.add(`${prefix}${name}`);
      }
    }
    if (this.#incomplete) this.structureIsSound = false;
  }

  /** The task that a need means: itself, or the build task of `images/frontend`. */
  find(name: string): CollectedTask | undefined {
    const task = this.#tasks.get(name);
    if (task !== undefined) return task;
    const owner = this.#tasks.get(name.slice(0, name.lastIndexOf("/")));
    return owner !== undefined && taskKind(owner.written) === "build" ? owner : undefined;
  }

  /** Whether a name that is not found may be one of a task that is reported as broken. */
  mayBeBroken(name: string): boolean {
    return this.#incomplete || this.#broken.has(name) || this.#broken.has(name.slice(0, name.lastIndexOf("/")));
  }

  /** The names as a file with this prefix writes them. */
  *writtenNames(prefix: string): Iterable<string> {
    for (const name of this.#tasks.keys()) if (name.startsWith(prefix)) yield name.slice(prefix.length);
  }
}
