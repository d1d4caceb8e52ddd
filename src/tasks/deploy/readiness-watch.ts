import type { InspectedContainer } from "../../docker/engine-answers.ts";
import type { Readiness } from "../../model/pipeline.ts";
import { formatDuration } from "../../model/duration.ts";
import { judgeContainer } from "./readiness.ts";
import type { Verdict } from "./readiness.ts";

/** A container with its verdict. */
export interface JudgedContainer {
  readonly container: InspectedContainer;
  readonly verdict: Verdict;
}

/** What a look at all containers of a project says about the deploy. */
export type ProjectVerdict =
  | { readonly is: "ready" }
  | { readonly is: "waiting" }
  | { readonly is: "failed"; readonly blame: JudgedContainer };

/**
 * Follows the containers of one compose project from the moment before `compose up` until they are ready. Time is our own
 * clock, handed in with each look; it starts with the first container that the deploy changed, so that pulling
 * someone else's image does not count.
 */
export class ReadinessWatch {
  readonly #readiness: Readiness;
  readonly #before: ReadonlyMap<string, InspectedContainer>;
  readonly #runs = new Map<string, { readonly key: string; readonly sinceMs: number }>();
  #changed = false;
  #clockStartedMs: number | undefined;
  #judged: readonly JudgedContainer[] = [];

  /**
   * `before` are the project's containers before anything was started. What ran then has run for as long as the engine's
   * clock says; that one is asked only here.
   */
  constructor(readiness: Readiness, before: readonly InspectedContainer[], clock: { nowMs: number; wallMs: number }) {
    this.#readiness = readiness;
    this.#before = new Map(before.map((container) => [container.id, container]));
    for (const container of before) {
      const ranForMs = Math.max(0, clock.wallMs - container.startedAtMs);
      this.#runs.set(container.id, { key: runKey(container), sinceMs: clock.nowMs - ranForMs });
    }
  }

  /** The containers of the latest look. */
  get judged(): readonly JudgedContainer[] {
    return this.#judged;
  }

  /** Whether the deploy has created, started or restarted a container so far. */
  get changed(): boolean {
    return this.#changed;
  }

  /**
   * Judges what is there now. While compose is at work, containers from before the deploy are left out, because they
   * may be about to be replaced; and nothing is ready before compose is done.
   */
  look(containers: readonly InspectedContainer[], nowMs: number, composeIsDone: boolean): ProjectVerdict {
    const touched = containers.filter((container) => this.#isTouched(container));
    if (touched.length > 0) {
      this.#changed = true;
      this.#clockStartedMs ??= nowMs;
    }
    const relevant = composeIsDone ? containers : touched;
    this.#judged = relevant.map((container) => ({ container, verdict: this.#judge(container, nowMs) }));
    const broken = this.#judged.find(({ verdict }) => verdict.is === "failed");
    if (broken !== undefined) return { is: "failed", blame: broken };
    if (composeIsDone && this.#judged.every(({ verdict }) => verdict.is === "ready")) return { is: "ready" };
    return this.#waitingVerdict(nowMs, composeIsDone);
  }

  #waitingVerdict(nowMs: number, composeIsDone: boolean): ProjectVerdict {
    if (composeIsDone) this.#clockStartedMs ??= nowMs;
    if (this.#clockStartedMs === undefined || nowMs - this.#clockStartedMs < this.#readiness.timeoutMs) {
      return { is: "waiting" };
    }
    const blame = blameForTimeout(this.#judged);
    if (blame === undefined) return { is: "waiting" };
    const state = `still ${blame.verdict.state} after ${formatDuration(this.#readiness.timeoutMs)}`;
    return { is: "failed", blame: { container: blame.container, verdict: { is: "failed", state } } };
  }

  #isTouched(container: InspectedContainer): boolean {
    return this.#before.get(container.id)?.startedAtMs !== container.startedAtMs;
  }

  #judge(container: InspectedContainer, nowMs: number): Verdict {
    const key = runKey(container);
    const known = this.#runs.get(container.id);
    const run = known?.key === key ? known : { key, sinceMs: nowMs };
    this.#runs.set(container.id, run);
    return judgeContainer(container, {
      minReadyMs: this.#readiness.minReadyMs,
      runningForMs: nowMs - run.sinceMs,
      restarts: container.restartCount - (this.#before.get(container.id)?.restartCount ?? 0),
    });
  }
}

/** Another start of the same container has another key. */
function runKey({ startedAtMs, restartCount }: InspectedContainer): string {
  return `${startedAtMs} ${restartCount}`;
}

/** What has started and is not ready is to blame rather than what still waits for it. */
function blameForTimeout(judged: readonly JudgedContainer[]): JudgedContainer | undefined {
  const waiting = judged.filter(({ verdict }) => verdict.is === "waiting");
  return waiting.find(({ container }) => container.state !== "created") ?? waiting[0];
}
