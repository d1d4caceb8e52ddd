import type { EventTask, RunEvent, TaskFinishedEvent } from "../model/event.ts";
import type { TaskId } from "../model/task.ts";
import type { FinishedTaskRecord, StepDuration } from "./record.ts";
import type { Store } from "./store.ts";

/** What the recorder needs of a store. */
export type RecordingStore = Pick<Store, "recordRunStarted" | "recordTaskFinished" | "recordRunFinished">;

/**
 * Consumes the events of one run (it fits a reporter) and records each ending at once. Throws what the store throws; the
 * caller lets the run go on.
 */
export function createRecorder(
  store: RecordingStore,
  processId: number,
): { readonly onEvent: (event: RunEvent) => void } {
  let runId = "";
  let announced = new Map<TaskId, EventTask>();
  const startedAtMs = new Map<TaskId, number>();
  const steps = new Map<TaskId, StepDuration[]>();
  return {
    onEvent(event) {
      switch (event.type) {
        case "run-started":
          ({ runId } = event);
          announced = new Map(event.tasks.map((task) => [task.id, task]));
          store.recordRunStarted({
            runId,
            variants: event.variants,
            startedAtMs: event.atMs,
            processId,
            logDirectory: event.logDirectory,
          });
          return;
        case "task-started":
          if (!startedAtMs.has(event.task)) startedAtMs.set(event.task, event.atMs);
          return;
        case "task-step": {
          const { name, state, durationMs } = event.step;
          if (state !== "done" || durationMs === undefined || announced.get(event.task)?.kind !== "build") return;
          steps.set(event.task, [...(steps.get(event.task) ?? []), { name, durationMs }]);
          return;
        }
        case "task-finished": {
          const task = announced.get(event.task);
          if (task === undefined) return;
          const record = taskRecord(runId, task, event, startedAtMs.get(event.task));
          const timed = steps.get(event.task);
          steps.delete(event.task);
          store.recordTaskFinished(timed === undefined ? record : { ...record, steps: timed });
          return;
        }
        case "run-finished":
          store.recordRunFinished({ runId, status: event.status, durationMs: event.durationMs });
          return;
        default:
      }
    },
  };
}

function taskRecord(
  runId: string,
  task: EventTask,
  event: TaskFinishedEvent & { readonly atMs: number },
  startedAtMs: number | undefined,
): FinishedTaskRecord {
  return {
    runId,
    task: task.id,
    kind: task.kind,
    status: event.status,
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    finishedAtMs: event.atMs,
    durationMs: event.durationMs,
    outputs: event.status === "succeeded" ? event.outputs : {},
    facts: event.status === "succeeded" || event.status === "failed" ? event.facts : [],
    ...(event.status === "failed" ? { failure: event.failure } : {}),
  };
}
