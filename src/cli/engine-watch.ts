import { engineDiskFree } from "../docker/disk-usage.ts";
import { followEngine } from "../docker/engine-following.ts";
import type { FollowedEvent } from "../docker/engine-following.ts";
import type { Engine } from "../docker/engine.ts";
import { observeEngine } from "../docker/images.ts";
import type { EngineObservation } from "../model/observation.ts";
import { ownedBy } from "../monitor/ownership.ts";
import { describeUsage } from "../monitor/usage.ts";
import type { Usage } from "../monitor/usage.ts";
import { EngineWatch, observedState } from "../monitor/watch.ts";
import type { Change, TimedChange } from "../monitor/watch.ts";
import { renderChangeLine, renderWatchFrame } from "../monitor/watch-text.ts";
import { formatByteSize } from "../model/byte-size.ts";
import { createPalette } from "../report/palette.ts";
import type { Options } from "./command-declaration.ts";
import type { EngineRoom } from "./engine-room.ts";
import { signalExitCode } from "./exit-code.ts";
import { wantsColor } from "./surroundings.ts";
import type { Surroundings } from "./surroundings.ts";
import { tellTrouble } from "./trouble.ts";
import type { UsageProject } from "./usage-facts.ts";

/** The disk is looked at by one system call; the cache costs the engine tens of milliseconds, and builds announce nothing. */
const DISK_EVERY_MS = 1_000;
const CACHE_EVERY_MS = 15_000;
/** Announcements come in bursts: what they changed is observed once, so long after the last. */
const SETTLE_MS = 300;
/** Changes that the live view can look back on. */
const KEPT_CHANGES = 200;

/**
 * Shows what happens on the engine until a signal ends it: a view that is redrawn on a terminal, lines with their time in a pipe,
 * with `--json` one object a line. Goes on after a restart of the engine. Exit code 128 + n, as a shell has it for Ctrl-C.
 */
export async function watchEngine(
  project: UsageProject,
  engines: EngineRoom,
  options: Options,
  surroundings: Surroundings,
): Promise<number> {
  const opened = await engines.open();
  if (!opened.ok) {
    return tellTrouble({ trouble: "failure", failure: opened.failure }, surroundings, options.flag("json"));
  }
  const session = new WatchSession(project, opened.value, surroundings.signal);
  const { stdout, env, signal } = surroundings;
  const live = stdout.isTerminal && env["TERM"] !== "dumb" && !options.flag("json");
  const view = live ? await openView(session, surroundings) : undefined;
  if (!live) {
    session.onStart = (line) => (options.flag("json") ? undefined : stdout.write(`${line}\n`));
    session.onChange = (change) =>
      stdout.write(`${options.flag("json") ? JSON.stringify(change) : renderChangeLine(change)}\n`);
  }
  try {
    await session.run();
  } finally {
    view?.close();
  }
  if (live) for (const change of session.changes.slice(-20)) stdout.write(`${renderChangeLine(change)}\n`);
  return signalExitCode(String(signal.reason));
}

async function openView(
  session: WatchSession,
  { stdout, stderr, env }: Surroundings,
): Promise<{ readonly close: () => void }> {
  const { openLiveScreen } = await import("../report/live.ts");
  const palette = createPalette(wantsColor(stdout, env));
  const terminal = stdout.terminal();
  return openLiveScreen({ stdout: terminal, stderr: stderr.terminal() }, (spinner) =>
    renderWatchFrame(session.view(), {
      columns: terminal.columns ?? 80,
      rows: terminal.rows ?? 24,
      spinner,
      palette,
    }),
  );
}

/** One watch over an engine: what is known, and what changed. */
class WatchSession {
  readonly changes: TimedChange[] = [];
  onChange: (change: TimedChange) => void = () => undefined;
  onStart: (line: string) => void = () => undefined;
  readonly #project: UsageProject;
  readonly #engine: Engine;
  readonly #signal: AbortSignal;
  readonly #watch: EngineWatch;
  #observation: EngineObservation | undefined;
  #usage: Usage | undefined;
  #connected = false;
  #lostAtMs: number | undefined;
  #settling: NodeJS.Timeout | undefined;
  #looking = false;

  constructor(project: UsageProject, engine: Engine, signal: AbortSignal) {
    this.#project = project;
    this.#engine = engine;
    this.#signal = signal;
    this.#watch = new EngineWatch(project.buildConfig);
  }

