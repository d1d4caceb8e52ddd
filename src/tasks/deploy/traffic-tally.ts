import type { TaskFact } from "../../model/event.ts";
import type { Colour, Router, TrafficCount } from "../../model/router.ts";

/** What a router counted between two readings. */
export type SeenTraffic = Pick<TrafficCount, "requests" | "failed" | "retried">;

/** Counts what users saw during a deploy: the router's counters of all colours, read before and after. */
export class TrafficTally {
  readonly #router: Router;
  readonly #colours: readonly Colour[];
  #before: ReadonlyMap<Colour, TrafficCount> | undefined;
  #cutoverMs: number | undefined;

  constructor(router: Router, colours: readonly Colour[]) {
    this.#router = router;
    this.#colours = colours;
  }

  /** Reads the counters from which is counted. Without an answer nothing is counted: a deploy does not fail for it. */
  async begin(signal: AbortSignal): Promise<void> {
    this.#before = await this.#read(signal);
  }

  /** Forgets what a colour has served so far: before it has users these are our own requests. */
  async forget(colour: Colour, signal: AbortSignal): Promise<void> {
    const count = await this.#router.count(colour, signal);
    if (count.ok && this.#before !== undefined) this.#before = new Map([...this.#before, [colour, count.value]]);
  }

  /** Notes how long the call took that moved the traffic. */
  noteCutover(durationMs: number): void {
    this.#cutoverMs = durationMs;
  }

  /** What was seen since {@link begin}; nothing when the router did not tell. */
  async facts(live: Colour, signal: AbortSignal): Promise<readonly TaskFact[]> {
    const after = await this.#read(signal);
    if (this.#before === undefined || after === undefined) return [];
    const seen = { requests: 0, failed: 0, retried: 0 };
    for (const [colour, now] of after) {
      const then = this.#before.get(colour);
      const since = then === undefined ? now : countSince(then, now);
      seen.requests += since.requests;
      seen.failed += since.failed;
      seen.retried += since.retried;
    }
    const cutover = this.#cutoverMs === undefined ? {} : { cutoverMs: this.#cutoverMs };
    return [{ fact: "traffic-served", live, ...seen, ...cutover }];
  }

  async #read(signal: AbortSignal): Promise<ReadonlyMap<Colour, TrafficCount> | undefined> {
    const counts = new Map<Colour, TrafficCount>();
    for (const colour of this.#colours) {
      const count = await this.#router.count(colour, signal);
      if (!count.ok) return undefined;
      counts.set(colour, count.value);
    }
    return counts;
  }
}

/** What came since an earlier reading; a smaller one means that the router has restarted and counts from 0 again. */
export function countSince(before: TrafficCount, now: TrafficCount): SeenTraffic {
  if (now.requests < before.requests) return now;
  return {
    requests: now.requests - before.requests,
    failed: Math.max(0, now.failed - before.failed),
    retried: Math.max(0, now.retried - before.retried),
  };
}
