import { describe, expect, it, vi } from "vitest";
import type { TaskContext, TaskReport } from "../../../src/model/performer.ts";
import { RunningSteps } from "../../../src/tasks/running-steps.ts";

function collect(): { readonly reports: TaskReport[]; readonly context: TaskContext } {
  const reports: TaskReport[] = [];
  const context: TaskContext = {
    signal: new AbortController().signal,
    attempt: 1,
    outputs: () => undefined,
    lookUp: () => undefined,
    report: (report) => reports.push(report),
  };
  return { reports, context };
}

const step = (id: string, state: "running" | "done"): TaskReport => ({ type: "step", step: { id, name: id, state } });

describe("RunningSteps", () => {
  it("tells running steps again until they end, and nothing after it is disposed of", () => {
    vi.useFakeTimers();
    try {
      const { reports, context } = collect();
      const steps = new RunningSteps(context, 1_000);
      steps.context.report(step("a", "running"));
      steps.context.report(step("b", "running"));
      steps.context.report(step("b", "done"));
      vi.advanceTimersByTime(2_500);
      expect(reports.slice(3)).toEqual([step("a", "running"), step("a", "running")]);
      steps[Symbol.dispose]();
      vi.advanceTimersByTime(10_000);
      expect(reports).toHaveLength(5);
    } finally {
      vi.useRealTimers();
    }
  });
});
