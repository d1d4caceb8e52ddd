import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { planCleanup } from "../../../src/plan/cleanup.ts";
import { parseCleanupPlan, serialiseCleanupPlan } from "../../../src/plan/cleanup-document.ts";
import { cases } from "./cleanup-worlds.ts";
import { HOUR_MS, POLICY, SCOPE, aRecord, anImage, anObservation } from "./cleanup-rig.ts";

const PLAN = planCleanup(
  anObservation({
    images: [anImage("a"), anImage("b"), anImage("c", { ageMs: 90 * HOUR_MS })],
    cache: [aRecord("r")],
  }),
  { ...POLICY, maxCacheBytes: 0 },
  SCOPE,
);

/** The problem with the text of a plan after an edit. */
function problemOf(edit: (plan: Record<string, unknown>) => unknown): string | undefined {
  const document: Record<string, unknown> = JSON.parse(serialiseCleanupPlan(PLAN));
  const parsed = parseCleanupPlan(JSON.stringify(edit(document)));
  return parsed.ok ? undefined : parsed.problem;
}

describe("a plan of a clean-up as a file", () => {
  it("reads what it wrote, whatever the plan", () => {
    const details = fc.check(
      fc.property(cases, ({ world, policy, scope }) => {
        const plan = planCleanup(world.observation, policy, scope);
        expect(parseCleanupPlan(serialiseCleanupPlan(plan))).toEqual({ ok: true, plan });
      }),
      { numRuns: 1_000 },
    );
    expect(details.failed).toBe(false);
  });

  it.each([
    ["no JSON", "x", /^the plan is no JSON: /],
    ["other JSON", "{}", /^it is no plan of a clean-up$/],
    ["a list", "[]", /^it is no plan of a clean-up$/],
    ["a plan of a run", '{ "version": 1, "variants": [], "tasks": [] }', /^it is no plan of a clean-up$/],
    ["an empty file", "", /^the plan is no JSON: /],
  ])("refuses %s", (_, text, problem) => {
    const parsed = parseCleanupPlan(text);
    expect(parsed.ok ? "" : parsed.problem).toMatch(problem);
  });

  it("refuses a newer version and names both", () => {
    expect(problemOf((plan) => ({ ...plan, version: 2 }))).toBe("the plan has version 2, this program reads version 1");
  });

  it.each([
    ["an item without a reason", "items", { reason: undefined }],
    ["an item of an unknown kind", "items", { item: "container" }],
    ["an item of an unknown step", "items", { step: "everything" }],
    ["an item that could be taken for an option", "items", { id: "--force" }],
    ["an item that could be taken for a pattern", "items", { id: "a|.*" }],
    ["a size that is text", "items", { sizeBytes: "1" }],
    ["a protection that nobody knows", "kept", { protection: { because: "luck" } }],
    ["a budget that nobody knows", "budgets", { name: "money" }],
  ])("refuses %s", (_, list, change) => {
    const edit = (plan: Record<string, unknown>) => {
      const entries = plan[list];
      return { ...plan, [list]: Array.isArray(entries) ? [{ ...entries[0], ...change }, ...entries.slice(1)] : [] };
    };
    expect(problemOf(edit)).toBe(`\`${list}[0]\` of the plan is not what it should be`);
  });

  it("refuses one that removes what it keeps, something twice, or other bytes than it says", () => {
    const [item] = PLAN.items;
    const [kept] = PLAN.kept;
    expect(problemOf((plan) => ({ ...plan, items: [...PLAN.items, { ...item, freesBytes: 0 }] }))).toBe(
      "the plan lists something twice",
    );
    const both = { ...item, id: kept?.id };
    expect(problemOf((plan) => ({ ...plan, items: [both, ...PLAN.items.slice(1)] }))).toMatch(
      /^the plan both removes and keeps sha256:/,
    );
    expect(problemOf((plan) => ({ ...plan, items: [] }))).toBe(
      "the items of the plan do not add up to its `predictedBytes`",
    );
  });
});
