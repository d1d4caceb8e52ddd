import { readFileSync } from "node:fs";
import path from "node:path";
import { Ajv } from "ajv";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEvent } from "../../../src/report/event-schema.ts";
import { arbitraryRun } from "../../rig/arbitrary-events.ts";

const published: unknown = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "../../../schemas/event.schema.json"), "utf8"),
);

describe("schemas/event.schema.json", () => {
  const isEvent = new Ajv({ strict: false }).compile(Object(published));

  it("accepts every event that a run can make, and refuses each of them with a required key less", () => {
    fc.assert(
      fc.property(arbitraryRun, (events) => {
        for (const event of events) {
          expect(isEvent(event)).toBe(true);
          const { atMs: _atMs, ...rest } = event;
          expect([isEvent(rest), parseEvent(rest)]).toEqual([false, undefined]);
        }
      }),
      { numRuns: 50 },
    );
  });
});
