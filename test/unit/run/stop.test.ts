import { describe, expect, it } from "vitest";
import type { Condition } from "../../../src/model/condition.ts";
import { quiet } from "../../rig/controlled-clock.ts";
import { BROKEN, ControlledRun, OFFLINE } from "../../rig/controlled-task.ts";
import { IF, sketchGraph } from "../../rig/task-graph.ts";

describe("keep-going", () => {
  it("lets independent branches finish after a failure", async () => {
    const run = new ControlledRun(sketchGraph({ a: {}, a2: { needs: ["a"] }, b: {}, b2: { needs: ["b"] } }));
    await quiet();
    await run.fail("a");
    expect(run.attempt("b").context.signal.aborted).toBe(false);
    await run.succeed("b", "b2");
    const { status } = await run.result;
    expect(status).toBe("failed");
    expect(run.statuses).toEqual({ a: "failed", a2: "blocked", b: "succeeded", b2: "succeeded" });
  });

  it("succeeds when all that failed may fail", async () => {
    const run = new ControlledRun(sketchGraph({ a: { continueOnError: true }, a2: { needs: ["a"] } }));
    await quiet();
    await run.fail("a");
    await run.succeed("a2");
    const { status, tasks } = await run.result;
    expect(status).toBe("succeeded");
    expect(tasks.get("a")?.ending).toEqual({ status: "failed", failure: BROKEN, continueOnError: true, facts: [] });
  });
});

describe("fail-fast", () => {
  it("cancels what runs, starts nothing, and resolves when all has settled", async () => {
    const sketch = sketchGraph({ a: {}, b: {}, b2: { needs: ["b"] }, c: {}, d: {} }, { tasks: 3 });
    const run = new ControlledRun(sketch, { failFast: true });
    await quiet();
    expect(run.running).toEqual(["a", "b", "c"]);
    await run.fail("a");
    expect(run.attempt("b").context.signal.reason).toMatchObject({ because: "fail-fast" });
    expect(run.attempt("c").context.signal.aborted).toBe(true);
    await run.succeed("b");
    expect(run.settled).toBe(false);
    await run.fail("c");
    const { status, tasks } = await run.result;
    expect(status).toBe("failed");
    expect(run.story.slice(-7)).toEqual([
      "task-finished a failed",
      "run-cancelling fail-fast",
      "task-finished d cancelled",
      "task-finished b cancelled",
      "task-finished b2 blocked",
      "task-finished c cancelled",
      "run-finished failed",
    ]);
    expect(tasks.get("b2")?.ending).toEqual({ status: "blocked", by: ["b"] });
    expect(run.started).toEqual(["a", "b", "c"]);
  });

  it("is not caused by a failure that may happen, nor by a retry", async () => {
    const retry = { max: 1, on: ["network"], backoffMs: 10 } as const;
    const sketch = sketchGraph({ may: { continueOnError: true }, again: { retry }, other: {} });
    const run = new ControlledRun(sketch, { failFast: true });
    await quiet();
    await run.fail("may");
    await run.fail("again", OFFLINE);
    expect(run.attempt("other").context.signal.aborted).toBe(false);
    await run.clock.advance(10);
    await run.succeed("again", "other");
    expect((await run.result).status).toBe("succeeded");
  });

  it("says nothing of cancelling when the last task fails", async () => {
    const run = new ControlledRun(sketchGraph({ a: {} }), { failFast: true });
    await quiet();
    await run.fail("a");
    await run.result;
    expect(run.story).toEqual(["run-started a", "task-started a 1", "task-finished a failed", "run-finished failed"]);
  });

  it.each<[Condition, boolean]>([
    [IF.success, false],
    [IF.fits, false],
    [IF.notFailure, false],
    [IF.always, true],
    [IF.failure, true],
    [IF.notSuccess, true],
    [{ is: "any", operands: [IF.success, IF.failure] }, true],
  ])("%j downstream of the failure", async (condition, starts) => {
    const run = new ControlledRun(sketchGraph({ a: {}, after: { needs: ["a"], if: condition } }), { failFast: true });
    await quiet();
    await run.fail("a");
    expect(run.running).toEqual(starts ? ["after"] : []);
    if (starts) await run.succeed("after");
    await run.result;
    expect(run.statuses["after"]).toBe(starts ? "succeeded" : "blocked");
  });

  it("spares tasks that run after failures, and still runs them where all upstream of them went well", async () => {
    const sketch = sketchGraph({
      a: {},
      b: {},
      tidy: { needs: ["b"], if: IF.always },
      "tidy more": { needs: ["tidy"], if: IF.always },
      ready: { needs: ["b"] },
    });
    const run = new ControlledRun(sketch, { failFast: true });
    await quiet();
    await run.succeed("b", "ready");
    expect(run.running).toEqual(["a", "tidy"]);
    await run.fail("a");
    expect(run.attempt("tidy").context.signal.aborted).toBe(false);
    await run.succeed("tidy", "tidy more");
    const { status } = await run.result;
    expect(status).toBe("failed");
    expect(run.statuses).toMatchObject({ tidy: "succeeded", "tidy more": "succeeded" });
  });

  it("cancels a task that waits for its next attempt", async () => {
    const retry = { max: 1, on: ["network"], backoffMs: 10_000 } as const;
    const run = new ControlledRun(sketchGraph({ again: { retry }, a: {} }), { failFast: true });
    await quiet();
    await run.fail("again", OFFLINE);
    await run.fail("a");
    expect((await run.result).tasks.get("again")).toMatchObject({ ending: { status: "cancelled" }, attempts: 1 });
    expect(run.clock.pending).toBe(0);
  });
});

