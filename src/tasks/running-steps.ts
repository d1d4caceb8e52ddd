import type { TaskStep } from "../model/event.ts";
import type { TaskContext } from "../model/performer.ts";

/** Between two reminders of what is running. */
const REMIND_MS = 30_000;

/**
 * The context of an attempt, with every step that runs told again from time to time: a build step of ten minutes says nothing
 * by itself, and reporters see only events. Disposing of it ends the reminders.
 */
export class RunningSteps implements Disposable {
  readonly context: TaskContext;
  readonly #running = new Map<string, TaskStep>();
  readonly #timer: NodeJS.Timeout;

  constructor(context: TaskContext, remindMs = REMIND_MS) {
    this.context = {
      signal: context.signal,
      attempt: context.attempt,
      outputs: (task) => context.outputs(task),
      lookUp: (reference) => context.lookUp(reference),
      report: (report) => {
        if (report.type === "step") this.#note(report.step);
        context.report(report);
      },
    };
    this.#timer = setInterval(() => {
      for (const step of this.#running.values()) context.report({ type: "step", step });
    }, remindMs);
  }

  #note(step: TaskStep): void {
    if (step.state === "running") this.#running.set(step.id, step);
    else this.#running.delete(step.id);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
