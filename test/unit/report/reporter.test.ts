import { describe, expect, it } from "vitest";
import { fanOut } from "../../../src/report/reporter.ts";
import { typicalRun } from "../../rig/event-script.ts";

describe("fanOut", () => {
  it("goes on when a reporter breaks: the others get every event, and its trouble is told once", async () => {
    const seen: string[] = [];
    const troubles: string[] = [];
    let recovered = 0;
    const reporter = fanOut(
      [
        {
          name: "broken",
          reporter: {
            onEvent(event) {
              if (event.type !== "run-finished") throw new Error("disk full");
              recovered += 1;
            },
            end: () => Promise.reject(new Error("still full")),
          },
        },
        { name: "whole", reporter: { onEvent: (event) => seen.push(event.type) } },
        {
          name: "bad end",
          reporter: {
            onEvent: () => undefined,
            end() {
              throw new Error("no end");
            },
          },
        },
      ],
      (name, error) => troubles.push(`${name}: ${String(error)}`),
    );
    const events = typicalRun();
    for (const event of events) reporter.onEvent(event);
    await reporter.end();
    expect(seen).toEqual(events.map((event) => event.type));
    expect(troubles).toEqual(["broken: Error: disk full", "bad end: Error: no end"]);
    expect(recovered).toBe(1);
  });
});
