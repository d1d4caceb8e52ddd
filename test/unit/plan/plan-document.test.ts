import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TASK_KINDS } from "../../../src/model/pipeline.ts";
import { DISK_NEED_BASES } from "../../../src/model/plan.ts";
import type { Decision, Plan } from "../../../src/model/plan.ts";
import { parsePlan, serialisePlan } from "../../../src/plan/plan-document.ts";

const PLAN: Plan = {
  version: 1,
  variants: ["deploy-blue"],
  tasks: [
    { id: "a", kind: "run", needs: [], decision: { action: "run", reason: "why" }, actions: ["true"] },
    { id: "b", kind: "clean", needs: ["a"], decision: { action: "skip", reason: "not selected" }, actions: [] },
  ],
};

const TEXTS = fc.array(fc.string(), { maxLength: 4 });
const DECISION: fc.Arbitrary<Decision> = fc.record({
  action: fc.constantFrom("run", "reuse", "skip"),
  reason: fc.string(),
});
const ANY_PLAN: fc.Arbitrary<Plan> = fc.record({
  version: fc.constant(1 as const),
  variants: TEXTS,
  tasks: fc.array(
    fc.record(
      {
        id: fc.string(),
        kind: fc.constantFrom(...TASK_KINDS),
        needs: TEXTS,
        decision: DECISION,
        disk: fc.record({ bytes: fc.nat(), basis: fc.constantFrom(...DISK_NEED_BASES), leastBytes: fc.nat() }),
        actions: TEXTS,
      },
      { requiredKeys: ["id", "kind", "needs", "decision", "actions"] },
    ),
  ),
});

describe("serialisePlan and parsePlan", () => {
  it("give back any plan", () => {
    fc.assert(
      fc.property(ANY_PLAN, (plan) => {
        expect(parsePlan(serialisePlan(plan))).toEqual({ ok: true, plan });
      }),
    );
  });

  it("write equal plans alike, whatever the order of their keys", () => {
    const { tasks, variants, version } = PLAN;
    const turned: Plan = {
      tasks: tasks.map(({ id, kind, needs, decision, actions }) => ({ actions, decision, needs, kind, id })),
      variants,
      version,
    };
    expect(serialisePlan(turned)).toBe(serialisePlan(PLAN));
  });

  it.each([
    ["no JSON", "{", /^the plan is no JSON: /],
    ["a list", "[]", /^the plan is no JSON object$/],
    ["no version", "{}", /^the plan has no version, this program reads version 1$/],
    [
      "a newer version",
      JSON.stringify({ ...PLAN, version: 2 }),
      /^the plan has version 2, this program reads version 1$/,
    ],
    ["variants that are no names", JSON.stringify({ ...PLAN, variants: [1] }), /^`variants` /],
    ["tasks that are no list", JSON.stringify({ ...PLAN, tasks: {} }), /^`tasks` /],
    ["an unknown kind", withTask({ kind: "bake" }), /^`tasks\[1\]` /],
    ["an unknown decision", withTask({ decision: { action: "guess", reason: "" } }), /^`tasks\[1\]` /],
    ["a decision without reason", withTask({ decision: { action: "run" } }), /^`tasks\[1\]` /],
    ["actions that are no text", withTask({ actions: [null] }), /^`tasks\[1\]` /],
    ["a need of disk that is none", withTask({ disk: { bytes: 1, basis: "hoped", leastBytes: 1 } }), /^`tasks\[1\]` /],
    ["needs that are no list", withTask({ needs: "a" }), /^`tasks\[1\]` /],
  ])("refuse %s with a reason", (_name, text, problem) => {
    const parsed = parsePlan(text);
    expect(parsed.ok ? "" : parsed.problem).toMatch(problem);
  });

  function withTask(change: object): string {
    return JSON.stringify({ ...PLAN, tasks: [PLAN.tasks[0], { ...PLAN.tasks[1], ...change }] });
  }
});