describe("Ctrl-C", () => {
  it("cancels everything that runs, starts nothing, not even always(), and resolves when all has settled", async () => {
    const sketch = sketchGraph(
      { a: {}, b: { if: IF.always }, a2: { needs: ["a"] }, tell: { needs: ["a"], if: IF.always }, free: {} },
      { tasks: 2 },
    );
    const run = new ControlledRun(sketch);
    await quiet();
    await run.cancel("SIGTERM");
    expect(run.attempt("a").context.signal.reason).toMatchObject({ because: "signal" });
    expect(run.attempt("b").context.signal.aborted).toBe(true);
    expect(run.settled).toBe(false);
    await run.fail("a");
    expect(run.settled).toBe(false);
    await run.succeed("b");
    const { status, signal, tasks } = await run.result;
    expect({ status, signal }).toEqual({ status: "cancelled", signal: "SIGTERM" });
    expect(run.statuses).toEqual({
      a: "cancelled",
      b: "cancelled",
      a2: "blocked",
      tell: "cancelled",
      free: "cancelled",
    });
    expect(tasks.get("a2")?.ending).toEqual({ status: "blocked", by: ["a"] });
    expect(run.started).toEqual(["a", "b"]);
    expect(run.story).toContain("run-cancelling signal SIGTERM");
  });

  it("before the start: nothing runs", async () => {
    const interrupt = new AbortController();
    interrupt.abort("SIGINT");
    const run = new ControlledRun(sketchGraph({ a: {}, b: { needs: ["a"] } }), { signal: interrupt.signal });
    const { status, signal } = await run.result;
    expect({ status, signal }).toEqual({ status: "cancelled", signal: "SIGINT" });
    expect(run.story).toEqual([
      "run-started a b",
      "run-cancelling signal SIGINT",
      "task-finished a cancelled",
      "task-finished b blocked",
      "run-finished cancelled",
    ]);
  });

  it("during the start of a task: it is announced, but not performed", async () => {
    const interrupt = new AbortController();
    const events: string[] = [];
    const run = new ControlledRun(sketchGraph({ a: {}, b: {} }), {
      signal: interrupt.signal,
      emit: (event) => {
        events.push(event.type);
        if (event.type === "task-started") interrupt.abort("SIGINT");
      },
    });
    await run.result;
    expect(run.started).toEqual([]);
    expect(events).toEqual([
      "run-started",
      "task-started",
      "run-cancelling",
      "task-finished",
      "task-finished",
      "run-finished",
    ]);
  });

  it("while a task waits for its next attempt: it ends at once", async () => {
    const retry = { max: 3, on: ["network"], backoffMs: 60_000 } as const;
    const run = new ControlledRun(sketchGraph({ again: { retry } }));
    await quiet();
    await run.fail("again", OFFLINE);
    await run.cancel();
    expect((await run.result).tasks.get("again")?.ending).toEqual({ status: "cancelled" });
    expect(run.clock.pending).toBe(0);
  });

  it("after a fail-fast stop: it ends what that had spared", async () => {
    const sketch = sketchGraph({
      a: {},
      tidy: { needs: ["a"], if: IF.always },
      tidy2: { needs: ["tidy"], if: IF.always },
    });
    const run = new ControlledRun(sketch, { failFast: true });
    await quiet();
    await run.fail("a");
    await run.cancel();
    await run.fail("tidy");
    const { status } = await run.result;
    expect(status).toBe("cancelled");
    expect(run.statuses).toEqual({ a: "failed", tidy: "cancelled", tidy2: "cancelled" });
    expect(run.story.filter((line) => line.startsWith("run-cancelling"))).toEqual([
      "run-cancelling fail-fast",
      "run-cancelling signal SIGINT",
    ]);
  });

  it("after the end: it changes nothing", async () => {
    const run = new ControlledRun(sketchGraph({ a: {} }));
    await quiet();
    await run.succeed("a");
    const { status } = await run.result;
    await run.cancel();
    expect(status).toBe("succeeded");
    expect(run.story.at(-1)).toBe("run-finished succeeded");
  });

  it("is not hidden by a performer that goes on to fail or to time out", async () => {
    const retry = { max: 3, on: ["network", "timed-out"], backoffMs: 1 } as const;
    const run = new ControlledRun(sketchGraph({ a: { retry, timeoutMs: 100 }, b: { retry, timeoutMs: 100 } }));
    await quiet();
    await run.cancel();
    await run.clock.advance(100);
    await run.fail("a", OFFLINE);
    await run.fail("b", OFFLINE);
    await run.result;
    expect(run.statuses).toEqual({ a: "cancelled", b: "cancelled" });
  });
});

