import { describe, expect, it } from "vitest";
import { criticalPath, remainingPath } from "../../../src/graph/critical-path.ts";
import { compiled, pipeline } from "./sample.ts";

const GRAPH = compiled([
  pipeline("p", {
    base: {},
    short: { needs: ["base"] },
    long: { needs: ["base"] },
    end: { needs: ["short", "long"] },
    alone: {},
  }),
]);

describe("remainingPath", () => {
  it("counts tasks when nothing is known", () => {
    expect(Object.fromEntries(remainingPath(GRAPH, () => undefined))).toEqual({
      base: 3,
      short: 2,
      long: 2,
      end: 1,
      alone: 1,
    });
  });

  it("adds recorded durations along the longest way", () => {
    const known = new Map([
      ["base", 10],
      ["short", 5],
      ["long", 100],
      ["end", 1],
      ["alone", 7],
    ]);
    expect(Object.fromEntries(remainingPath(GRAPH, (id) => known.get(id)))).toEqual({
      base: 111,
      short: 6,
      long: 101,
      end: 1,
      alone: 7,
    });
  });

  it("takes an unknown task to be as long as the 97th percentile of the known ones", () => {
    const chain = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`t${index}`, {}]));
    const graph = compiled([pipeline("p", chain)]);
    // 100 known durations 1 … 100, so the 97th percentile is 97.
    const known = (id: string): number | undefined => (id === "t100" ? undefined : Number(id.slice(1)) + 1);
    expect(remainingPath(graph, known).get("t100")).toBe(97);
  });
});

describe("criticalPath", () => {
  it("is the longest chain by recorded durations", () => {
    const known = new Map([
      ["base", 10],
      ["short", 5],
      ["long", 100],
      ["end", 1],
      ["alone", 7],
    ]);
    expect(criticalPath(GRAPH, (id) => known.get(id))).toEqual({ tasks: ["base", "long", "end"], durationMs: 111 });
  });

  it("is the longest chain in tasks without history, the first of equal ones, and claims no duration", () => {
    expect(criticalPath(GRAPH, () => undefined)).toEqual({ tasks: ["base", "short", "end"] });
  });

  it("may be a single task", () => {
    expect(criticalPath(GRAPH, (id) => (id === "alone" ? 1_000 : 1))).toEqual({ tasks: ["alone"], durationMs: 1_000 });
  });
});
