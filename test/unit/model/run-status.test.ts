import { describe, expect, it } from "vitest";
import { holds, looksUpstream } from "../../../src/model/condition.ts";
import type { Condition } from "../../../src/model/condition.ts";
import { runStatus } from "../../../src/model/status.ts";

describe("status of a run", () => {
  it("fails for a failed task, unless the task may fail", () => {
    expect(runStatus([{ status: "failed", continueOnError: false }], false)).toBe("failed");
    expect(runStatus([{ status: "failed", continueOnError: true }], false)).toBe("succeeded");
  });

  it("does not depend on blocked, skipped or cancelled tasks", () => {
    const rest = ["blocked", "skipped", "cancelled", "succeeded"] as const;
    expect(
      runStatus(
        rest.map((status) => ({ status, continueOnError: false })),
        false,
      ),
    ).toBe("succeeded");
  });

  it("is cancelled after an interruption, whatever failed", () => {
    expect(runStatus([{ status: "failed", continueOnError: false }], true)).toBe("cancelled");
  });
});

describe("conditions", () => {
  const success: Condition = { is: "success" };
  const failure: Condition = { is: "failure" };
  const blue: Condition = { is: "constant", value: true, text: "environment.name == 'blue'" };

  it("hold according to what happened upstream", () => {
    const failed = { failed: true, succeeded: false };
    const succeeded = { failed: false, succeeded: true };
    expect([holds(success, failed), holds(success, succeeded)]).toEqual([false, true]);
    expect([holds(failure, failed), holds(failure, succeeded)]).toEqual([true, false]);
    expect(holds({ is: "always" }, failed)).toBe(true);
    expect(holds({ is: "not", operand: failure }, failed)).toBe(false);
    expect(holds({ is: "all", operands: [failure, blue] }, failed)).toBe(true);
    expect(holds({ is: "any", operands: [failure, blue] }, succeeded)).toBe(true);
    expect(holds({ is: "all", operands: [success, { ...blue, value: false }] }, succeeded)).toBe(false);
  });

  it("tell whether they look upstream", () => {
    expect(looksUpstream(blue)).toBe(false);
    expect(looksUpstream({ is: "not", operand: failure })).toBe(true);
    expect(looksUpstream({ is: "any", operands: [blue, { is: "always" }] })).toBe(true);
  });
});
