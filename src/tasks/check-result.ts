import type { TaskFact } from "../model/event.ts";
import type { Failure } from "../model/failure.ts";

/** What one check of a verify task found; it passed when there is no failure. */
export interface CheckResult {
  readonly failure?: Failure;
  readonly facts: readonly TaskFact[];
}
