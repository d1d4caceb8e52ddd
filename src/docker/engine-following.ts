import { setTimeout as delay } from "node:timers/promises";
import type { EngineEvent } from "./engine-answers.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { describeFailure } from "./engine-query.ts";

/** Something the engine announced. */
export type EngineAnnouncement = Extract<EngineEvent, { readonly action: string }>;

/** What a follower of an engine sees. */
export type FollowedEvent =
  /** The engine answers: at first, and each time after it was lost. What happened in between has to be observed. */
  | { readonly type: "connected"; readonly again: boolean }
  | { readonly type: "announced"; readonly event: EngineAnnouncement }
  /** Once for each loss; attempts to reconnect follow until one succeeds or the signal aborts. */
  | { readonly type: "connection-lost"; readonly error: string };

/** Waits between attempts to reconnect. */
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 2_000;

/**
 * What happens on an engine, across restarts of it, until the signal aborts. `connected` comes before the announcements that
 * follow it, so whoever observes the engine at `connected` misses nothing: an announcement may then tell once more what was
 * observed. An engine that merely lost the connection repeats what it announced meanwhile; one that was restarted has forgotten it.
 */
export async function* followEngine(
  engine: Engine,
  options: EngineOptions & {
    readonly signal: AbortSignal;
    readonly filters?: Readonly<Record<string, readonly string[]>>;
  },
): AsyncGenerator<FollowedEvent> {
  const { signal, filters = {} } = options;
  const seen = new SeenAnnouncements();
  let connectedBefore = false;
  let lost = false;
  let waitMs = FIRST_WAIT_MS;
  while (!signal.aborted) {
    const version = await engine.version({ signal });
    let error = version.ok ? "" : describeFailure(version.failure);
    if (version.ok) {
      const events = engine.events({ signal, filters, ...seen.since() });
      // Asked for before anybody observes: what happens during an observation is announced after it.
      let next = events.next();
      yield { type: "connected", again: connectedBefore };
      connectedBefore = true;
      lost = false;
      waitMs = FIRST_WAIT_MS;
      for (let result = await next; result.done !== true; result = await next) {
        next = events.next();
        const event = result.value;
        if (!("action" in event)) error = event.error;
        else if (seen.isNew(event)) yield { type: "announced", event };
      }
    }
    if (signal.aborted) return;
    if (!lost) yield { type: "connection-lost", error };
    lost = true;
    // Rejects when the signal aborts, which the loop sees.
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
    waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
  }
}

/** Where to go on after a lost connection: the engine repeats what it announced in the last moment that was seen. */
class SeenAnnouncements {
  /** By the clock of the engine: that of this machine may differ. */
  #lastMs = 0;
  readonly #last = new Set<string>();

  since(): { readonly sinceMs?: number } {
    return this.#lastMs === 0 ? {} : { sinceMs: this.#lastMs };
  }

  isNew({ type, action, actorId, attributes, atMs }: EngineAnnouncement): boolean {
    const key = `${type} ${action} ${actorId} ${attributes["name"] ?? ""}`;
    if (atMs < this.#lastMs || (atMs === this.#lastMs && this.#last.has(key))) return false;
    if (atMs > this.#lastMs) this.#last.clear();
    this.#lastMs = atMs;
    this.#last.add(key);
    return true;
  }
}
