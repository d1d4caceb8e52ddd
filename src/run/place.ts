import type { Admission, Candidate } from "./admission.ts";

/**
 * The place that a running task has under the limit of tasks at once, with its shares of the pools. A task that only waits for others
 * gives it back, so that nothing that could run waits for it, and asks for it again in the order of all ready tasks.
 *
 *     held ── giveBack ──► given back ── regain ──► asked for ── admitted ──► held
 */
export class Place<T extends Candidate> {
  readonly #candidate: T;
  readonly #admission: Admission<T>;
  #state: "held" | "given-back" | "asked-for" = "held";
  #admitted: (() => void) | undefined;

  /** Of a candidate that was just admitted. */
  constructor(candidate: T, admission: Admission<T>) {
    this.#candidate = candidate;
    this.#admission = admission;
  }

  /** Lets others have it; nothing when it is given back already. */
  giveBack(): void {
    if (this.#state !== "held") return;
    this.#state = "given-back";
    this.#admission.release(this.#candidate);
  }

  /** Resolves at once when it is held, and otherwise when it is the task's turn, or when the wait is called off. */
  async regain(): Promise<void> {
    if (this.#state === "held") return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#state = "asked-for";
    this.#admitted = resolve;
    this.#admission.add(this.#candidate);
    await promise;
  }

  /** The admission has admitted the candidate again. */
  admit(): void {
    this.#state = "held";
    this.#settle();
  }

  /** The candidate was taken out of the admission: it will not get its turn. */
  callOff(): void {
    this.#state = "given-back";
    this.#settle();
  }

  #settle(): void {
    const admitted = this.#admitted;
    this.#admitted = undefined;
    admitted?.();
  }
}
