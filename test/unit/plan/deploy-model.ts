import type { ReleaseRecord } from "../../../src/model/journal.ts";
import { DEPLOY_PHASES } from "../../../src/model/release.ts";
import type { DeployEnd, DeployPhase, Release, Transition, TransitionRecord } from "../../../src/model/release.ts";
import type { Traffic } from "../../../src/model/router.ts";
import type { ColourState, DeployWorld, NextAction } from "../../../src/plan/deploy-recovery.ts";

/** States of a colour's containers. */
export const STATES = ["ready", "starting", "failed", "stopped", "absent"] as const;

type State = ColourState["state"];

/** What a world begins with. */
export interface WorldSetup {
  readonly first: boolean;
  readonly memory: Traffic;
  readonly file: Traffic;
  readonly blue: State;
  readonly green: State;
  /** Whether the containers of a colour become ready when they are started. */
  readonly healthy: { readonly blue: boolean; readonly green: boolean };
  /** Whether the new release passes its smoke tests and keeps to its limits. */
  readonly good: boolean;
  readonly records: readonly TransitionRecord[];
}

/** The new colour is always green; it replaces blue, unless it is the first. */
const NEW = "green";
const OLD = "blue";
type Place = typeof NEW | typeof OLD;

/**
 * A small world: a router with memory and file, two colours, the journal of one deploy, and the machine that the plan is for. The
 * machine is a generator that stops at every point where it could be killed. It breaks when a colour that gets traffic is stopped.
 */
export class DeployModel {
  memory: Traffic;
  file: Traffic;
  readonly states: Record<Place, State>;
  readonly #setup: WorldSetup;
  readonly #transitions: Transition[] = [];
  #end: DeployEnd | undefined;

  constructor(setup: WorldSetup) {
    this.#setup = setup;
    this.memory = setup.memory;
    this.file = setup.file;
    this.states = { blue: setup.blue, green: setup.green };
    for (const record of setup.records) this.#record(record);
  }