describe("what an attempt leaves behind", () => {
  it("may reject with the reason of its own signal, or with an error caused by it", async () => {
    const run = new ControlledRun(sketchGraph({ a: {}, b: {}, c: { timeoutMs: 50 } }));
    await quiet();
    await run.clock.advance(50);
    run.attempt("c").crash(run.attempt("c").context.signal.reason);
    await quiet();
    await run.cancel();
    run.attempt("a").crash(run.attempt("a").context.signal.reason);
    run.attempt("b").crash(new Error("The operation was aborted", { cause: run.attempt("b").context.signal.reason }));
    const { tasks } = await run.result;
    expect(tasks.get("c")?.ending).toMatchObject({ status: "failed", failure: { reason: "timed-out", lastLines: [] } });
    expect(run.statuses).toMatchObject({ a: "cancelled", b: "cancelled" });
  });

  it("reports nothing after its end", async () => {
    const run = new ControlledRun(sketchGraph({ a: {}, b: {} }));
    await quiet();
    const attempt = run.attempt("a");
    attempt.print("in time");
    attempt.context.report({ type: "step", step: { id: "1", name: "RUN", state: "done" } });
    await run.succeed("a");
    attempt.print("too late");
    attempt.context.report({ type: "step", step: { id: "2", name: "LATE", state: "done" } });
    await run.succeed("b");
    await run.result;
    expect(run.story.filter((line) => /^task-(output|step)/.test(line))).toEqual([
      "task-output a in time",
      "task-step a RUN",
    ]);
  });
});
