import type { Task, TaskId, TaskOutputs } from "../model/task.ts";
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

  /** The value of a reference that stands in `reader`; undefined when it has none. */
  lookUp(reference: LateReference, reader: Task, upstream: Upstream): string | undefined {
    if (reference.namespace === "run") {
      return reference.member === "status" ? describeUpstream(upstream) : this.#members[reference.member];
    }
    const source = this.#find(reference.task, reader);
    const outputs = source === undefined ? undefined : this.#outputs.get(source);
    return outputs !== undefined && Object.hasOwn(outputs, reference.output) ? outputs[reference.output] : undefined;
  }

  /**
   * The node that a written name means to `reader`: `release` is `release@blue` in blue and `deploy:release` where merged
   * pipelines use the name for different things. A reference is an edge, so only what the reader needs can be meant.
   */
  #find(written: string, reader: Task): TaskId | undefined {
    if (reader.needs.includes(written)) return written;
    return reader.needs.find((id) => writtenName(id, reader.environment?.name) === written);
  }
}

/** The name by which a pipeline file calls a node: without `@environment` and without the pipeline's prefix. */
function writtenName(id: TaskId, environment: string | undefined): string {
  const suffix = environment === undefined ? "" : `@${environment}`;
  const shared = suffix !== "" && id.endsWith(suffix) ? id.slice(0, -suffix.length) : id;
  return shared.slice(shared.indexOf(":") + 1);
}
