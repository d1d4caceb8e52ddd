/** Anything with a place in the order: the smallest rank comes first. */
export interface Ranked {
  readonly rank: number;
}

/** A binary heap: `add` and `take` cost O(log n). Ranks are unique, so the order never depends on the order of adding. */
export class ReadyQueue<T extends Ranked> {
  readonly #heap: T[] = [];

  /** The first item, left where it is. */
  get first(): T | undefined {
    return this.#heap[0];
  }

  add(item: T): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(item);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || parent.rank <= item.rank) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = item;
  }

  /** Removes and returns the first item. */
  take(): T | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) this.#sink(last);
    return first;
  }

  /** Removes every item and returns them in order. */
  drain(): T[] {
    return this.#heap.splice(0).sort((left, right) => left.rank - right.rank);
  }

  /** Puts `item` at the root and moves it down to its place. */
  #sink(item: T): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = heap[childIndex];
      const right = heap[childIndex + 1];
      if (child !== undefined && right !== undefined && right.rank < child.rank) {
        child = right;
        childIndex += 1;
      }
      if (child === undefined || child.rank >= item.rank) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = item;
  }
}
