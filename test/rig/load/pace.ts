/** How often the schedule is looked at. */
const TICK_MS = 2;

/** Something that happens at a fixed rate, whatever becomes of it. */
export interface Paced {
  readonly perSecond: number;
  /** Called with 0, 1, 2, …, and the moment of `performance.now()` at which it should have been. */
  readonly happen: (number: number, dueMs: number) => void;
}

/**
 * Makes each happen at its own rate: the moments are fixed from the start. A process that lags behind makes up for all that it
 * missed, at once, and each is told when it was due: nothing is left out because an answer or the machine was slow.
 */
export function keepPace(all: readonly Paced[]): Disposable {
  const startMs = performance.now();
  const schedules = all
    .filter(({ perSecond }) => perSecond > 0)
    .map(({ perSecond, happen }, index, { length }) => {
      const everyMs = 1000 / perSecond;
      // The schedules are shifted against each other, so that they do not all fall due in the same tick.
      return { everyMs, firstMs: startMs + (everyMs * index) / length, next: 0, happen };
    });
  const timer = setInterval(() => {
    const nowMs = performance.now();
    for (const schedule of schedules) {
      for (;;) {
        const dueMs = schedule.firstMs + schedule.next * schedule.everyMs;
        if (dueMs > nowMs) break;
        schedule.next += 1;
        schedule.happen(schedule.next - 1, dueMs);
      }
    }
  }, TICK_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
