import type { Need } from "../model/pipeline.ts";
import type { SourceLocation } from "../model/location.ts";
import { didYouMean, suggest } from "../model/suggestion.ts";
import type { CollectedTask } from "./task-collection.ts";
import type { TaskNames } from "./task-names.ts";
import type { ValueReader } from "./value-reader.ts";

/** What a task needs: what it names, then what its `${tasks.…}` refer to, each once. */
export function resolveNeeds(task: CollectedTask, reader: ValueReader, names: TaskNames): readonly Need[] {
  const needs = new Map<string, Need>();
  const add = (name: string, location: SourceLocation): void => {
    if (needs.has(name)) return;
    if (names.find(name) !== undefined) needs.set(name, { task: name, location });
    else if (!names.mayBeBroken(name)) reportUnknown(task, name, location, reader, names);
  };
  const { needs: written = [] } = task.written;
  if (typeof written === "string") add(task.prefix + written, reader.source.valueLocation(task.written, "needs"));
  else
    for (const [index, name] of written.entries()) add(task.prefix + name, reader.source.valueLocation(written, index));
  for (const reference of reader.taskReferences) add(reference.task, reference.location);
  return [...needs.values()];
}

function reportUnknown(
  task: CollectedTask,
  name: string,
  location: SourceLocation,
  reader: ValueReader,
  names: TaskNames,
): void {
  const written = name.slice(task.prefix.length);
  const meant = suggest(written, names.writtenNames(task.prefix));
  const hint = meant === undefined ? undefined : didYouMean(meant);
  reader.report("task-unknown", `There is no task \`${written}\``, location, hint);
}
