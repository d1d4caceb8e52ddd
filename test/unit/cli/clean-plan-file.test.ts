import { describe, expect, it } from "vitest";
import { findForeign } from "../../../src/cli/clean-confirmation.ts";
import { parsePlanFile, serialisePlanFile } from "../../../src/cli/clean-plan-file.ts";
import type { CleanupItem, CleanupPlan } from "../../../src/model/cleanup.ts";

const image = (id: string): CleanupItem => ({
  item: "image",
  id,
  tags: [],
  service: "web",
  sizeBytes: 5,
  freesBytes: 5,
  step: "old-images",
  reason: "number 3 of web",
});

function plan(items: readonly CleanupItem[]): CleanupPlan {
  const predictedBytes = items.reduce((sum, item) => sum + item.freesBytes, 0);
  return { version: 1, items, kept: [], predictedBytes, physicalBytes: predictedBytes, hiddenBytes: 0, budgets: [] };
}

function prepared(items: readonly CleanupItem[]): Parameters<typeof serialisePlanFile>[0] {
  const engine = { id: "abc", name: "host" };
  return { plan: plan(items), project: "shop", engine, madeAtMs: 5, ownImages: new Set(), isDiskMeasured: true };
}

describe("a plan file", () => {
  it("gives back what was written", () => {
    const given = prepared([image("sha256:a"), image("sha256:b")]);
    const parsed = parsePlanFile(serialisePlanFile(given));
    expect(parsed).toEqual({
      ok: true,
      file: { project: "shop", engine: given.engine, madeAtMs: 5, plan: given.plan },
    });
  });

  it.each([
    ["not JSON", "{", /no JSON/],
    ["another document", "{}", /not what/],
    ["a bare plan", JSON.stringify(plan([])), /not what/],
    ["of another version", JSON.stringify({ ...prepared([]), plan: { ...plan([]), version: 2 } }), /version 2/],
  ])("is refused when it is %s", (_, text, problem) => {
    expect(parsePlanFile(text)).toEqual({ ok: false, problem: expect.stringMatching(problem) });
  });

  it("is refused when an item was changed by hand so that the sum is wrong", () => {
    const text = serialisePlanFile(prepared([image("sha256:a")])).replace('"freesBytes": 5', '"freesBytes": 50');
    expect(parsePlanFile(text)).toMatchObject({ ok: false });
  });
});

describe("what has to be confirmed", () => {
  it("is every volume, and every image that is not of this project", () => {
    const volume = { item: "volume", id: "data", sizeBytes: 1, freesBytes: 1, reason: "" } as const;
    const items = [image("sha256:ours"), image("sha256:theirs"), volume];
    const foreign = findForeign(plan(items), { ownImages: new Set(["sha256:ours"]) });
    expect(foreign.map((item) => item.id)).toEqual(["sha256:theirs", "data"]);
  });
});
