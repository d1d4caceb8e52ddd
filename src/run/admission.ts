import type { Demand, Pools } from "./pools.ts";
import { ReadyQueue } from "./ready-queue.ts";
import type { Ranked } from "./ready-queue.ts";

/** A ready task as admission sees it. */
export interface Candidate extends Ranked {
  readonly demand: Demand;
}

/** The ready tasks that take the same from the same pools. Where the first does not fit, none of them does. */
interface Lane<T extends Candidate> {
  readonly demand: Demand;
  readonly queue: ReadyQueue<T>;
}

/**
 * Decides which ready task starts next, under the limit of tasks at once and the pools.
 *
 * The policy: lanes are looked at in the order of their first task. A task that fits starts. One that does not fit
 * **reserves** its shares: whoever comes after it may only use what is left besides them. So a wide task is overtaken in its
 * pools by tasks of a higher rank only, and gets its turn as soon as what ran before it has ended, while a lower-ranked task
 * that does not touch its pools runs on. The limit of tasks at once is never reserved: what frees a pool frees a place too.
 *
 * Within one demand only the first task reserves: the rest could not start before it, and reserving for all of them would
 * leave pools idle.
 */
export class Admission<T extends Candidate> {
  readonly #limit: number;
  readonly #pools: Pools;
  readonly #lanes = new Map<string, Lane<T>>();
  #admitted = 0;

  /** Throws RangeError for a limit below 1, under which nothing could ever run. */
  constructor(limit: number, pools: Pools) {
    if (!(limit >= 1)) throw new RangeError(`The limit of tasks at once is ${limit}; it must be at least 1.`);
    this.#limit = limit;
    this.#pools = pools;
  }

  /** A task has become ready. */
  add(candidate: T): void {
    const { demand } = candidate;
    let lane = this.#lanes.get(demand.key);
    if (lane === undefined) {
      lane = { demand, queue: new ReadyQueue() };
      this.#lanes.set(demand.key, lane);
    }
    lane.queue.add(candidate);
  }

  /** Admits the next task that may start now, and takes its place and shares; undefined when none may. */
  admit(): T | undefined {
    if (this.#admitted >= this.#limit) return undefined;
    const lane = this.#choose();
    const candidate = lane?.queue.take();
    if (candidate === undefined) return undefined;
    this.#admitted += 1;
    this.#pools.take(candidate.demand);
    return candidate;
  }

  /** An admitted task has ended. */
  release(candidate: T): void {
    this.#admitted -= 1;
    this.#pools.giveBack(candidate.demand);
  }

  /** Removes every ready task, in order. */
  drain(): T[] {
    return [...this.#lanes.values()]
      .flatMap((lane) => lane.queue.drain())
      .sort((left, right) => left.rank - right.rank);
  }

  /** The lane whose first task starts next. */
  #choose(): Lane<T> | undefined {
    const lanes = [...this.#lanes.values()].filter((lane) => lane.queue.first !== undefined);
    if (lanes.length > 1) lanes.sort((left, right) => (left.queue.first?.rank ?? 0) - (right.queue.first?.rank ?? 0));
    const unreserved = this.#pools.unreserved();
    for (const lane of lanes) {
      const { shares } = lane.demand;
      if (shares.every(({ pool, weight }) => (unreserved[pool] ?? 0) >= weight)) return lane;
      for (const { pool, weight } of shares) unreserved[pool] = (unreserved[pool] ?? 0) - weight;
    }
    return undefined;
  }
}
