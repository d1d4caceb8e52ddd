import { describe, expect, it } from "vitest";
import { checkPipeline, findCycles } from "../../../src/graph/pipeline-check.ts";
import { shortestCycles } from "../../../src/graph/shortest-cycle.ts";
import { build, compiled, pipeline, problems } from "./sample.ts";
import type { SampleTask } from "./sample.ts";

describe("findCycles", () => {
  it("finds none in a sound pipeline", () => {
    expect(findCycles(pipeline("p", { a: {}, b: { needs: ["a"] } }))).toEqual([]);
  });

  it("shows the shortest way round in the words of the file, with the line of each need", () => {
    const tasks = {
      a: { needs: ["d"] },
      b: { needs: ["a"] },
      c: { needs: ["b"] },
      d: { needs: ["c", "b"] },
    };
    const line = (at: number, column = 13) => ({ file: "pipelines/p.yaml", line: at, column });
    expect(findCycles(pipeline("p", tasks))).toEqual([
      {
        code: "task-cycle",
        severity: "error",
        message: "3 tasks need each other: a → d → b → a",
        location: line(11),
        hint: "remove one of these needs",
        related: [
          { message: "`a` needs `d`", location: line(11) },
          { message: "`d` needs `b`", location: line(17, 23) },
          { message: "`b` needs `a`", location: line(13) },
        ],
      },
    ]);
  });

  it("names a task that needs itself", () => {
    expect(findCycles(pipeline("p", { a: { needs: ["a"] } }))).toMatchObject([
      { message: "`a` needs itself", location: { line: 11 }, related: [{}] },
    ]);
  });

  it("reports every separate knot, in file order", () => {
    const tasks = {
      a: { needs: ["b"] },
      b: { needs: ["a"] },
      x: { needs: ["a"] },
      y: { needs: ["z"] },
      z: { needs: ["y", "x"] },
    };
    expect(findCycles(pipeline("p", tasks)).map(({ message }) => message)).toEqual([
      "2 tasks need each other: a → b → a",
      "2 tasks need each other: y → z → y",
    ]);
  });

  it("shows the first of several equally short ones", () => {
    const tasks = { a: { needs: ["b"] }, b: { needs: ["a", "c"] }, c: { needs: ["b"] } };
    expect(findCycles(pipeline("p", tasks)).map(({ message }) => message)).toEqual([
      "2 tasks need each other: a → b → a",
    ]);
  });

  it("sees through a need of a single bake target without asking bake", () => {
    const tasks = { images: { needs: ["use"], work: build(["ml"]) }, use: { needs: ["images/ml"] } };
    expect(findCycles(pipeline("p", tasks))).toMatchObject([
      { related: [{ message: "`images` needs `use`" }, { message: "`use` needs `images/ml`" }] },
    ]);
    expect(problems([pipeline("p", tasks)])).toMatchObject([{ code: "task-cycle" }]);
  });

  it("is told together with the other faults", () => {
    const tasks = { a: { needs: ["a"] }, b: { needs: ["nothing"] } };
    expect(checkPipeline(pipeline("p", tasks)).map(({ code }) => code)).toEqual(["task-unknown", "task-cycle"]);
  });
});

describe("ten thousand tasks", () => {
  const size = 10_000;

  it("in a chain compile", () => {
    const graph = compiled([pipeline("chain", chain(size, []))]);
    expect(graph.order.length).toBe(size);
    expect(graph.order.at(-1)).toBe("t0");
  });

  it("in a ring are reported with a message of readable length", () => {
    const [cycle, ...others] = findCycles(pipeline("ring", chain(size, ["t0"])));
    expect(others).toEqual([]);
    expect(cycle?.related?.length).toBe(size);
    expect(cycle?.message).toBe(
      "10000 tasks need each other: t0 → t1 → t2 → t3 → t4 → t5 → … 9991 more … → t9997 → t9998 → t9999 → t0",
    );
  });

  it("in rings upon rings give the smallest", () => {
    const needs = Array.from({ length: size }, (_, node) => (node === 0 ? [size - 1] : [node - 1]));
    needs[4_000] = [3_999, 4_500];
    needs[7_000] = [6_999, 7_002];
    expect(shortestCycles(needs)).toEqual([[7_000, 7_001, 7_002]]);
  });

  /** t0 needs t1 needs t2 …, so that nothing can be done in file order. */
  function chain(length: number, lastNeeds: readonly string[]): Record<string, SampleTask> {
    return Object.fromEntries(
      Array.from({ length }, (_, index) => [
        `t${index}`,
        { needs: index + 1 < length ? [`t${index + 1}`] : lastNeeds },
      ]),
    );
  }
});
