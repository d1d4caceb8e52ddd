import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import path from "node:path";
import { STOP } from "./load-message.ts";
import type { LoadMessage, LoadOrder } from "./load-message.ts";
import { FULL_RATES, LEAST_TOTAL_RATE, PAGE_RATES, scaleRates, totalRate } from "./load-rates.ts";
import type { LoadRates } from "./load-rates.ts";
import { summarizeLoad } from "./load-report.ts";
import type { LoadReport } from "./load-report.ts";
import type { AnyPage } from "./load-target.ts";
import type { Observation, WebsocketEvent } from "./observation.ts";

const PROGRAM = path.join(import.meta.dirname, "load-process.ts");
const NODE = path.join(import.meta.dirname, "../../../node_modules/node/bin/node");

/** Over four seconds of all streams, and a fifth of what the narrowest way to the router bears. */
const MOST_UNDER_WAY = 2_000;

/** What load to send where. */
export interface LoadOptions {
  /** `http://address:port`. */
  readonly url: string;
  /**
   * Default: all streams, or only pages with {@link page}; scaled by the environment variable ORCHESTRATE_LOAD_SCALE, for slow
   * machines, but never below 300 requests a second in total.
   */
  readonly rates?: LoadRates;
  /** Set for a project other than test/rig/load/app. */
  readonly page?: AnyPage;
  /** Default 10,000. */
  readonly timeoutMs?: number;
  /**
   * Requests that are under way at once; one that is due beyond it is not sent and has failed, with a reason of its own. Default
   * 2,000: a service that stalls must not take more connections than the ways to it have (docker-proxy ends for good at its limit
   * of open files), or what is measured afterwards is the damage that the measurement did.
   */
  readonly mostUnderWay?: number;
  /** How many stay open. Default 10, and 0 with {@link page}. */
  readonly websockets?: number;
}

/** What was observed up to now; requests under way are not in it. */
export interface LoadSoFar {
  readonly requests: number;
  readonly failed: number;
  /** Complete answers by the colour that gave them. */
  readonly colours: Readonly<Record<string, number>>;
}

/** A load that is being sent. */
export interface Load extends AsyncDisposable {
  /** Resolves once what was seen satisfies; rejects when it does not in time (default 30 s), or when the load has ended. */
  until(satisfies: (seen: LoadSoFar) => boolean, withinMs?: number): Promise<void>;
  /** Sends no more, waits for the answers that are due, and says what was seen. */
  stop(): Promise<LoadReport>;
}

/**
 * Sends requests at fixed rates from a process of its own until it is stopped. Nothing is sent twice: a connection that breaks
 * at the wrong moment is a failure, as it is for most programs. Resolves when the first requests are on their way.
 */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const { url, page, timeoutMs = 10_000 } = options;
  const rates = options.rates ?? scaleRates(usualRates(page), wantedScale());
  if (totalRate(rates) < LEAST_TOTAL_RATE - 0.001) {
    throw new Error(`${totalRate(rates)} requests/s show nothing: at least ${LEAST_TOTAL_RATE} are needed`);
  }
  const order: LoadOrder = {
    target: { url, timeoutMs, ...(page === undefined ? {} : { page }) },
    rates,
    websockets: options.websockets ?? (page === undefined ? 10 : 0),
    mostUnderWay: options.mostUnderWay ?? MOST_UNDER_WAY,
  };
  const child = fork(PROGRAM, [JSON.stringify(order)], { execPath: NODE, execArgv: [], stdio: "inherit" });
  const load = new RunningLoad(child);
  await load.started;
  return load;
}

function usualRates(page: AnyPage | undefined): LoadRates {
  if (page === undefined) return FULL_RATES;
  return page.slow === undefined ? PAGE_RATES : { ...PAGE_RATES, slow: FULL_RATES.slow };
}

function wantedScale(): number {
  const scale = Number(process.env["ORCHESTRATE_LOAD_SCALE"] ?? "1");
  if (!(scale > 0)) throw new Error("ORCHESTRATE_LOAD_SCALE must be a positive number");
  return scale;
}

class RunningLoad implements Load {
  readonly started: Promise<void>;
  readonly #child: ChildProcess;
  readonly #observations: Observation[] = [];
  readonly #events: WebsocketEvent[] = [];
  readonly #seen: { requests: number; failed: number; readonly colours: Record<string, number> } = {
    requests: 0,
    failed: 0,
    colours: {},
  };
  readonly #waiting = new Set<() => void>();
  readonly #exited: Promise<void>;
  #state: "running" | "ended" | "broken" = "running";

  constructor(child: ChildProcess) {
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.started = promise;
    child.on("message", (message: LoadMessage) => {
      if (message.message === "started") resolve();
      else if (message.message === "ended") this.#state = "ended";
      else this.#record(message.observations, message.events);
    });
    this.#exited = new Promise((exited) => {
      child.once("exit", (code, signal) => {
        if (this.#state === "running") this.#state = "broken";
        reject(new Error(`the load process ended with ${code ?? signal}`));
        for (const check of this.#waiting) check();
        exited();
      });
    });
  }

  #record(observations: readonly Observation[], events: readonly WebsocketEvent[]): void {
    this.#events.push(...events);
    this.#observations.push(...observations);
    const { colours } = this.#seen;
    for (const { failure, colour } of observations) {
      this.#seen.requests += 1;
      if (failure !== undefined) this.#seen.failed += 1;
      else if (colour !== undefined) colours[colour] = (colours[colour] ?? 0) + 1;
    }
    for (const check of this.#waiting) check();
  }

  async until(satisfies: (seen: LoadSoFar) => boolean, withinMs = 30_000): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = (because: string): void => reject(new Error(`${because}; seen: ${JSON.stringify(this.#seen)}`));
    const check = (): void => {
      if (satisfies(this.#seen)) resolve();
      else if (this.#state !== "running") giveUp("the load has ended before");
    };
    const timer = setTimeout(() => giveUp(`not seen in ${withinMs} ms`), withinMs);
    this.#waiting.add(check);
    try {
      check();
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(check);
    }
  }

  async stop(): Promise<LoadReport> {
    if (this.#state === "running") this.#child.send(STOP);
    await this.#exited;
    if (this.#state === "broken") throw new Error("the load process died");
    return summarizeLoad(this.#observations, this.#events);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}
