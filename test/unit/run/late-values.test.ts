import { describe, expect, it } from "vitest";
import type { LateReference, RunMember } from "../../../src/model/template.ts";
import { quiet } from "../../rig/controlled-clock.ts";
import { ControlledRun } from "../../rig/controlled-task.ts";
import { IF, sketchGraph } from "../../rig/task-graph.ts";

const LOCATION = { file: "pipelines/sketch.yaml", line: 1, column: 1 };

function output(task: string, name: string): LateReference {
  return { namespace: "tasks", task, output: name, location: LOCATION };
}

function member(name: RunMember): LateReference {
  return { namespace: "run", member: name, location: LOCATION };
}

describe("late values", () => {
  it("has the outputs of tasks that have succeeded", async () => {
    const run = new ControlledRun(
      sketchGraph({
        "images/web": {},
        other: {},
        "release@blue": { needs: ["images/web"] },
        bad: {},
        tell: { needs: ["bad"], if: IF.always },
      }),
    );
    await quiet();
    run.attempt("images/web").succeed({ image_id: "sha256:1", toString: "own" });
    await quiet();
    const { context } = run.attempt("release@blue");
    expect(context.lookUp(output("images/web", "image_id"))).toBe("sha256:1");
    expect(context.lookUp(output("images/web", "toString"))).toBe("own");
    expect(context.lookUp(output("images/web", "constructor"))).toBeUndefined();
    expect(context.lookUp(output("images/web", "digest"))).toBeUndefined();
    expect(context.lookUp(output("other", "image_id"))).toBeUndefined();
    expect(context.lookUp(output("nobody", "image_id"))).toBeUndefined();
    expect(context.outputs("images/web")).toEqual({ image_id: "sha256:1", toString: "own" });
    expect(context.outputs("other")).toBeUndefined();
    await run.fail("bad");
    expect(run.attempt("tell").context.outputs("bad")).toBeUndefined();
    await run.succeed("other", "release@blue", "tell");
    await run.result;
  });

  it("has the members of the run", async () => {
    const run = new ControlledRun(sketchGraph({ a: {} }), {
      runId: "r7",
      pipeline: "deploy-blue",
      logDirectory: "logs/r7",
    });
    await quiet();
    const { context } = run.attempt("a");
    const members = (["id", "pipeline", "log_directory", "status"] as const).map((name) =>
      context.lookUp(member(name)),
    );
    expect(members).toEqual(["r7", "deploy-blue", "logs/r7", "succeeded"]);
    await run.succeed("a");
    await run.result;
  });

  it("gives the status of the run as far as it lies upstream of the reader", async () => {
    const sketch = sketchGraph({
      good: {},
      bad: {},
      may: { continueOnError: true },
      blocked: { needs: ["bad"] },
      "after good": { needs: ["good"], if: IF.always },
      "after may": { needs: ["may"], if: IF.always },
      "after blocked": { needs: ["blocked"], if: IF.always },
      "after all": { needs: ["after good", "after may", "after blocked"], if: IF.always },
    });
    const run = new ControlledRun(sketch);
    await quiet();
    await run.fail("bad");
    await run.fail("may");
    await run.succeed("good");
    const status = (task: string): string | undefined => run.attempt(task).context.lookUp(member("status"));
    expect(["after good", "after may", "after blocked"].map(status)).toEqual(["succeeded", "succeeded", "failed"]);
    await run.succeed("after good", "after may", "after blocked");
    expect(status("after all")).toBe("failed");
    await run.succeed("after all");
    await run.result;
  });

  it("says cancelled where a fail-fast stop cancelled what lies upstream", async () => {
    const sketch = sketchGraph({ bad: {}, long: {}, tidy: { needs: ["long"], if: IF.always } });
    const run = new ControlledRun(sketch, { failFast: true });
    await quiet();
    await run.fail("bad");
    await run.fail("long");
    expect(run.attempt("tidy").context.lookUp(member("status"))).toBe("cancelled");
    await run.succeed("tidy");
    await run.result;
  });
});
