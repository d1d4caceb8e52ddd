import type { ReleaseRecord } from "../model/journal.ts";
import { DEPLOY_PHASES } from "../model/release.ts";
import type { DeployPhase, Release } from "../model/release.ts";
import type { Colour, RouterView, Traffic } from "../model/router.ts";
import { findDrift } from "./deploy-drift.ts";
import type { DriftFinding } from "./deploy-drift.ts";

export type { DriftFinding } from "./deploy-drift.ts";

/** What the containers of a colour look like. */
export interface ColourState {
  readonly colour: Colour;
  /** `failed`: it runs in part, is unhealthy or keeps restarting; `stopped`: all of it, and it can be started as it is. */
  readonly state: "ready" | "starting" | "failed" | "stopped" | "absent";
  /** The deploy that made the containers, by their label; absent where they do not say. */
  readonly deployId?: string;
}

/** Everything that decides how an interrupted deploy goes on. */
export interface DeployWorld {
  /** The deploy without an end, by the journal. */
  readonly open?: ReleaseRecord;
  /** What the router says; absent for a project without one. */
  readonly view?: RouterView;
  readonly colours: readonly ColourState[];
  /** The colours of the router. */
  readonly known: readonly Colour[];
  /** What the user asked for, by `orchestrate deploy --continue` or `--abort`. */
  readonly asked?: "continue" | "abort";
}

/** What the next command does before anything else. */
export type NextAction =
  | { readonly action: "nothing" }
  /**
   * Repeats the phase and goes on from there. From `cutover`: gates the new colour again, then directs. When it fails, it rolls
   * back wherever a cutover was ever intended, and aborts elsewhere.
   */
  | { readonly action: "continue"; readonly from: DeployPhase; readonly because: string }
  /** Stops the new colour. It gets no traffic. */
  | { readonly action: "abort"; readonly because: string }
  /** Directs traffic to the old colour, also where memory says so already, then stops the new one. */
  | { readonly action: "roll-back"; readonly because: string }
  /** Records the end `aborted` and touches nothing: the containers belong to another deploy by now. */
  | { readonly action: "close"; readonly because: string }
  /** Only a person can decide. Nothing is touched. */
  | { readonly action: "hold"; readonly because: string };

/** The next action, and what else was found that should not be so. */
export interface Recovery {
  readonly next: NextAction;
  readonly findings: readonly DriftFinding[];
}

/**
 * What becomes of a deploy that was interrupted, from what is recorded and what is there; the table stands on
 * {@link DEPLOY_PHASES}. Two rules are above all: the colour that gets traffic is never stopped, and where nothing is certain the
 * answer is what leaves users alone.
 */
export function planRecovery(world: DeployWorld): Recovery {
  return { next: planNext(world), findings: findDrift(world) };
}

/** An interrupted deploy, seen from its two colours. */
interface Interrupted {
  readonly release: Release;
  readonly phase: DeployPhase;
  readonly traffic: Traffic;
  readonly fresh: ColourState["state"];
  /** `absent` also for the first deploy, which replaces nothing. */
  readonly old: ColourState["state"];
}

function planNext(world: DeployWorld): NextAction {
  const { open, view, asked } = world;
  if (open === undefined) return view === undefined ? { action: "nothing" } : planWithoutRecord(view.traffic, world);
  const { release } = open;
  const phase = resumePhase(open);
  if (view === undefined) return planInPlace(phase, asked);
  const found = stateOf(world, release.colour);
  const traffic = view.traffic;
  const directed = wasDirected(open) || receives(traffic, release.colour);
  const foreign = found.deployId !== undefined && found.deployId !== release.deployId;
  if (foreign && directed) {
    return { action: "close", because: `${release.colour} holds the containers of deploy ${found.deployId} now` };
  }
  const interrupted: Interrupted = {
    release,
    phase,
    traffic,
    // Before its start, the new colour still holds the release before the last: nothing of this deploy.
    fresh: foreign ? "absent" : found.state,
    old: release.replaces === undefined ? "absent" : stateOf(world, release.replaces).state,
  };
  const stranger = strangerOf(traffic, release);
  if (stranger !== undefined) return planForStranger(stranger, interrupted, world);
  const turn = turnOf(open);
  if (turn !== undefined && asked !== "continue") return planTurn(turn, interrupted);
  if (!directed) return planBeforeCutover(interrupted, asked);
  return asked === "abort" ? planWayBack("asked to abort", interrupted) : planAfterDirection(interrupted);
}

