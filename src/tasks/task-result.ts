import type { TaskFact } from "../model/event.ts";
import type { Failure } from "../model/failure.ts";
import type { TaskResult } from "../model/performer.ts";
import type { TaskOutputs } from "../model/task.ts";

/** A task that did what it should. */
export function succeeded(outputs: TaskOutputs = {}, facts: readonly TaskFact[] = []): TaskResult {
  return { ok: true, outputs, facts };
}

/** A task that did not, with what it found out all the same. */
export function failed(failure: Failure, facts: readonly TaskFact[] = []): TaskResult {
  return { ok: false, failure, facts };
}
