import { setTimeout as delay } from "node:timers/promises";
import { publishedHost } from "../endpoint.ts";
import { ALIVE_PATH } from "./haproxy-config.ts";
import type { RouterSite } from "./router-container.ts";

/** Between two requests to the entrance. */
const BEAT_MS = 20;
/** A request that takes longer counts as unanswered. */
const PATIENCE_MS = 1_000;
/** How long the entrance may still be silent once the watch is told to end. */
const LAST_WORD_MS = 5_000;

/** Requests the entrance again and again, to know how long nobody answers while the router is replaced. */
export class EntranceWatch {
  readonly #url: string | undefined;
  readonly #watching: Promise<void>;
  #ending = false;
  #silentSinceMs: number | undefined;
  #longestMs = 0;
  #answered = false;

  /** Begins at once. */
  constructor({ engine, config }: RouterSite) {
    const host = publishedHost(engine.endpoint);
    this.#url = host === undefined ? undefined : `http://${host}:${config.port}${ALIVE_PATH}`;
    this.#watching = this.#watch();
  }

  /** Waits until the entrance answers and gives the longest time it did not; undefined where it cannot be reached from here. */
  async end(): Promise<number | undefined> {
    this.#ending = true;
    await this.#watching;
    // Behind a tunnel the entrance is at another address than it seems.
    return this.#answered ? Math.max(this.#longestMs, this.#silenceUntil(performance.now())) : undefined;
  }

  async #watch(): Promise<void> {
    let lastMs = Number.POSITIVE_INFINITY;
    for (;;) {
      if (this.#url === undefined) return;
      const sentMs = performance.now();
      const answered = await answers(this.#url);
      this.#answered ||= answered;
      if (answered) this.#longestMs = Math.max(this.#longestMs, this.#silenceUntil(performance.now()));
      this.#silentSinceMs = answered ? undefined : (this.#silentSinceMs ?? sentMs);
      if (!this.#ending) lastMs = performance.now() + LAST_WORD_MS;
      if (this.#ending && (answered || performance.now() > lastMs)) return;
      await delay(BEAT_MS);
    }
  }

  #silenceUntil(nowMs: number): number {
    return this.#silentSinceMs === undefined ? 0 : nowMs - this.#silentSinceMs;
  }
}

/** Any answer counts: a router of an older version does not know the path and asks a service. */
async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, {
      headers: { connection: "close" },
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}