/** The phase that is repeated or begun: the one after the last fact, or the one that was intended. */
function resumePhase({ transitions }: ReleaseRecord): DeployPhase {
  const last = transitions.findLast(({ record }) => record.mark === "intent" || record.mark === "fact")?.record;
  if (last?.mark === "intent") return last.phase;
  if (last?.mark !== "fact") return "prepare";
  return DEPLOY_PHASES[DEPLOY_PHASES.indexOf(last.phase) + 1] ?? "retire";
}

/** Whether a cutover was ever begun; a phase that is repeated later does not take that back. */
function wasDirected({ transitions }: ReleaseRecord): boolean {
  return transitions.some(
    ({ record }) => (record.mark === "intent" || record.mark === "fact") && !isBefore(record.phase, "cutover"),
  );
}

function turnOf({
  transitions,
}: ReleaseRecord): { readonly to: "abort" | "roll-back"; readonly because: string } | undefined {
  const turn = transitions.findLast(({ record }) => record.mark === "turn")?.record;
  return turn?.mark === "turn" ? turn : undefined;
}

/** No deploy is open; one that nobody has recorded may have left its traces. */
function planWithoutRecord(traffic: Traffic, { known }: DeployWorld): NextAction {
  if (traffic.to === "canary") {
    const split = `the router splits the traffic between ${traffic.rest} and ${traffic.colour}, and no deploy is known that did that`;
    return { action: "hold", because: `${split}; \`orchestrate switch\` directs it to one of them` };
  }
  if (traffic.to === "colour" && !known.includes(traffic.colour)) return holdUnknown(traffic.colour);
  return { action: "nothing" };
}

/** Without a router there is one place, and what is in it is all there is. */
function planInPlace(phase: DeployPhase, asked: DeployWorld["asked"]): NextAction {
  if (asked !== "abort") return { action: "continue", from: phase, because: `it was interrupted in ${phase}` };
  const because =
    "without a router the containers of the deploy are the only ones; deploy the release that is wanted instead";
  return { action: "hold", because };
}

/** Somebody directed traffic where this deploy neither came from nor goes to: it has no business any more. */
function planForStranger(stranger: Colour, { release, traffic }: Interrupted, { known }: DeployWorld): NextAction {
  if (!known.includes(stranger)) return holdUnknown(stranger);
  if (!receives(traffic, release.colour)) {
    return { action: "abort", because: `traffic goes to ${stranger}, which this deploy did not replace` };
  }
  const because = `traffic is split between ${release.colour} and ${stranger}, which this deploy did not replace`;
  return { action: "hold", because: `${because}; \`orchestrate switch\` directs it to one of them` };
}

/** A deploy that was going back keeps going back. */
function planTurn(
  turn: { readonly to: "abort" | "roll-back"; readonly because: string },
  interrupted: Interrupted,
): NextAction {
  const { release, traffic } = interrupted;
  if (turn.to === "abort" && !receives(traffic, release.colour)) return { action: "abort", because: turn.because };
  return planWayBack(turn.because, interrupted);
}

