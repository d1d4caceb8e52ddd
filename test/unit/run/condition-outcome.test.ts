import { describe, expect, it } from "vitest";
import { describeCondition } from "../../../src/model/condition.ts";
import type { Condition } from "../../../src/model/condition.ts";
import { ControlledRun } from "../../rig/controlled-task.ts";
import { quiet } from "../../rig/controlled-clock.ts";
import { IF, sketchGraph } from "../../rig/task-graph.ts";

type NeedEnds =
  | "succeeds"
  | "fails"
  | "fails, continue_on_error"
  | "is skipped by its if"
  | "is up to date"
  | "is blocked";

const ENDINGS: readonly NeedEnds[] = [
  "succeeds",
  "fails",
  "fails, continue_on_error",
  "is skipped by its if",
  "is up to date",
  "is blocked",
];

const ALWAYS_BUT_NEVER: Condition = { is: "all", operands: [IF.always, IF.never] };
const EITHER_WAY: Condition = { is: "any", operands: [IF.success, IF.failure] };
const FAILURE_HERE: Condition = { is: "all", operands: [IF.fits, IF.failure] };

/** What happens to a task with this `if` after its only need ended in each way, in the order of ENDINGS. */
const TABLE: readonly (readonly [Condition, readonly string[]])[] = [
  [IF.success, ["runs", "blocked", "runs", "skipped", "runs", "blocked"]],
  [IF.fits, ["runs", "blocked", "runs", "skipped", "runs", "blocked"]],
  [IF.failure, ["skipped", "runs", "skipped", "skipped", "skipped", "runs"]],
  [FAILURE_HERE, ["skipped", "runs", "skipped", "skipped", "skipped", "runs"]],
  [IF.always, ["runs", "runs", "runs", "runs", "runs", "runs"]],
  [EITHER_WAY, ["runs", "runs", "runs", "skipped", "runs", "runs"]],
  [IF.notSuccess, ["skipped", "runs", "skipped", "runs", "skipped", "runs"]],
  [IF.notFailure, ["runs", "blocked", "runs", "runs", "runs", "blocked"]],
  [IF.never, ["skipped", "skipped", "skipped", "skipped", "skipped", "skipped"]],
  [ALWAYS_BUT_NEVER, ["skipped", "skipped", "skipped", "skipped", "skipped", "skipped"]],
];

const CASES = TABLE.flatMap(([condition, outcomes]) =>
  outcomes.map((outcome, index) => ({
    condition,
    text: describeCondition(condition),
    need: ENDINGS[index] ?? "succeeds",
    outcome,
  })),
);

/** A run in which `need` ends as told and `task` has the condition. */
async function runAfter(need: NeedEnds, condition: Condition): Promise<ControlledRun> {
  const fails = need === "fails" || need === "fails, continue_on_error";
  const sketch = sketchGraph({
    before: {},
    need: {
      needs: ["before"],
      continueOnError: need === "fails, continue_on_error",
      if: need === "is skipped by its if" ? IF.never : IF.success,
    },
    task: { needs: ["need"], if: condition },
  });
  const upToDate = new Map(need === "is up to date" ? [["need", { because: "nothing changed", outputs: {} }]] : []);
  const run = new ControlledRun(sketch, { upToDate });
  await quiet();
  if (need === "is blocked") await run.fail("before");
  else await run.succeed("before");
  if (fails) await run.fail("need");
  else if (need === "succeeds") await run.succeed("need");
  return run;
}

