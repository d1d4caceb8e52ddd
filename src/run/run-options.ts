import type { RunEvent } from "../model/event.ts";
import type { EnterRoom, PerformTask } from "../model/performer.ts";
import type { TaskId, TaskOutputs } from "../model/task.ts";
import type { Clock } from "./clock.ts";

/** Everything a run needs besides its graph. The scheduler touches nothing outside it. */
export interface RunOptions {
  /** `${run.id}` */
  readonly runId: string;
  /** `${run.pipeline}`: the variants that were asked for, as the user named them. */
  readonly pipeline: string;
  /** Relative to the project directory; `${run.log_directory}`. */
  readonly logDirectory: string;
  /** Tasks at once; the graph's own limit when absent. At least 1. */
  readonly concurrency?: number;
  /** Stop starting and cancel what runs as soon as a task fails without `continue_on_error`. */
  readonly failFast?: boolean;
  /**
   * The first Ctrl-C: aborting it ends what runs, and nothing new starts. The reason is the signal's name as text
   * (`controller.abort("SIGINT")`). A second Ctrl-C is not the scheduler's: whoever owns the processes kills them, every
   * attempt then settles, and the run resolves as it does after the first.
   */
  readonly signal?: AbortSignal;
  readonly perform: PerformTask;
  /** Asked before the first attempt of each task; nothing needs room when absent. */
  readonly enter?: EnterRoom;
  /** Called synchronously and in order. A throw is a bug and ends the run. */
  readonly emit: (event: RunEvent) => void;
  /** The machine's clock when absent. */
  readonly clock?: Clock;
  /**
   * Longest way from the start of a task to the end of the graph: those with the longest start first, ties in graph order.
   * A task without an entry counts 0.
   */
  readonly remainingPathMs: ReadonlyMap<TaskId, number>;
  /** Tasks with nothing to do: they end as skipped, and count as succeeded for what needs them. */
  readonly upToDate?: ReadonlyMap<TaskId, UpToDate>;
}

/** Why a task has nothing to do, and what it produced when it last had. */
export interface UpToDate {
  readonly because: string;
  readonly outputs: TaskOutputs;
}
