import type { Clock } from "../../src/run/clock.ts";

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/**
 * Lets every promise that can settle settle. Not a wait for time: an immediate runs when the queue of microtasks is empty, and
 * the scheduler uses nothing else.
 */
export async function quiet(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}

/** A clock that stands still until the test moves it. */
export class ControlledClock implements Clock {
  #nowMs = 1_000_000;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that nobody has cancelled and that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves the time, and fires what becomes due in the order in which it does, letting all else follow each time. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const timer = this.#next();
      if (timer === undefined || timer.dueMs > untilMs) break;
      this.#nowMs = timer.dueMs;
      this.#timers.delete(timer);
      timer.callback();
      await quiet();
    }
    this.#nowMs = untilMs;
    await quiet();
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    return next;
  }
}