describe("what becomes of a task", () => {
  it.each(CASES.filter(({ outcome }) => outcome === "runs"))(
    "if: $text, its need $need: runs",
    async ({ condition, need }) => {
      const run = await runAfter(need, condition);
      expect(run.running).toEqual(["task"]);
      await run.succeed("task");
      expect((await run.result).tasks.get("task")?.ending.status).toBe("succeeded");
    },
  );

  it.each(CASES.filter(({ outcome }) => outcome !== "runs"))(
    "if: $text, its need $need: $outcome",
    async ({ condition, need, outcome }) => {
      const run = await runAfter(need, condition);
      const { tasks } = await run.result;
      expect(tasks.get("task")).toMatchObject({ ending: { status: outcome }, durationMs: 0, attempts: 0 });
      expect(run.started).not.toContain("task");
    },
  );

  it("names who blocks it: the tasks that failed, not those blocked in between", async () => {
    const run = new ControlledRun(
      sketchGraph({
        a: {},
        b: {},
        ab: { needs: ["a", "b"] },
        c: {},
        end: { needs: ["ab", "c"] },
        tell: { needs: ["end"], if: IF.always },
        last: { needs: ["tell"] },
      }),
    );
    await quiet();
    await run.fail("a");
    expect(run.statuses).toEqual({ a: "failed" });
    await run.fail("b");
    await run.succeed("c");
    await run.succeed("tell");
    const { tasks, status } = await run.result;
    expect(tasks.get("ab")?.ending).toEqual({ status: "blocked", by: ["a", "b"] });
    expect(tasks.get("end")?.ending).toEqual({ status: "blocked", by: ["a", "b"] });
    // A task that runs after a failure does not hide it from what comes behind.
    expect(tasks.get("last")?.ending).toEqual({ status: "blocked", by: ["a", "b"] });
    expect(status).toBe("failed");
  });

  it("waits for all needs before it is blocked, and is decided once", async () => {
    const run = new ControlledRun(sketchGraph({ a: {}, b: {}, end: { needs: ["a", "b"] } }));
    await quiet();
    await run.fail("a");
    expect(run.statuses).toEqual({ a: "failed" });
    await run.succeed("b");
    expect((await run.result).tasks.get("end")?.ending).toEqual({ status: "blocked", by: ["a"] });
    expect(run.story.filter((line) => line.startsWith("task-finished end"))).toHaveLength(1);
  });

  it.each([
    [{ if: IF.never }, "`if: environment.name == 'red'` does not hold"],
    [{ if: FAILURE_HERE }, "`if: environment.name == 'blue' && failure()` does not hold"],
    [{ needs: ["filtered", "other"] }, "filtered, other were skipped"],
    [{ needs: ["filtered"] }, "filtered was skipped"],
  ])("says why it is skipped: %j", async (sketch, because) => {
    const run = new ControlledRun(sketchGraph({ filtered: { if: IF.never }, other: { if: IF.never }, task: sketch }));
    const { tasks, status } = await run.result;
    expect(tasks.get("task")?.ending).toEqual({ status: "skipped", because });
    expect(status).toBe("succeeded");
  });

  it("is skipped where it is up to date, and hands on what it once produced", async () => {
    const upToDate = new Map([
      ["image", { because: "its fingerprint is unchanged", outputs: { image_id: "sha256:1" } }],
    ]);
    const run = new ControlledRun(sketchGraph({ image: {}, next: { needs: ["image"] } }), { upToDate });
    await quiet();
    expect(run.attempt("next").context.outputs("image")).toEqual({ image_id: "sha256:1" });
    await run.succeed("next");
    const { tasks } = await run.result;
    expect(tasks.get("image")?.ending).toEqual({ status: "skipped", because: "its fingerprint is unchanged" });
  });

  it("does not call a task up to date that its condition keeps from running", async () => {
    const upToDate = new Map([["image", { because: "unchanged", outputs: {} }]]);
    const run = new ControlledRun(sketchGraph({ image: { if: IF.never }, next: { needs: ["image"] } }), { upToDate });
    const { tasks } = await run.result;
    expect(tasks.get("image")?.ending).toMatchObject({ because: "`if: environment.name == 'red'` does not hold" });
    expect(tasks.get("next")?.ending.status).toBe("skipped");
  });
});