  get release(): Release {
    return {
      deployId: "d",
      runId: "r",
      project: "shop",
      colour: NEW,
      ...(this.#setup.first ? {} : { replaces: OLD }),
      images: {},
      fingerprint: "f",
      startedAtMs: 0,
      unverified: [],
    };
  }

  get ended(): DeployEnd | undefined {
    return this.#end;
  }

  /** What the plan is made from. */
  world(asked?: "continue" | "abort"): DeployWorld {
    const open: ReleaseRecord = { release: this.release, transitions: this.#transitions, state: "open" };
    return {
      ...(this.#end === undefined ? { open } : {}),
      view: { traffic: this.memory, persisted: this.file, backends: [] },
      colours: [
        { colour: OLD, state: this.states.blue },
        { colour: NEW, state: this.states.green },
      ],
      known: [OLD, NEW],
      ...(asked === undefined ? {} : { asked }),
    };
  }

  /** Users get an answer: traffic goes to exactly one colour, which is ready. */
  answers(): boolean {
    if (this.memory.to !== "colour") return false;
    return this.states[this.memory.colour === NEW ? NEW : OLD] === "ready";
  }

  restartRouter(): void {
    this.memory = this.file;
  }

  /** Does what the plan says; each `yield` is a point where it may be killed. */
  *apply(next: NextAction): Generator<string, void> {
    switch (next.action) {
      case "continue":
        return yield* this.#roll(next.from);
      case "abort":
      case "roll-back":
        return yield* this.#goBack(next.action, next.because);
      case "close":
        return this.#record({ mark: "end", end: "aborted" });
      default:
    }
  }

  *#roll(from: DeployPhase): Generator<string, void> {
    for (const phase of DEPLOY_PHASES.slice(DEPLOY_PHASES.indexOf(from))) {
      this.#record({ mark: "intent", phase });
      yield `intent ${phase}`;
      if (!(yield* this.#phase(phase))) {
        const directed = this.#transitions.some(({ record }) => record.mark === "intent" && record.phase === "cutover");
        return yield* this.#goBack(directed ? "roll-back" : "abort", `${phase} failed`);
      }
      yield `did ${phase}`;
      this.#record({ mark: "fact", phase });
      yield `fact ${phase}`;
    }
    this.#record({ mark: "end", end: "done" });
  }

  *#phase(phase: DeployPhase): Generator<string, boolean> {
    switch (phase) {
      case "prepare":
        return true;
      case "start":
        if (this.states.green === "ready") return true;
        this.states.green = "starting";
        yield "up";
        this.#settle(NEW);
        return true;
      case "gate":
        return this.#gate(NEW);
      case "smoke":
        return this.#setup.good;
      case "cutover":
        if (!this.#gate(NEW)) return false;
        yield* this.#direct({ to: "colour", colour: NEW, standby: true });
        return true;
      case "observe":
        return this.#setup.good && this.states.green === "ready";
      case "drain":
        yield* this.#direct({ to: "colour", colour: NEW, standby: false });
        return true;
      case "retire":
        if (!this.#setup.first) this.#stop(OLD);
        return true;
    }
  }

  *#goBack(to: "abort" | "roll-back", because: string): Generator<string, void> {
    this.#record({ mark: "turn", to, because });
    yield `turn ${to}`;
    if (to === "roll-back") {
      if (this.#setup.first) yield* this.#direct({ to: "nowhere" });
      else {
        if (this.states.blue === "absent") return;
        if (this.states.blue !== "ready") this.states.blue = "starting";
        yield "revive";
        // It stays open: the next command tries again.
        if (!this.#gate(OLD)) return;
        yield* this.#direct({ to: "colour", colour: OLD, standby: false });
      }
    }
    this.#stop(NEW);
    yield "stopped";
    this.#record({ mark: "end", end: to === "abort" ? "aborted" : "rolled-back" });
  }

  /** First the file, then memory: a kill in between leaves them different. */
  *#direct(traffic: Traffic): Generator<string, void> {
    this.file = traffic;
    yield "file written";
    this.memory = traffic;
    yield "memory set";
  }

  #gate(colour: Place): boolean {
    if (this.states[colour] === "starting") this.#settle(colour);
    return this.states[colour] === "ready";
  }

  #settle(colour: Place): void {
    this.states[colour] = this.#setup.healthy[colour] ? "ready" : "failed";
  }

  #stop(colour: Place): void {
    if (receives(this.memory, colour)) throw new Error(`${colour} gets traffic and was stopped`);
    if (receives(this.file, colour)) throw new Error(`${colour} would get traffic after a restart and was stopped`);
    if (this.states[colour] !== "absent") this.states[colour] = "stopped";
  }

  #record(record: TransitionRecord): void {
    if (this.#end !== undefined) throw new Error("the deploy has ended");
    this.#transitions.push({ deployId: "d", sequence: this.#transitions.length + 1, atMs: 0, record });
    if (record.mark === "end") this.#end = record.end;
  }
}

/** Whether users get to a colour. */
export function receives(traffic: Traffic, colour: string): boolean {
  if (traffic.to === "nowhere") return false;
  return traffic.colour === colour || (traffic.to === "canary" && traffic.rest === colour);
}

/** Everything that a deploy that went well records, in order. */
export const GOOD_RECORDS: readonly TransitionRecord[] = DEPLOY_PHASES.flatMap((phase) => [
  { mark: "intent", phase } as const,
  { mark: "fact", phase } as const,
]);

/** Every way in which a deploy may have been interrupted: each prefix, also with a turn, also with phases repeated after it. */
export function* interruptions(): Generator<readonly TransitionRecord[]> {
  for (let length = 0; length <= GOOD_RECORDS.length; length += 1) {
    const prefix = GOOD_RECORDS.slice(0, length);
    yield prefix;
    yield [...prefix, { mark: "turn", to: "abort", because: "t" }];
    yield [...prefix, { mark: "turn", to: "roll-back", because: "t" }];
    yield [...prefix, { mark: "intent", phase: "start" }];
    yield [...prefix, { mark: "intent", phase: "gate" }];
    yield [...prefix, { mark: "intent", phase: "cutover" }];
  }
}
