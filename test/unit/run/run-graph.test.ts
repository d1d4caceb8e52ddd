import { describe, expect, it } from "vitest";
import { runGraph } from "../../../src/run/run-graph.ts";
import { quiet } from "../../rig/controlled-clock.ts";
import { BROKEN, ControlledRun, performAtOnce } from "../../rig/controlled-task.ts";
import { sketchGraph } from "../../rig/task-graph.ts";
import type { TaskSketch } from "../../rig/task-graph.ts";

describe("runGraph", () => {
  it("runs a chain and tells it in order", async () => {
    const run = new ControlledRun(sketchGraph({ clean: {}, build: { needs: ["clean"] } }));
    await quiet();
    expect(run.running).toEqual(["clean"]);
    await run.succeed("clean", "build");
    const result = await run.result;
    expect(result.status).toBe("succeeded");
    expect(result.counts).toEqual({ succeeded: 2, failed: 0, cancelled: 0, blocked: 0, skipped: 0 });
    expect([...result.tasks.keys()]).toEqual(["clean", "build"]);
    expect(run.story).toEqual([
      "run-started clean build",
      "task-started clean 1",
      "task-finished clean succeeded",
      "task-started build 1",
      "task-finished build succeeded",
      "run-finished succeeded",
    ]);
  });

  it("announces the run with what a reporter needs, and counts at the end", async () => {
    const sketch = sketchGraph({ a: {}, b: { needs: ["a"], environment: "blue" } }, { tasks: 7 });
    const run = new ControlledRun(sketch);
    await quiet();
    await run.clock.advance(1_500);
    await run.fail("a");
    await run.result;
    const location = { file: "pipelines/sketch.yaml", line: 1, column: 1 };
    expect(run.events[0]).toEqual({
      type: "run-started",
      atMs: 1_000_000,
      version: 1,
      runId: "run-1",
      variants: ["sketch"],
      tasks: [
        { id: "a", kind: "run", needs: [], location },
        { id: "b", kind: "run", needs: ["a"], environment: "blue", location },
      ],
      concurrency: 7,
      logDirectory: "logs/docker/run-1",
    });
    expect(run.events.slice(-3)).toEqual([
      {
        type: "task-finished",
        atMs: 1_001_500,
        task: "a",
        durationMs: 1_500,
        status: "failed",
        failure: BROKEN,
        continueOnError: false,
        facts: [],
      },
      { type: "task-finished", atMs: 1_001_500, task: "b", durationMs: 0, status: "blocked", by: ["a"] },
      {
        type: "run-finished",
        atMs: 1_001_500,
        status: "failed",
        durationMs: 1_500,
        counts: { succeeded: 0, failed: 1, cancelled: 0, blocked: 1, skipped: 0 },
      },
    ]);
  });

  it("keeps what a task found out, whether or not it succeeded", async () => {
    const fact = { fact: "http-answered", url: "http://x/", status: 200, durationMs: 3 } as const;
    const { graph, remainingPathMs } = sketchGraph({ good: {}, bad: {}, slow: { timeoutMs: 5 } });
    const run = new ControlledRun(
      { graph, remainingPathMs },
      {
        perform: async (task, { signal }) => {
          const { promise, resolve } = Promise.withResolvers<void>();
          if (task === "slow") signal.addEventListener("abort", () => resolve());
          else resolve();
          await promise;
          return task === "good"
            ? { ok: true, outputs: {}, facts: [fact] }
            : { ok: false, failure: BROKEN, facts: [fact] };
        },
      },
    );
    await run.clock.advance(5);
    const { tasks } = await run.result;
    expect(tasks.get("good")?.ending).toEqual({ status: "succeeded", outputs: {}, facts: [fact] });
    expect(tasks.get("bad")?.ending).toMatchObject({ facts: [fact] });
    expect(tasks.get("slow")?.ending).toMatchObject({ failure: { reason: "timed-out" }, facts: [fact] });
  });

  it("ends at once where there is nothing to run", async () => {
    const run = new ControlledRun(sketchGraph({}));
    expect((await run.result).status).toBe("succeeded");
    expect(run.story).toEqual(["run-started ", "run-finished succeeded"]);
  });

  it("starts the longest remaining path first, ties in graph order", async () => {
    const sketch = sketchGraph(
      { short: { pathMs: 1 }, "tie 1": { pathMs: 5 }, long: { pathMs: 9 }, unknown: {}, "tie 2": { pathMs: 5 } },
      { tasks: 1 },
    );
    const run = new ControlledRun(sketch);
    await quiet();
    for (let index = 0; index < 5; index += 1) await run.succeed(...run.running);
    await run.result;
    expect(run.started).toEqual(["long", "tie 1", "tie 2", "short", "unknown"]);
  });

  it("keeps to the graph's limit, and to the one that overrides it", async () => {
    const sketch = sketchGraph({ a: {}, b: {}, c: {}, d: {} }, { tasks: 2 });
    const byGraph = new ControlledRun(sketch);
    const byOption = new ControlledRun(sketch, { concurrency: 3 });
    await quiet();
    expect(byGraph.running).toEqual(["a", "b"]);
    expect(byOption.running).toEqual(["a", "b", "c"]);
    await byGraph.succeed("a");
    expect(byGraph.running).toEqual(["b", "c"]);
    await byGraph.succeed("b", "c", "d");
    await byOption.succeed("a", "b", "c", "d");
    expect([(await byGraph.result).status, (await byOption.result).status]).toEqual(["succeeded", "succeeded"]);
  });

  it("keeps to the pools while other tasks go on", async () => {
    const build = { pools: { build: 1 } };
    const sketch = sketchGraph({ b1: build, b2: build, b3: build, free: {} }, { tasks: 4, pools: { build: 2 } });
    const run = new ControlledRun(sketch);
    await quiet();
    expect(run.running).toEqual(["b1", "b2", "free"]);
    await run.fail("b2");
    expect(run.running).toEqual(["b1", "b3", "free"]);
    await run.succeed("b1", "b3", "free");
    await run.result;
  });

  it.each([0, -1, Number.NaN])("refuses a limit of %d", async (concurrency) => {
    await expect(new ControlledRun(sketchGraph({ a: {} }), { concurrency }).result).rejects.toThrow(RangeError);
  });

  it("ends chains of thousands without a stack to overflow, run or blocked", async () => {
    const chain: Record<string, TaskSketch> = {};
    for (let index = 0; index < 20_000; index += 1)
      chain[`t${index}`] = index === 0 ? {} : { needs: [`t${index - 1}`] };
    const { graph, remainingPathMs } = sketchGraph(chain);
    const options = { runId: "", pipeline: "", logDirectory: "", remainingPathMs, emit: () => {} };
    const good = await runGraph(graph, { ...options, perform: performAtOnce() });
    expect(good.counts.succeeded).toBe(20_000);
    const bad = await runGraph(graph, { ...options, perform: async () => ({ ok: false, failure: BROKEN, facts: [] }) });
    expect(bad.counts).toEqual({ succeeded: 0, failed: 1, cancelled: 0, blocked: 19_999, skipped: 0 });
  });
});
