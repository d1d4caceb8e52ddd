import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../../src/model/event.ts";
import { quiet } from "../../rig/controlled-clock.ts";
import { ControlledRun, performAtOnce } from "../../rig/controlled-task.ts";
import { IF, sketchGraph } from "../../rig/task-graph.ts";

const BUG = new TypeError("x is not a function");

describe("a bug", () => {
  it("in a performer rejects the run, after everything that ran was cancelled and has settled", async () => {
    const sketch = sketchGraph(
      {
        a: {},
        b: {},
        "after a": { needs: ["a"], if: IF.always },
        "after b": { needs: ["b"], if: IF.always },
        next: {},
      },
      { tasks: 2 },
    );
    const run = new ControlledRun(sketch);
    await quiet();
    run.attempt("a").crash(BUG);
    await quiet();
    expect(run.attempt("b").context.signal.reason).toMatchObject({ because: "bug" });
    expect(run.settled).toBe(false);
    await run.fail("b");
    await expect(run.result).rejects.toBe(BUG);
    expect(run.started).toEqual(["a", "b"]);
    expect(run.story.slice(-2)).toEqual(["task-started b 1", "task-finished b cancelled"]);
  });

  it("that throws before it returns a promise is one too", async () => {
    const perform = (): never => {
      throw BUG;
    };
    await expect(new ControlledRun(sketchGraph({ a: {} }), { perform }).result).rejects.toBe(BUG);
  });

  it("is not taken for a cancellation because the signal was aborted", async () => {
    const run = new ControlledRun(sketchGraph({ a: {} }));
    await quiet();
    await run.cancel();
    run.attempt("a").crash(BUG);
    await expect(run.result).rejects.toBe(BUG);
  });

  it("does not hide a second one", async () => {
    const run = new ControlledRun(sketchGraph({ a: {}, b: {} }));
    await quiet();
    run.attempt("a").crash(BUG);
    run.attempt("b").crash("a string");
    await expect(run.result).rejects.toMatchObject({ errors: [BUG, "a string"] });
  });

  it.each<RunEvent["type"]>([
    "run-started",
    "task-started",
    "task-output",
    "task-finished",
    "run-cancelling",
    "run-finished",
  ])("in a reporter that throws on %s rejects the run", async (type) => {
    const interrupt = new AbortController();
    const run = new ControlledRun(sketchGraph({ a: {}, b: {}, c: { needs: ["a"] } }), {
      signal: interrupt.signal,
      perform: async (_, context) => {
        context.report({ type: "output", stream: "stdout", line: "hello" });
        if (type === "run-cancelling") interrupt.abort("SIGINT");
        return await performAtOnce()("", context);
      },
      emit: (event) => {
        if (event.type === type) throw BUG;
      },
    });
    const error: unknown = await run.result.catch((reason: unknown) => reason);
    expect(error instanceof AggregateError ? error.errors : [error]).toContain(BUG);
  });

  it("in the graph rejects the run instead of hanging", async () => {
    const { graph, remainingPathMs } = sketchGraph({ a: {}, b: { needs: ["a"] } });
    const backwards = { graph: { ...graph, order: ["b", "a"] }, remainingPathMs };
    await expect(new ControlledRun(backwards).result).rejects.toThrow("b stands before something that it needs");
    const unknown = { graph: { ...graph, order: ["a", "x"] }, remainingPathMs };
    await expect(new ControlledRun(unknown).result).rejects.toThrow("The graph's order names x");
  });
});
