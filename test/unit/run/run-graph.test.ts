import { describe, expect, it } from "vitest";
import { quiet } from "../../rig/controlled-clock.ts";
import { ControlledRun } from "../../rig/controlled-task.ts";
import { sketchGraph } from "../../rig/task-graph.ts";

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

  it("ends at once where there is nothing to run", async () => {
    const run = new ControlledRun(sketchGraph({}));
    expect((await run.result).status).toBe("succeeded");
    expect(run.story).toEqual(["run-started ", "run-finished succeeded"]);
  });
});
