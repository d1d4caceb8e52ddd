import type { TaskStep } from "../../src/model/event.ts";
import type { TaskContext, TaskReport } from "../../src/model/performer.ts";
import type { TaskId, TaskOutputs } from "../../src/model/task.ts";
import type { LateReference } from "../../src/model/template.ts";

/** The context of one attempt, with everything that the task reports. */
export class TaskAttempt implements TaskContext {
  readonly attempt = 1;
  readonly signal: AbortSignal;
  readonly reports: TaskReport[] = [];
  readonly #outputs: ReadonlyMap<TaskId, TaskOutputs>;
  readonly #values: Readonly<Record<string, string>>;
  readonly #controller = new AbortController();
  readonly #waiting: { readonly text: string; readonly resolve: () => void }[] = [];

  /** `values` are those of late references by `task.output` or `run.member`. */
  constructor(
    given: {
      readonly outputs?: ReadonlyMap<TaskId, TaskOutputs>;
      readonly values?: Readonly<Record<string, string>>;
    } = {},
  ) {
    this.signal = this.#controller.signal;
    this.#outputs = given.outputs ?? new Map();
    this.#values = given.values ?? {};
  }

  /** What Ctrl-C, a timeout or a fail-fast stop does. */
  abort(): void {
    this.#controller.abort(new Error("the test aborted the attempt"));
  }

  outputs(task: TaskId): TaskOutputs | undefined {
    return this.#outputs.get(task);
  }

  lookUp(reference: LateReference): string | undefined {
    if (reference.namespace === "run") return this.#values[`run.${reference.member}`];
    return this.outputs(reference.task)?.[reference.output] ?? this.#values[`${reference.task}.${reference.output}`];
  }

  report(report: TaskReport): void {
    this.reports.push(report);
    for (const { text, resolve } of this.#waiting) {
      if (textOf(report).includes(text)) resolve();
    }
  }

  /** Resolves when a line or a step with the text has been reported. */
  async saw(text: string): Promise<void> {
    if (this.reports.some((report) => textOf(report).includes(text))) return;
    await new Promise<void>((resolve) => this.#waiting.push({ text, resolve }));
  }

  /** Lines of output so far. */
  get lines(): readonly string[] {
    return this.reports.flatMap((report) => (report.type === "output" ? [report.line] : []));
  }

  /** The latest state of each step, in the order of their first report. */
  get steps(): readonly TaskStep[] {
    const steps = new Map<string, TaskStep>();
    for (const report of this.reports) if (report.type === "step") steps.set(report.step.id, report.step);
    return [...steps.values()];
  }
}

function textOf(report: TaskReport): string {
  return report.type === "output" ? report.line : report.step.name;
}
