import { at, buildDigraph, successors } from "./digraph.ts";
import type { Digraph } from "./digraph.ts";

/**
 * One shortest cycle of every strongly connected part, each as its nodes in the order of the edges, starting with the
 * smallest. Parts are ordered by their smallest node. Empty when the graph has no cycle.
 */
export function shortestCycles(needs: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const graph = buildDigraph(needs);
  const cycles: (readonly number[])[] = [];
  for (const part of cyclicParts(graph)) {
    const cycle = shortestCycleWithin(graph, part);
    if (cycle !== undefined) cycles.push(cycle);
  }
  return cycles;
}

/** The strongly connected parts that contain a cycle, each in ascending order. Tarjan's algorithm with its own stack. */
function cyclicParts(graph: Digraph): readonly (readonly number[])[] {
  const search = {
    graph,
    index: new Int32Array(graph.size),
    low: new Int32Array(graph.size),
    cursor: graph.starts.slice(0, graph.size),
    onStack: new Uint8Array(graph.size),
    stack: [] as number[],
    parts: [] as number[][],
    count: 0,
  };
  for (let root = 0; root < graph.size; root += 1) {
    if (at(search.index, root) === 0) visitFrom(search, root);
  }
  return search.parts.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

interface PartSearch {
  readonly graph: Digraph;
  /** Order of discovery from 1; 0 means not seen. */
  readonly index: Int32Array;
  readonly low: Int32Array;
  /** Next edge to follow. */
  readonly cursor: Int32Array;
  readonly onStack: Uint8Array;
  readonly stack: number[];
  readonly parts: number[][];
  count: number;
}

function visitFrom(search: PartSearch, root: number): void {
  const trail: number[] = [];
  enter(search, trail, root);
  while (trail.length > 0) {
    const node = trail[trail.length - 1] ?? 0;
    const edge = at(search.cursor, node);
    if (edge < at(search.graph.starts, node + 1)) {
      search.cursor[node] = edge + 1;
      const target = at(search.graph.targets, edge);
      if (at(search.index, target) === 0) enter(search, trail, target);
      else if (search.onStack[target] === 1) lower(search.low, node, at(search.index, target));
      continue;
    }
    trail.pop();
    if (at(search.low, node) === at(search.index, node)) leavePart(search, node);
    const parent = trail[trail.length - 1];
    if (parent !== undefined) lower(search.low, parent, at(search.low, node));
  }
}

function enter(search: PartSearch, trail: number[], node: number): void {
  search.count += 1;
  search.index[node] = search.count;
  search.low[node] = search.count;
  search.onStack[node] = 1;
  search.stack.push(node);
  trail.push(node);
}

function lower(low: Int32Array, node: number, value: number): void {
  if (value < at(low, node)) low[node] = value;
}

function leavePart(search: PartSearch, root: number): void {
  const part: number[] = [];
  for (let node = search.stack.pop(); node !== undefined; node = search.stack.pop()) {
    search.onStack[node] = 0;
    part.push(node);
    if (node === root) break;
  }
  if (part.length > 1 || successors(search.graph, root).includes(root)) search.parts.push(part.sort((a, b) => a - b));
}

/**
 * Breadth-first search from one node after the other, never deeper than the best cycle so far. A node that was searched
 * from is taken out, and with it whatever no longer lies on a cycle, so that one long ring costs a single search.
 */
function shortestCycleWithin(graph: Digraph, part: readonly number[]): readonly number[] | undefined {
  const alive = new Uint8Array(graph.size);
  for (const node of part) alive[node] = 1;
  const entering = aliveDegrees(graph, part, alive);
  const distance = new Int32Array(graph.size);
  const cameFrom = new Int32Array(graph.size);
  let best: readonly number[] | undefined;
  for (const start of part) {
    if (alive[start] === 0) continue;
    const cycle = cycleThrough({ graph, alive, distance, cameFrom }, start, best?.length ?? part.length + 1);
    if (cycle !== undefined) best = cycle;
    if (best?.length === 1) break;
    remove(graph, alive, entering, start);
  }
  return best === undefined ? undefined : fromSmallest(best);
}

interface Search {
  readonly graph: Digraph;
  readonly alive: Uint8Array;
  /** Edges from the start, plus 1; 0 means not seen. All 0 between two searches. */
  readonly distance: Int32Array;
  readonly cameFrom: Int32Array;
}

/** The shortest cycle through `start` that has fewer than `limit` nodes. */
function cycleThrough(search: Search, start: number, limit: number): readonly number[] | undefined {
  const { graph, alive, distance, cameFrom } = search;
  const queue = [start];
  distance[start] = 1;
  let found: number[] | undefined;
  for (let head = 0; head < queue.length && found === undefined; head += 1) {
    const node = queue[head] ?? start;
    if (at(distance, node) >= limit) break;
    for (const target of successors(graph, node)) {
      if (target === start) {
        found = trailTo(cameFrom, start, node);
        break;
      }
      if (alive[target] === 0 || at(distance, target) !== 0) continue;
      distance[target] = at(distance, node) + 1;
      cameFrom[target] = node;
      queue.push(target);
    }
  }
  for (const node of queue) distance[node] = 0;
  return found;
}

function trailTo(cameFrom: Int32Array, start: number, end: number): number[] {
  const trail = [end];
  for (let node = end; node !== start;) {
    node = at(cameFrom, node);
    trail.push(node);
  }
  return trail.reverse();
}

function aliveDegrees(graph: Digraph, part: readonly number[], alive: Uint8Array): Int32Array {
  const entering = new Int32Array(graph.size);
  for (const node of part) {
    for (const target of successors(graph, node)) if (alive[target] === 1) entering[target] = at(entering, target) + 1;
  }
  return entering;
}

/** Takes a node out, then every node that nothing leads to any more. */
function remove(graph: Digraph, alive: Uint8Array, entering: Int32Array, first: number): void {
  const gone = [first];
  alive[first] = 0;
  for (let node = gone.pop(); node !== undefined; node = gone.pop()) {
    for (const target of successors(graph, node)) {
      if (alive[target] === 0) continue;
      entering[target] = at(entering, target) - 1;
      if (at(entering, target) > 0) continue;
      alive[target] = 0;
      gone.push(target);
    }
  }
}

function fromSmallest(cycle: readonly number[]): readonly number[] {
  let smallest = 0;
  for (const [place, node] of cycle.entries()) if (node < (cycle[smallest] ?? 0)) smallest = place;
  return [...cycle.slice(smallest), ...cycle.slice(0, smallest)];
}
