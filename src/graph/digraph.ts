/**
 * A directed graph of the nodes 0 … size-1 in compressed rows: the successors of node `n` are
 * `targets[starts[n] … starts[n + 1]]`. Nothing here recurses, so a chain of any length is safe.
 */
export interface Digraph {
  readonly size: number;
  readonly starts: Int32Array;
  readonly targets: Int32Array;
}

/** The graph whose edges lead from each need to the node that needs it. `needs[n]` are the predecessors of `n`. */
export function buildDigraph(needs: readonly (readonly number[])[]): Digraph {
  const size = needs.length;
  const starts = new Int32Array(size + 1);
  let edges = 0;
  for (const predecessors of needs) {
    edges += predecessors.length;
    for (const from of predecessors) starts[from + 1] = at(starts, from + 1) + 1;
  }
  for (let node = 0; node < size; node += 1) starts[node + 1] = at(starts, node + 1) + at(starts, node);
  const targets = new Int32Array(edges);
  const next = starts.slice();
  for (const [node, predecessors] of needs.entries()) {
    for (const from of predecessors) {
      const place = at(next, from);
      targets[place] = node;
      next[from] = place + 1;
    }
  }
  return { size, starts, targets };
}

/** The successors of a node, in ascending order where `needs` were given in that order. */
export function successors(graph: Digraph, node: number): Int32Array {
  return graph.targets.subarray(at(graph.starts, node), at(graph.starts, node + 1));
}

/**
 * The nodes so that each stands after all its predecessors; among those that could come next, the smallest number does.
 * Undefined when there is a cycle.
 */
export function topologicalOrder(graph: Digraph): readonly number[] | undefined {
  const missing = new Int32Array(graph.size);
  for (const target of graph.targets) missing[target] = at(missing, target) + 1;
  const ready: number[] = [];
  for (let node = 0; node < graph.size; node += 1) {
    if (at(missing, node) === 0) ready.push(node);
  }
  const order: number[] = [];
  for (let node = popSmallest(ready); node !== undefined; node = popSmallest(ready)) {
    order.push(node);
    for (const target of successors(graph, node)) {
      const left = at(missing, target) - 1;
      missing[target] = left;
      if (left === 0) pushSorted(ready, target);
    }
  }
  return order.length === graph.size ? order : undefined;
}

/** Every node that can be reached from `from`, those included. */
export function reachable(graph: Digraph, from: Iterable<number>): Uint8Array {
  const seen = new Uint8Array(graph.size);
  const stack = [...from];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen[node] === 1) continue;
    seen[node] = 1;
    for (const target of successors(graph, node)) stack.push(target);
  }
  return seen;
}

/** Element of a typed array whose index is known to be in range. */
export function at(array: Int32Array, index: number): number {
  return array[index] ?? 0;
}

/** Adds to a binary heap. */
function pushSorted(heap: number[], value: number): void {
  let place = heap.push(value) - 1;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    const above = heap[parent] ?? 0;
    if (above <= value) break;
    heap[place] = above;
    place = parent;
  }
  heap[place] = value;
}

/** Takes the smallest of a binary heap. An ascending array is a heap. */
function popSmallest(heap: number[]): number | undefined {
  const smallest = heap[0];
  const value = heap.pop();
  if (smallest === undefined || value === undefined || heap.length === 0) return smallest;
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] ?? 0) < (heap[child] ?? 0)) child += 1;
    const below = heap[child] ?? 0;
    if (below >= value) break;
    heap[place] = below;
    place = child;
  }
  heap[place] = value;
  return smallest;
}
