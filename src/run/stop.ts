/** Why a run ends before its time: Ctrl-C, a failure under `--fail-fast`, or a bug in what the scheduler was given. */
export type StopCause = "signal" | "fail-fast" | "bug";

/**
 * The reason of an aborted attempt's signal. A performer may let it pass through (as `fetch` and the timers of Node do): an
 * attempt that rejects with the reason of its own signal, or with an error caused by it, was stopped and has no bug.
 */
export class AttemptStopped extends Error {
  override readonly name = "AttemptStopped";
  readonly because: StopCause | "timed-out";

  constructor(because: StopCause | "timed-out") {
    super(`The attempt was stopped: ${because}`);
    this.because = because;
  }
}

/** Whether `error` says no more than that `signal` was aborted. */
export function echoesAbort(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  return error === signal.reason || (error instanceof Error && error.cause === signal.reason);
}
