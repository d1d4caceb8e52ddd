import { Graph, alg } from "@dagrejs/graphlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildDigraph, topologicalOrder } from "../../../src/graph/digraph.ts";
import { shortestCycles } from "../../../src/graph/shortest-cycle.ts";

/** The predecessors of each node of a small graph, self-loops included. */
const NEEDS = fc
  .array(fc.array(fc.nat(11), { maxLength: 3 }), { maxLength: 12 })
  .map((rows) => rows.map((row) => [...new Set(row.filter((node) => node < rows.length))]));

/** An independent implementation to compare with. It recurses, so it is given small graphs only. */
function reference(needs: readonly (readonly number[])[]): Graph {
  const graph = new Graph({ directed: true });
  for (const [node, from] of needs.entries()) {
    graph.setNode(String(node));
    for (const need of from) graph.setEdge(String(need), String(node));
  }
  return graph;
}

/** Lengths of the shortest ways from one node to another, by graphlib; 0 from a node to itself. */
function distances(needs: readonly (readonly number[])[]): (from: number, to: number) => number {
  const found = alg.floydWarshall(reference(needs));
  return (from, to) => (from === to ? 0 : (found[String(from)]?.[String(to)]?.distance ?? Number.POSITIVE_INFINITY));
}

describe("compared with graphlib", () => {
  it("a graph has an order exactly when it is acyclic, and one cycle for every knot", () => {
    fc.assert(
      fc.property(NEEDS, (needs) => {
        const graph = reference(needs);
        expect(topologicalOrder(buildDigraph(needs)) !== undefined).toBe(alg.isAcyclic(graph));
        const knots = alg.findCycles(graph).map((knot) => knot.map(Number));
        const cycles = shortestCycles(needs);
        expect(cycles.length).toBe(knots.length);
        for (const cycle of cycles) expect(knots.some((knot) => cycle.every((node) => knot.includes(node)))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("what is shown is a cycle of the graph, and no shorter one is in its knot", () => {
    fc.assert(
      fc.property(NEEDS, (needs) => {
        const distance = distances(needs);
        for (const cycle of shortestCycles(needs)) {
          for (const [step, node] of cycle.entries()) {
            expect(needs[cycle[(step + 1) % cycle.length] ?? -1]).toContain(node);
          }
          const first = cycle[0] ?? -1;
          const knot = [...needs.keys()].filter((node) => distance(node, first) + distance(first, node) < Infinity);
          const lengths = knot.flatMap((node) => (needs[node] ?? []).map((need) => distance(node, need) + 1));
          expect(cycle.length).toBe(Math.min(...lengths));
        }
      }),
      { numRuns: 500 },
    );
  });
});
