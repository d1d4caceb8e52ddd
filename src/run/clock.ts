/** The scheduler's only source of time, so that a test can hold it still. */
export interface Clock {
  /** Milliseconds since 1970, whole, and never going back while the process lives. */
  now(): number;
  /** Calls `callback` once, `delayMs` from now, unless the returned function is called first. */
  schedule(delayMs: number, callback: () => void): () => void;
}

/** What `setTimeout` can wait for; a longer delay would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Math.round(performance.timeOrigin + performance.now()),
  schedule(delayMs, callback) {
    let timer: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      timer =
        leftMs > MAX_TIMER_MS
          ? setTimeout(() => wait(leftMs - MAX_TIMER_MS), MAX_TIMER_MS)
          : setTimeout(callback, leftMs);
    };
    wait(delayMs);
    return () => clearTimeout(timer);
  },
};
