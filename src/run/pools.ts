/** What a task takes from one pool. */
export interface Share {
  readonly pool: number;
  readonly weight: number;
}

/** The shares of one task, smallest pool first; tasks of the same demand have the same key. */
export interface Demand {
  readonly key: string;
  readonly shares: readonly Share[];
}

/** The named pools of a run and what is free of each. */
export class Pools {
  readonly #index = new Map<string, number>();
  readonly #capacity: number[] = [];
  readonly #free: number[] = [];

  /** Throws RangeError for a capacity below 1: a task that names such a pool could never run. */
  constructor(capacities: Readonly<Record<string, number>>) {
    for (const [name, capacity] of Object.entries(capacities)) {
      if (!(capacity >= 1)) throw new RangeError(`The pool ${name} holds ${capacity}; it must hold at least 1.`);
      this.#index.set(name, this.#capacity.length);
      this.#capacity.push(capacity);
      this.#free.push(capacity);
    }
  }

  /**
   * What a task takes. A weight beyond the pool's capacity counts as all of it: such a task runs alone in its pool
   * instead of never (the configuration refuses it, merged pipelines may still produce it).
   * Throws RangeError for a pool that was not declared.
   */
  demand(weights: Readonly<Record<string, number>>): Demand {
    const shares: Share[] = [];
    for (const [name, weight] of Object.entries(weights)) {
      const pool = this.#index.get(name);
      if (pool === undefined) throw new RangeError(`The pool ${name} is not declared.`);
      if (weight > 0) shares.push({ pool, weight: Math.min(weight, this.#capacity[pool] ?? weight) });
    }
    shares.sort((left, right) => left.pool - right.pool);
    return { key: shares.map(({ pool, weight }) => `${pool}:${weight}`).join(), shares };
  }

  /** A copy of what is free, to count down while candidates are looked at. */
  unreserved(): number[] {
    return [...this.#free];
  }

  take(demand: Demand): void {
    for (const { pool, weight } of demand.shares) this.#free[pool] = (this.#free[pool] ?? 0) - weight;
  }

  giveBack(demand: Demand): void {
    for (const { pool, weight } of demand.shares) this.#free[pool] = (this.#free[pool] ?? 0) + weight;
  }
}
