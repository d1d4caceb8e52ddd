import { TASK_KINDS } from "../model/pipeline.ts";
import type { TaskKind } from "../model/pipeline.ts";
import type { WrittenTask } from "./schema/pipeline.ts";

/** The kind of a valid task: the schema demands exactly one kind key. */
export function taskKind(task: WrittenTask): TaskKind | undefined {
  return TASK_KINDS.find((kind) => Object.hasOwn(task, kind));
}
