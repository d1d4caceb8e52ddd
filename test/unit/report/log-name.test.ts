import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { taskLogName } from "../../../src/report/log-name.ts";
import { createRunId, isRunId } from "../../../src/report/run-id.ts";

describe("taskLogName", () => {
  it.each([
    ["make-room", "make-room.log"],
    ["images/frontend", "images.frontend.log"],
    ["release@blue", "release@blue.log"],
    ["deep-clean:make-room", "deep-clean%3Amake-room.log"],
    ["images.frontend", "images%2Efrontend.log"],
    ["../../etc/passwd", "%2E%2E.%2E%2E.etc.passwd.log"],
  ])("names the log of %s", (id, name) => {
    expect(taskLogName(id)).toBe(name);
  });

  it("tells long ids of one beginning apart", () => {
    const long = "matrix-".repeat(40);
    expect(taskLogName(`${long}a`)).not.toBe(taskLogName(`${long}b`));
    expect(taskLogName(`${long}a`).length).toBeLessThan(200);
  });

  it("gives different ids different names, each one plain file name", () => {
    const id = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.stringMatching(/^[a-z./@%:-]{0,300}$/),
      fc.string({ minLength: 150, maxLength: 400 }),
    );
    fc.assert(
      fc.property(id, id, (one, other) => {
        expect(taskLogName(one)).toMatch(/^[A-Za-z0-9_@.%-]{4,200}$/);
        expect(taskLogName(one) === taskLogName(other)).toBe(one === other);
      }),
      { numRuns: 300 },
    );
  });
});

describe("createRunId", () => {
  it("sorts by time and is recognised", () => {
    const id = createRunId(Date.UTC(2026, 10, 23, 21, 45, 12, 999), "3f9a");
    expect(id).toBe("20261123-214512-3f9a");
    expect(isRunId(id)).toBe(true);
    for (const name of ["latest", "..", "20261123-214512-", "20261123-214512-3f9a/..", "x20261123-214512-3f9a"]) {
      expect(isRunId(name)).toBe(false);
    }
  });
});
