import type { CleanupPlan } from "../model/cleanup.ts";
import type { BuildConfig } from "../model/build-config.ts";
import { describeCondition, holds, looksUpstream } from "../model/condition.ts";
import type { Condition, UpstreamOutcome } from "../model/condition.ts";
import type { EngineObservation } from "../model/observation.ts";
import { PLAN_VERSION } from "../model/plan.ts";
import type { Decision, DiskNeed, Plan, PlannedTask } from "../model/plan.ts";
import type { Task, TaskGraph, TaskId } from "../model/task.ts";
import { describeTask } from "./describe-task.ts";

/** What a plan is made from. */
export interface PlanInput {
  /** Everything that was compiled. */
  readonly graph: TaskGraph;
  /** The part that would run, as `selectTasks` returned it; all of `graph` when absent. */
  readonly selection?: TaskGraph;
  readonly buildConfig: BuildConfig;
  readonly observation?: EngineObservation;
  /** What clean tasks would remove, where the caller has planned that. */
  readonly cleanups?: ReadonlyMap<TaskId, CleanupPlan>;
  /** What builds are expected to take of the disk, where the caller has found that out. */
  readonly diskNeeds?: ReadonlyMap<TaskId, DiskNeed>;
}

/**
 * What a run would do to each task of the graph, in graph order, when every task that runs succeeds. Pure: the same input
 * gives the same plan. A task is skipped when it is not selected, when its `if` does not hold (tasks for the time after a
 * failure included), or when a task upstream of it is skipped by its `if`.
 */
export function planRun({ graph, selection = graph, buildConfig, observation, cleanups, diskNeeds }: PlanInput): Plan {
  const skippedBy = new Map<TaskId, ReadonlySet<TaskId>>();
  const tasks = graph.order.flatMap((id): readonly PlannedTask[] => {
    const whole = graph.tasks.get(id);
    const task = selection.tasks.get(id) ?? whole;
    if (task === undefined) return [];
    const cleanup = cleanups?.get(id);
    const actions = describeTask(task, {
      buildConfig,
      ...(observation === undefined ? {} : { observation }),
      ...(cleanup === undefined ? {} : { cleanup }),
    });
    const selected = selection.tasks.has(id);
    const decision = selected ? decide(task, skippedBy) : ({ action: "skip", reason: "not selected" } as const);
    const skips = decision.action === "skip";
    const disk = skips ? undefined : diskNeeds?.get(id);
    const planned = { id, kind: task.kind, needs: task.needs, decision, actions: skips ? [] : actions };
    return [disk === undefined ? planned : { ...planned, disk }];
  });
  return { version: PLAN_VERSION, variants: graph.variants, tasks };
}

const NONE: ReadonlySet<TaskId> = new Set();

/** Decides by the task's `if` and notes which tasks upstream are to blame for skipping what is downstream. */
function decide(task: Task, skippedBy: Map<TaskId, ReadonlySet<TaskId>>): Decision {
  let skipped = NONE;
  for (const need of task.needs) {
    const upstream = skippedBy.get(need) ?? NONE;
    if (skipped.size === 0) skipped = upstream;
    else if (upstream.size > 0 && upstream !== skipped) skipped = skipped.union(upstream);
  }
  skippedBy.set(task.id, skipped);
  const { condition } = task;
  if (permits(condition, { failed: false, succeeded: skipped.size === 0 })) {
    return { action: "run", reason: runReason(task, skipped.size > 0) };
  }
  if (permits(condition, { failed: false, succeeded: true })) {
    return { action: "skip", reason: `${[...skipped].join(", ")} ${skipped.size > 1 ? "are" : "is"} skipped` };
  }
  skippedBy.set(task.id, new Set([...skipped, task.id]));
  const text = describeCondition(condition);
  return permits(condition, { failed: true, succeeded: false })
    ? { action: "skip", reason: `runs only after a failure (\`if: ${text}\`)` }
    : { action: "skip", reason: `\`if: ${text}\` does not hold` };
}

/** A condition that does not look upstream is combined with `success()`, as the scheduler does. */
function permits(condition: Condition, upstream: UpstreamOutcome): boolean {
  return holds(condition, upstream) && (upstream.succeeded || looksUpstream(condition));
}

function runReason(task: Task, afterSkip: boolean): string {
  if (afterSkip) return `\`if: ${describeCondition(task.condition)}\` holds although a task upstream is skipped`;
  switch (task.kind) {
    case "clean":
      return "a clean task always looks for what its policy removes";
    case "build":
      return task.bake.noCache ? "every step is built anew" : "bake decides which steps it takes from the cache";
    case "verify":
      return "checks always run";
    case "deploy":
      return "compose decides which containers it replaces";
    case "run":
      return "a command always runs";
  }
}