function planBeforeCutover({ release, phase, fresh }: Interrupted, asked: DeployWorld["asked"]): NextAction {
  if (asked === "abort") return { action: "abort", because: "asked to abort" };
  const because = `it was interrupted in ${phase}; traffic was never touched`;
  if (isBefore(phase, "gate")) return { action: "continue", from: phase, because };
  if (isUsable(fresh)) return { action: "continue", from: phase, because };
  return { action: "continue", from: "start", because: `${because}, and ${release.colour} does not run any more` };
}

/** Traffic may have been moved: what the router says and what can answer decide. */
function planAfterDirection(interrupted: Interrupted): NextAction {
  const { release, phase, traffic, fresh, old } = interrupted;
  const onNew = receives(traffic, release.colour);
  if (onNew && !isBefore(phase, "observe") && fresh === "ready") {
    const from = traffic.to === "canary" ? "observe" : phase;
    return { action: "continue", from, because: `it was interrupted in ${phase}, and traffic is on ${release.colour}` };
  }
  const switchedBack = !onNew && traffic.to === "colour" && !isBefore(phase, "observe");
  if (switchedBack && isRevivable(old))
    return { action: "roll-back", because: `traffic is on ${traffic.colour} again` };
  // Also where traffic is on it already and it only starts: the cutover gates first, and the old colour stands by again.
  if (isUsable(fresh)) {
    return {
      action: "continue",
      from: "cutover",
      because: `it was interrupted in ${phase}, and ${release.colour} runs`,
    };
  }
  // Once it was approved the release only goes back for one that answers now: what lacks is a container, not quality.
  const approved = onNew && !isBefore(phase, "drain");
  if (old === "ready" || (!approved && isRevivable(old))) {
    return {
      action: "roll-back",
      because: `${release.colour} is ${fresh}, and ${release.replaces ?? "the old one"} is ${old}`,
    };
  }
  const because = `${release.colour} is ${fresh}, and there is nothing to go back to`;
  return { action: "continue", from: "start", because };
}

/** Back to the old colour; where that one is gone for good, whatever answers is left alone. */
function planWayBack(because: string, { release, fresh, old, traffic }: Interrupted): NextAction {
  if (release.replaces === undefined || old !== "absent") return { action: "roll-back", because };
  if (receives(traffic, release.colour) || isUsable(fresh)) {
    const gone = `${release.replaces} has no containers to go back to`;
    return {
      action: "hold",
      because: `${because}, but ${gone}; \`orchestrate deploy --continue\` keeps ${release.colour}`,
    };
  }
  return { action: "abort", because };
}

function holdUnknown(colour: Colour): NextAction {
  const because = `the router sends traffic to \`${colour}\`, which docker/build-config.json does not know`;
  return { action: "hold", because: `${because}; \`orchestrate switch\` directs it to a colour` };
}

/** A colour that gets traffic and is neither the new nor the old one. */
function strangerOf(traffic: Traffic, { colour, replaces }: Release): Colour | undefined {
  const receivers =
    traffic.to === "nowhere" ? [] : traffic.to === "colour" ? [traffic.colour] : [traffic.colour, traffic.rest];
  return receivers.find((receiver) => receiver !== colour && receiver !== replaces);
}

/** Whether users get to a colour, standing by left aside. */
function receives(traffic: Traffic, colour: Colour): boolean {
  if (traffic.to === "nowhere") return false;
  return traffic.colour === colour || (traffic.to === "canary" && traffic.rest === colour);
}

function stateOf({ colours }: DeployWorld, colour: Colour): ColourState {
  return colours.find((each) => each.colour === colour) ?? { colour, state: "absent" };
}

/** It answers, or may in a moment: the gate waits for it. */
function isUsable(state: ColourState["state"]): boolean {
  return state === "ready" || state === "starting";
}

function isRevivable(state: ColourState["state"]): boolean {
  return isUsable(state) || state === "stopped";
}

function isBefore(phase: DeployPhase, other: DeployPhase): boolean {
  return DEPLOY_PHASES.indexOf(phase) < DEPLOY_PHASES.indexOf(other);
}
