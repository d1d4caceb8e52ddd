import { describe, expect, it } from "vitest";
import { selectTasks } from "../../../src/graph/select.ts";
import { planRun } from "../../../src/plan/plan.ts";
import type { CleanupPlan } from "../../../src/model/cleanup.ts";
import type { Condition } from "../../../src/model/condition.ts";
import type { Plan } from "../../../src/model/plan.ts";
import { BLUE, SHOP_SERVICES, buildConfig, compiled, deployPipeline, pipeline } from "../graph/sample.ts";
import type { SampleTask } from "../graph/sample.ts";

const CONFIG = buildConfig(SHOP_SERVICES);
const DEPLOY = compiled([deployPipeline(BLUE)], CONFIG);
const NEVER: Condition = { is: "constant", value: false, text: "environment.name == 'red'" };

function decisions(plan: Plan): Record<string, string> {
  return Object.fromEntries(plan.tasks.map(({ id, decision }) => [id, `${decision.action}: ${decision.reason}`]));
}

function planOf(tasks: Readonly<Record<string, SampleTask>>): Record<string, string> {
  return decisions(planRun({ graph: compiled([pipeline("p", tasks)]), buildConfig: CONFIG }));
}

function when(condition: Condition, ...needs: readonly string[]): SampleTask {
  return { needs, settings: { condition } };
}

describe("planRun", () => {
  it("lists every task in graph order with a decision, a reason and what it would do", () => {
    const plan = planRun({ graph: DEPLOY, buildConfig: CONFIG });
    expect(plan.version).toBe(1);
    expect(plan.variants).toEqual(["deploy-blue"]);
    expect(plan.tasks.map(({ id }) => id)).toEqual(DEPLOY.order);
    expect(decisions(plan)).toEqual({
      "make-room": "run: a clean task always looks for what its policy removes",
      "images/backend": "run: bake decides which steps it takes from the cache",
      "images/frontend": "run: bake decides which steps it takes from the cache",
      "images/base": "run: bake decides which steps it takes from the cache",
      "images/ml": "run: bake decides which steps it takes from the cache",
      "check-images": "run: checks always run",
      "release@blue": "run: compose decides which containers it replaces",
      "smoke@blue": "run: checks always run",
      "tell@blue": "run: a command always runs",
    });
    for (const task of plan.tasks) expect(task.actions.length).toBeGreaterThan(0);
  });

  it("skips what is not selected, and plans the rest as the selection has it", () => {
    const selection = selectTasks(DEPLOY, { from: ["release"] });
    if (!selection.ok) throw new Error("selection failed");
    const plan = planRun({ graph: DEPLOY, selection: selection.value, buildConfig: CONFIG });
    expect(decisions(plan)).toMatchObject({
      "make-room": "skip: not selected",
      "check-images": "skip: not selected",
      "release@blue": "run: compose decides which containers it replaces",
    });
    const release = plan.tasks.find(({ id }) => id === "release@blue");
    expect(release?.needs).toEqual([]);
    expect(release?.actions).toContain("frontend: shop/frontend:latest");
    expect(plan.tasks[0]?.actions).toEqual([]);
  });

  it("skips a task whose `if` does not hold, and what needs it", () => {
    expect(planOf({ a: when(NEVER), b: { needs: ["a"] }, c: { needs: ["b"] }, d: {} })).toEqual({
      a: "skip: `if: environment.name == 'red'` does not hold",
      b: "skip: a is skipped",
      c: "skip: a is skipped",
      d: "run: a command always runs",
    });
  });

  it("runs `always()` after a skipped task, and what only needs that stays skipped, as the scheduler has it", () => {
    expect(planOf({ a: when(NEVER), b: when({ is: "always" }, "a"), c: { needs: ["b"] } })).toEqual({
      a: "skip: `if: environment.name == 'red'` does not hold",
      b: "run: `if: always()` holds although a task upstream is skipped",
      c: "skip: a is skipped",
    });
  });

  it("says of a task for the time after a failure that it is one", () => {
    expect(planOf({ a: {}, b: when({ is: "failure" }, "a") })["b"]).toBe(
      "skip: runs only after a failure (`if: failure()`)",
    );
    const notSuccess: Condition = { is: "not", operand: { is: "success" } };
    expect(planOf({ a: {}, b: when(notSuccess, "a") })["b"]).toBe("skip: runs only after a failure (`if: !success()`)");
  });

  it("combines a condition that does not look upstream with success()", () => {
    const fits: Condition = { is: "constant", value: true, text: "environment.name == 'blue'" };
    expect(planOf({ a: when(NEVER), b: when(fits, "a"), c: when(fits) })).toMatchObject({
      b: "skip: a is skipped",
      c: "run: a command always runs",
    });
  });

  it("names every task that is to blame, each once", () => {
    const tasks = { a: when(NEVER), b: when(NEVER), c: { needs: ["a", "b"] }, d: { needs: ["c", "a"] } };
    expect(planOf(tasks)).toMatchObject({ c: "skip: a, b are skipped", d: "skip: a, b are skipped" });
  });

  it("shows what a clean task would remove where the caller has planned it", () => {
    const cleanup: CleanupPlan = {
      items: [
        {
          item: "image",
          id: "sha256:1",
          tags: ["shop/ml:old"],
          service: "ml",
          sizeBytes: 3_000_000_000,
          freesBytes: 2_500_000_000,
          step: "old-images",
          reason: "number 3 of ml",
        },
      ],
      kept: [],
      predictedBytes: 2_500_000_000,
      physicalBytes: 2_500_000_000,
      hiddenBytes: 0,
      version: 1,
      budgets: [],
    };
    const plan = planRun({ graph: DEPLOY, buildConfig: CONFIG, cleanups: new Map([["make-room", cleanup]]) });
    expect(plan.tasks[0]?.actions).toEqual([
      "normal clean-up: keep at most 10.0 GB of build cache and the newest 2 images of each service",
      "remove image shop/ml:old (frees 2.50 GB): number 3 of ml",
      "frees 2.50 GB by the engine's accounting",
    ]);
  });

  it("shows what a build takes of the disk where the caller has found that out, and only of builds that run", () => {
    const need = { bytes: 240_000_000, basis: "measured", leastBytes: 240_000_000 } as const;
    const id = DEPLOY.order.find((task) => DEPLOY.tasks.get(task)?.kind === "build") ?? "";
    const diskNeeds = new Map([[id, need]]);
    const plan = planRun({ graph: DEPLOY, buildConfig: CONFIG, diskNeeds });
    expect(plan.tasks.filter(({ disk }) => disk !== undefined)).toEqual([expect.objectContaining({ id, disk: need })]);
    const selection = { ...DEPLOY, tasks: new Map(), order: [] };
    const skipped = planRun({ graph: DEPLOY, selection, buildConfig: CONFIG, diskNeeds });
    expect(skipped.tasks.filter(({ disk }) => disk !== undefined)).toEqual([]);
  });

  it("is the same for the same input", () => {
    expect(planRun({ graph: DEPLOY, buildConfig: CONFIG })).toEqual(planRun({ graph: DEPLOY, buildConfig: CONFIG }));
  });

  it("decides a chain of ten thousand skipped tasks", () => {
    const chain: Record<string, SampleTask> = { t0: when(NEVER) };
    for (let index = 1; index < 10_000; index += 1) chain[`t${index}`] = { needs: [`t${index - 1}`] };
    expect(planOf(chain)["t9999"]).toBe("skip: t0 is skipped");
  });
});
