import type { Condition } from "../../src/model/condition.ts";
import type { Retry } from "../../src/model/pipeline.ts";
import type { Environment } from "../../src/model/build-config.ts";
import type { Task, TaskGraph, TaskId } from "../../src/model/task.ts";

/** What a test says about a task; the rest is a plain `run` task without limits. */
export interface TaskSketch {
  readonly needs?: readonly TaskId[];
  readonly if?: Condition;
  readonly continueOnError?: boolean;
  readonly timeoutMs?: number;
  readonly retry?: Retry;
  readonly pools?: Readonly<Record<string, number>>;
  readonly environment?: string;
  /** Remaining path in milliseconds; the scheduler's priority. */
  readonly pathMs?: number;
}

/** A graph in the order of the sketches' keys, with the priorities they name. */
export interface SketchedGraph {
  readonly graph: TaskGraph;
  readonly remainingPathMs: ReadonlyMap<TaskId, number>;
}

const LOCATION = { file: "pipelines/sketch.yaml", line: 1, column: 1 } as const;

/** Conditions as a pipeline file would have them. */
export const IF = {
  success: { is: "success" },
  failure: { is: "failure" },
  always: { is: "always" },
  never: { is: "constant", value: false, text: "environment.name == 'red'" },
  fits: { is: "constant", value: true, text: "environment.name == 'blue'" },
  notSuccess: { is: "not", operand: { is: "success" } },
  notFailure: { is: "not", operand: { is: "failure" } },
} as const satisfies Record<string, Condition>;

/**
 * Builds a graph. A key must come after the keys that it needs: a need that is not there yet is a mistake of the test and
 * throws here, so that no test passes because a misspelt edge kept its task from running.
 */
export function sketchGraph(
  sketches: Readonly<Record<TaskId, TaskSketch>>,
  limits: { readonly tasks?: number; readonly pools?: Readonly<Record<string, number>> } = {},
): SketchedGraph {
  const tasks = new Map<TaskId, Task>();
  const remainingPathMs = new Map<TaskId, number>();
  for (const [id, sketch] of Object.entries(sketches)) {
    for (const need of sketch.needs ?? [])
      if (!tasks.has(need)) throw new Error(`${id} needs ${need}, which is not there`);
    tasks.set(id, sketchTask(id, sketch));
    if (sketch.pathMs !== undefined) remainingPathMs.set(id, sketch.pathMs);
  }
  const concurrency = { tasks: limits.tasks ?? 100, pools: limits.pools ?? {} };
  return { graph: { variants: ["sketch"], concurrency, tasks, order: [...tasks.keys()] }, remainingPathMs };
}

function sketchTask(id: TaskId, sketch: TaskSketch): Task {
  return {
    id,
    origin: id,
    variants: ["sketch"],
    kind: "run",
    run: { command: { form: "arguments", arguments: [] }, environment: {}, workingDirectory: "." },
    needs: sketch.needs ?? [],
    condition: sketch.if ?? IF.success,
    continueOnError: sketch.continueOnError ?? false,
    timeoutMs: sketch.timeoutMs ?? 3_600_000,
    retry: sketch.retry ?? { max: 0, on: [], backoffMs: 0 },
    pools: sketch.pools ?? {},
    resources: {},
    location: LOCATION,
    ...(sketch.environment === undefined ? {} : { environment: sketchEnvironment(sketch.environment) }),
  };
}

function sketchEnvironment(name: string): Environment {
  return { name, composeFiles: [], variables: {} };
}
