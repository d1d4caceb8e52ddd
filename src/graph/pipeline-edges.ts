import type { Diagnostic } from "../model/diagnostic.ts";
import type { Need, Pipeline, PipelineTask } from "../model/pipeline.ts";
import { didYouMean, suggest } from "../model/suggestion.ts";

/** The edges of a pipeline before its build tasks are expanded. Tasks are numbered in the order of the file. */
export interface PipelineEdges {
  readonly placeOf: ReadonlyMap<string, number>;
  readonly needs: readonly (readonly PipelineNeed[])[];
  /** The places of `needs` alone. */
  readonly places: readonly (readonly number[])[];
  /** `task-unknown` and `task-duplicate`. Unknown needs are left out of `needs`. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A need whose task was found. */
export interface PipelineNeed {
  readonly place: number;
  /** Present when the need names one bake target of a build task: `images/frontend`. */
  readonly bakeTarget?: string;
  readonly written: Need;
}

/** Finds the task of every need. */
export function resolveEdges(pipeline: Pipeline): PipelineEdges {
  const diagnostics: Diagnostic[] = [];
  const placeOf = new Map<string, number>();
  for (const [place, task] of pipeline.tasks.entries()) {
    const first = pipeline.tasks[placeOf.get(task.name) ?? place];
    if (first === task || first === undefined) placeOf.set(task.name, place);
    else diagnostics.push(duplicateTask(task, first));
  }
  const needs = pipeline.tasks.map((task) => {
    const found: PipelineNeed[] = [];
    for (const written of task.needs) {
      const need = findNeed(pipeline, placeOf, written);
      if (need === undefined) diagnostics.push(unknownNeed(task, written, placeOf));
      else found.push(need);
    }
    return found;
  });
  return { placeOf, needs, places: needs.map((found) => found.map((need) => need.place)), diagnostics };
}

/**
 * The task that a name means: a task of that name, or the build task before a slash when the rest may be one of its bake
 * targets. Whether it is one only bake can tell.
 */
export function findTask(
  pipeline: Pipeline,
  placeOf: ReadonlyMap<string, number>,
  name: string,
): { readonly place: number; readonly bakeTarget?: string } | undefined {
  const place = placeOf.get(name);
  if (place !== undefined) return { place };
  for (let slash = name.lastIndexOf("/"); slash > 0; slash = name.lastIndexOf("/", slash - 1)) {
    const parent = placeOf.get(name.slice(0, slash));
    if (parent !== undefined && pipeline.tasks[parent]?.kind === "build") {
      return { place: parent, bakeTarget: name.slice(slash + 1) };
    }
  }
  return undefined;
}

function findNeed(pipeline: Pipeline, placeOf: ReadonlyMap<string, number>, written: Need): PipelineNeed | undefined {
  const found = findTask(pipeline, placeOf, written.task);
  return found === undefined ? undefined : { ...found, written };
}

function unknownNeed(task: PipelineTask, need: Need, known: ReadonlyMap<string, number>): Diagnostic {
  const suggestion = suggest(need.task, known.keys());
  return {
    code: "task-unknown",
    severity: "error",
    message: `\`${task.name}\` needs \`${need.task}\`, which is no task of this pipeline`,
    location: need.location,
    ...(suggestion === undefined ? {} : { hint: didYouMean(suggestion) }),
  };
}

function duplicateTask(task: PipelineTask, first: PipelineTask): Diagnostic {
  return {
    code: "task-duplicate",
    severity: "error",
    message: `Two tasks are called \`${task.name}\``,
    location: task.location,
    related: [{ message: "The first one", location: first.location }],
  };
}
