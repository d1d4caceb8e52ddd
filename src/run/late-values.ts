import type { TaskId, TaskOutputs } from "../model/task.ts";
import type { LateReference } from "../model/template.ts";
import { describeUpstream } from "./upstream.ts";
import type { Upstream } from "./upstream.ts";

/** What `${run.…}` has for every task alike. */
export interface RunMembers {
  readonly id: string;
  readonly pipeline: string;
  readonly log_directory: string;
}

/** The values that exist only while the graph runs: outputs of finished tasks and the state of the run. */
export class LateValues {
  readonly #members: RunMembers;
  readonly #outputs = new Map<TaskId, TaskOutputs>();

  constructor(members: RunMembers) {
    this.#members = members;
  }

  /** Keeps what a task handed out. */
  record(task: TaskId, outputs: TaskOutputs): void {
    this.#outputs.set(task, outputs);
  }

  /** What a task handed out; undefined when it has not succeeded. */
  outputs(task: TaskId): TaskOutputs | undefined {
    return this.#outputs.get(task);
  }

  /**
   * The value of a reference; undefined when it has none. The compiled graph names nodes, not what the file calls them.
   * `upstream` is that of the task in which the reference stands.
   */
  lookUp(reference: LateReference, upstream: Upstream): string | undefined {
    if (reference.namespace === "run") {
      return reference.member === "status" ? describeUpstream(upstream) : this.#members[reference.member];
    }
    const outputs = this.#outputs.get(reference.task);
    return outputs !== undefined && Object.hasOwn(outputs, reference.output) ? outputs[reference.output] : undefined;
  }
}
