import { describe, expect, it } from "vitest";
import type { Failure } from "../../../src/model/failure.ts";
import { retryDelayMs } from "../../../src/run/execution.ts";
import { quiet } from "../../rig/controlled-clock.ts";
import { BROKEN, ControlledRun, OFFLINE } from "../../rig/controlled-task.ts";
import { sketchGraph } from "../../rig/task-graph.ts";

const EVIDENCE = { command: "x", exitCode: 1, lastLines: [] };
const NETWORK = { max: 2, on: ["network"], backoffMs: 1_000 } as const;

describe("retry", () => {
  it("repeats a failure of a named class, waits twice as long each time, and gives up after the last attempt", async () => {
    const run = new ControlledRun(sketchGraph({ pull: { retry: NETWORK }, next: { needs: ["pull"] } }));
    await quiet();
    await run.fail("pull", OFFLINE);
    expect(run.running).toEqual([]);
    await run.clock.advance(999);
    expect(run.running).toEqual([]);
    await run.clock.advance(1);
    expect(run.attempt("pull").context.attempt).toBe(2);
    await run.fail("pull", OFFLINE);
    await run.clock.advance(2_000);
    expect(run.attempt("pull").context.attempt).toBe(3);
    await run.fail("pull", OFFLINE);
    const { tasks } = await run.result;
    expect(tasks.get("pull")).toMatchObject({
      ending: { status: "failed", failure: OFFLINE, continueOnError: false },
      attempts: 3,
      durationMs: 3_000,
    });
    expect(run.story).toEqual([
      "run-started pull next",
      "task-started pull 1",
      "task-retrying pull network 1000ms",
      "task-started pull 2",
      "task-retrying pull network 2000ms",
      "task-started pull 3",
      "task-finished pull failed",
      "task-finished next blocked",
      "run-finished failed",
    ]);
    expect(run.clock.pending).toBe(0);
  });

  it("succeeds with the attempt that does, and keeps its outputs", async () => {
    const run = new ControlledRun(sketchGraph({ pull: { retry: NETWORK }, next: { needs: ["pull"] } }));
    await quiet();
    await run.fail("pull", OFFLINE);
    await run.clock.advance(1_000);
    run.attempt("pull").succeed({ digest: "sha256:2" });
    await quiet();
    expect(run.attempt("next").context.outputs("pull")).toEqual({ digest: "sha256:2" });
    await run.succeed("next");
    expect((await run.result).status).toBe("succeeded");
  });

  it("tries what would fail again once", async () => {
    const run = new ControlledRun(sketchGraph({ compile: { retry: NETWORK } }));
    await quiet();
    await run.fail("compile", BROKEN);
    expect((await run.result).tasks.get("compile")).toMatchObject({ ending: { failure: BROKEN }, attempts: 1 });
  });

  it("keeps the task's place while it waits", async () => {
    const run = new ControlledRun(sketchGraph({ pull: { retry: NETWORK }, other: {} }, { tasks: 1 }));
    await quiet();
    await run.fail("pull", OFFLINE);
    expect(run.running).toEqual([]);
    await run.clock.advance(1_000);
    await run.succeed("pull", "other");
    expect(run.started).toEqual(["pull", "pull", "other"]);
  });

  it.each<[string, Failure, number, number | undefined]>([
    ["first wait", OFFLINE, 1, 1_000],
    ["second wait", OFFLINE, 2, 2_000],
    ["no attempts left", OFFLINE, 3, undefined],
    ["a class that is not named", { reason: "no-space", error: "", evidence: EVIDENCE }, 1, undefined],
    ["a class that is not named", { reason: "registry", error: "", evidence: EVIDENCE }, 1, undefined],
    ["no class at all", BROKEN, 1, undefined],
  ])("waits: %s", (_, failure, attempt, delayMs) => {
    expect(retryDelayMs(NETWORK, attempt, failure)).toBe(delayMs);
  });
});

describe("timeout", () => {
  const TIMED_OUT = { status: "failed", failure: { reason: "timed-out", timeoutMs: 5_000 } };

  it("aborts the attempt, waits for it, and fails the task with its last lines", async () => {
    const run = new ControlledRun(sketchGraph({ slow: { timeoutMs: 5_000 }, next: { needs: ["slow"] } }));
    await quiet();
    const slow = run.attempt("slow");
    for (let line = 1; line <= 25; line += 1) slow.print(`line ${line}`);
    await run.clock.advance(4_999);
    expect(slow.context.signal.aborted).toBe(false);
    await run.clock.advance(1);
    expect(slow.context.signal.reason).toMatchObject({ name: "AttemptStopped", because: "timed-out" });
    expect(run.statuses).toEqual({});
    slow.print("going down");
    await run.fail("slow");
    const { ending } = (await run.result).tasks.get("slow") ?? {};
    const lines = Array.from({ length: 19 }, (_, index) => `line ${index + 7}`);
    expect(ending).toMatchObject({ ...TIMED_OUT, failure: { lastLines: [...lines, "going down"] } });
    expect(run.statuses["next"]).toBe("blocked");
  });

  it("does not believe a success that comes after the timeout", async () => {
    const run = new ControlledRun(sketchGraph({ slow: { timeoutMs: 5_000 } }));
    await quiet();
    await run.clock.advance(5_000);
    await run.succeed("slow");
    expect((await run.result).tasks.get("slow")?.ending).toMatchObject(TIMED_OUT);
  });

  it("counts for each attempt anew, and is a class that may be retried", async () => {
    const retry = { max: 1, on: ["timed-out"], backoffMs: 10 } as const;
    const run = new ControlledRun(sketchGraph({ slow: { timeoutMs: 5_000, retry } }));
    await quiet();
    run.attempt("slow").print("first attempt");
    await run.clock.advance(5_000);
    await run.fail("slow");
    await run.clock.advance(10);
    await run.clock.advance(4_999);
    expect(run.attempt("slow").context.signal.aborted).toBe(false);
    await run.clock.advance(1);
    await run.fail("slow");
    const { ending, attempts } = (await run.result).tasks.get("slow") ?? {};
    expect(ending).toMatchObject({ ...TIMED_OUT, failure: { lastLines: [] } });
    expect(attempts).toBe(2);
  });

  it("leaves no timer behind when the attempt ends in time", async () => {
    const run = new ControlledRun(sketchGraph({ quick: { timeoutMs: 5_000 } }));
    await quiet();
    expect(run.clock.pending).toBe(1);
    await run.succeed("quick");
    await run.result;
    expect(run.clock.pending).toBe(0);
  });
});
