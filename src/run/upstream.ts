import { describeCondition, holds, looksUpstream } from "../model/condition.ts";
import type { Condition } from "../model/condition.ts";
import type { TaskEnding } from "../model/event.ts";
import type { TaskId } from "../model/task.ts";

/**
 * How everything upstream of a task ended: its needs, what they need, and so on, as GitHub Actions counts it. So a task that
 * runs after a failure (`if: always()`) does not hide the failure from the tasks behind it.
 */
export interface Upstream {
  /** The tasks that failed without `continue_on_error`. */
  readonly failed: readonly TaskId[];
  readonly cancelled: readonly TaskId[];
  /** The tasks whose `if` did not hold; those that were up to date are none of them. */
  readonly skipped: readonly TaskId[];
}

/** Nothing went wrong. One shared value, so that the usual case costs nothing. */
export const ALL_SUCCEEDED: Upstream = { failed: [], cancelled: [], skipped: [] };

/** Adds up what the needs of a task hand on. */
export function mergeUpstream(needs: readonly Upstream[]): Upstream {
  const first = needs[0] ?? ALL_SUCCEEDED;
  if (needs.every((need) => need === first)) return first;
  return {
    failed: union(needs.map(({ failed }) => failed)),
    cancelled: union(needs.map(({ cancelled }) => cancelled)),
    skipped: union(needs.map(({ skipped }) => skipped)),
  };
}

/** What a task hands on to those that need it: what was upstream of it, and its own ending. */
export function handOn(task: TaskId, upstream: Upstream, ending: TaskEnding, upToDate: boolean): Upstream {
  switch (ending.status) {
    case "succeeded":
    case "blocked":
      return upstream;
    case "failed":
      return ending.continueOnError ? upstream : { ...upstream, failed: [...upstream.failed, task] };
    case "cancelled":
      return { ...upstream, cancelled: [...upstream.cancelled, task] };
    case "skipped":
      return upToDate ? upstream : { ...upstream, skipped: [...upstream.skipped, task] };
  }
}

/** Whether a task runs, now that all its needs have ended; or the ending that it has without running. */
export type Verdict = { readonly runs: true } | { readonly runs: false; readonly ending: TaskEnding };

const RUNS: Verdict = { runs: true };

/**
 * Decides by the task's `if`. A condition that does not look upstream is combined with `success()`.
 * A task that would run if all had gone well is **blocked** by the tasks that failed or were cancelled, and **skipped** where a
 * task upstream was skipped. One that would not run even then is skipped: its own `if` decided.
 */
export function judge(condition: Condition, upstream: Upstream): Verdict {
  const { failed, cancelled, skipped } = upstream;
  const succeeded = failed.length + cancelled.length + skipped.length === 0;
  if (permits(condition, { failed: failed.length > 0, succeeded })) return RUNS;
  if (permits(condition, { failed: false, succeeded: true })) {
    const by = union([failed, cancelled]);
    if (by.length > 0) return { runs: false, ending: { status: "blocked", by } };
    return {
      runs: false,
      ending: { status: "skipped", because: `${skipped.join(", ")} ${skipped.length === 1 ? "was" : "were"} skipped` },
    };
  }
  const because = `\`if: ${describeCondition(condition)}\` does not hold`;
  return { runs: false, ending: { status: "skipped", because } };
}

/** Whether a task is meant for the time after a failure: it still starts, and is not cancelled, after a fail-fast stop. */
export function runsAfterFailure(condition: Condition): boolean {
  return permits(condition, { failed: true, succeeded: false });
}

/** `${run.status}` for a task: the run as far as it lies upstream, as its `if` sees it. */
export function describeUpstream(upstream: Upstream): "succeeded" | "failed" | "cancelled" {
  if (upstream.failed.length > 0) return "failed";
  return upstream.cancelled.length > 0 ? "cancelled" : "succeeded";
}

function permits(condition: Condition, upstream: { readonly failed: boolean; readonly succeeded: boolean }): boolean {
  return holds(condition, upstream) && (upstream.succeeded || looksUpstream(condition));
}

/** All members in order of their first appearance. */
function union(lists: readonly (readonly TaskId[])[]): readonly TaskId[] {
  const filled = lists.filter((list) => list.length > 0);
  const first = filled[0] ?? [];
  return filled.every((list) => list === first) ? first : [...new Set(filled.flat())];
}