  /** Ends when the signal aborts. */
  async run(): Promise<void> {
    const timers = [
      setInterval(() => void this.#lookAtDisk(), DISK_EVERY_MS),
      setInterval(() => void this.#lookAtCache(), CACHE_EVERY_MS),
    ];
    try {
      const filters = { type: ["image", "container", "builder"] };
      for await (const event of followEngine(this.#engine, { signal: this.#signal, filters })) await this.#take(event);
    } finally {
      for (const timer of timers) clearInterval(timer);
      clearTimeout(this.#settling);
    }
  }

  view() {
    const own = this.#observation?.containers.filter(({ labels }) => ownedBy(this.#project.buildConfig, labels)) ?? [];
    return {
      usage: this.#usage,
      containers: own.map((container) => ({ name: container.name, state: observedState(container) })),
      changes: this.changes,
      endpoint: this.#engine.endpoint.url,
      connected: this.#connected,
    };
  }

  async #take(event: FollowedEvent): Promise<void> {
    switch (event.type) {
      case "connected": {
        const lostAtMs = this.#lostAtMs;
        this.#connected = true;
        this.#lostAtMs = undefined;
        if (lostAtMs !== undefined) this.#tell({ change: "engine-back", afterMs: Date.now() - lostAtMs });
        await this.#observe();
        return;
      }
      case "connection-lost":
        this.#connected = false;
        this.#lostAtMs = Date.now();
        this.#tell({ change: "engine-lost", error: event.error });
        return;
      case "announced": {
        const change = this.#watch.announce(event.event);
        if (change === undefined) return;
        this.#tell(change, event.event.atMs);
        clearTimeout(this.#settling);
        this.#settling = setTimeout(() => void this.#observe(), SETTLE_MS);
      }
    }
  }

  /** Everything anew; an engine that does not answer has told so by then, or will. */
  async #observe(): Promise<void> {
    const observed = await observeEngine(this.#engine, { nowMs: Date.now(), signal: this.#signal });
    if (!observed.ok) return;
    const isFirst = this.#observation === undefined;
    this.#keep(observed.value);
    for (const change of this.#watch.observe(observed.value, isFirst)) this.#tell(change);
    if (isFirst) this.onStart(this.#describeStart());
  }

  #keep(observation: EngineObservation): void {
    this.#observation = observation;
    this.#usage = describeUsage(observation, this.#project.buildConfig);
  }

  async #lookAtDisk(): Promise<void> {
    if (!this.#connected || this.#observation === undefined || this.#looking) return;
    this.#looking = true;
    const disk = await engineDiskFree(this.#engine, { signal: this.#signal });
    this.#looking = false;
    if (!disk.ok || disk.value === undefined) return;
    this.#keep({ ...this.#observation, disk: disk.value });
    const minFreeBytes = this.#usage?.disk?.minFreeBytes;
    for (const change of this.#watch.observeBudgets({ disk: disk.value }, minFreeBytes)) this.#tell(change);
  }

  async #lookAtCache(): Promise<void> {
    if (!this.#connected || this.#observation === undefined) return;
    const cache = await this.#engine.listCacheRecords({ signal: this.#signal });
    if (!cache.ok) return;
    this.#keep({ ...this.#observation, cache: cache.value });
    for (const change of this.#watch.observeBudgets({ cache: cache.value })) this.#tell(change);
  }

  #tell(change: Change, atMs = Date.now()): void {
    const timed = { atMs, ...change };
    this.changes.push(timed);
    if (this.changes.length > KEPT_CHANGES) this.changes.shift();
    this.onChange(timed);
  }

  #describeStart(): string {
    const { usage } = this.view();
    const disk = usage?.disk === undefined ? "" : `, disk ${formatByteSize(usage.disk.freeBytes)} free`;
    const images = usage?.images.own ?? 0;
    const cache = `${formatByteSize(usage?.cache.privateBytes ?? 0)} of ${formatByteSize(usage?.cache.budgetBytes ?? 0)}`;
    const time = `${new Date().toISOString().slice(0, 19)}Z`;
    return `${time} watching   ${this.#project.buildConfig.project} on ${this.#engine.endpoint.url}: images ${images}, cache ${cache}${disk}`;
  }
}
