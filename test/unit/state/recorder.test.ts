import { describe, expect, it } from "vitest";
import type { FinishedTaskRecord } from "../../../src/state/record.ts";
import { createRecorder } from "../../../src/state/recorder.ts";
import { SCRIPT_START_MS, typicalRun } from "../../rig/event-script.ts";

describe("createRecorder", () => {
  it("records the run, each ending at once, and the end", () => {
    const calls: unknown[] = [];
    const tasks: FinishedTaskRecord[] = [];
    const recorder = createRecorder(
      {
        recordRunStarted: (run) => calls.push(run),
        recordTaskFinished: (task) => tasks.push(task),
        recordRunFinished: (run) => calls.push(run),
      },
      4242,
    );
    let finished = 0;
    for (const event of typicalRun()) {
      recorder.onEvent(event);
      if (event.type === "task-finished") finished += 1;
      expect(tasks).toHaveLength(finished);
    }
    const runId = "20261123-210000-abcd";
    expect(calls).toEqual([
      {
        runId,
        variants: ["deploy-blue"],
        startedAtMs: SCRIPT_START_MS,
        processId: 4242,
        logDirectory: `logs/docker/${runId}`,
      },
      { runId, status: "failed", durationMs: 75_010 },
    ]);
    expect(tasks.map((task) => [task.task, task.kind, task.status])).toEqual([
      ["make-room", "clean", "succeeded"],
      ["images/frontend", "build", "succeeded"],
      ["images/backend", "build", "succeeded"],
      ["check-images", "verify", "failed"],
      ["release@blue", "deploy", "blocked"],
      ["images/ml", "build", "failed"],
      ["tell@blue", "run", "skipped"],
    ]);
    // The start of the first attempt, although it was tried twice.
    expect(tasks[2]).toMatchObject({
      startedAtMs: SCRIPT_START_MS + 1_201,
      finishedAtMs: SCRIPT_START_MS + 14_000,
      durationMs: 12_799,
    });
    expect(tasks[3]).toMatchObject({ failure: { reason: "size-limit-exceeded" }, facts: [{}, {}] });
    // Steps that a build did itself, with their time; none of other kinds of tasks.
    expect(tasks[0]).not.toHaveProperty("steps");
    expect(tasks[1]?.steps?.every((step) => step.durationMs >= 0 && step.name !== "")).toBe(true);
    expect(tasks.flatMap((task) => (task.kind === "build" ? (task.steps ?? []) : [])).length).toBeGreaterThan(0);
    expect(tasks[4]).not.toHaveProperty("startedAtMs");
    expect(tasks[4]).not.toHaveProperty("failure");
  });
});
