import type { Failure, Result } from "../../model/failure.ts";
import { DEPLOY_PHASES } from "../../model/release.ts";
import type { DeployPhase, TransitionRecord } from "../../model/release.ts";
import { cutOver } from "./cutover.ts";
import { drainColour, drainOld } from "./drain.ts";
import { gateRelease } from "./gate.ts";
import { observeRelease } from "./observe.ts";
import { prepareRelease } from "./prepare.ts";
import { retireOld, stopColour } from "./retire.ts";
import { withinTime } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";
import { smokeRelease } from "./smoke.ts";
import { startColour } from "./start.ts";
import { returnTraffic } from "./traffic-return.ts";

/** Longest that going back may take; it also happens after Ctrl-C and after the task's timeout. */
const GO_BACK_MS = 120_000;

const PHASES: Readonly<Record<DeployPhase, (rollout: Rollout) => Promise<Failure | undefined>>> = {
  prepare: prepareRelease,
  start: startColour,
  gate: gateRelease,
  smoke: smokeRelease,
  cutover: cutOver,
  observe: observeRelease,
  drain: drainOld,
  retire: retireOld,
};

/** How a rollout ended. */
export type RolloutEnd =
  | { readonly end: "done" }
  | {
      /** `open`: it could not be finished here; the next command goes on with it. */
      readonly end: "aborted" | "rolled-back" | "open";
      /** Undefined when the signal aborted. */
      readonly failure: Failure | undefined;
    };

/**
 * Runs the phases from `first` on; see {@link DEPLOY_PHASES} for the states. The intent of each is durable before it begins and
 * the fact before the next one. The other machines learn of it when it begins, turns back and ends.
 * What an interruption (Ctrl-C, timeout) means: before the cutover the deploy is aborted; from the cutover until it has been
 * observed, traffic goes back; after that the release is approved, so the rest is left to the next command.
 */
export async function runRollout(rollout: Rollout, first: DeployPhase = "prepare"): Promise<RolloutEnd> {
  let directed = hasBeenDirected(rollout);
  const published = await rollout.ledger.publish(rollout.release);
  // Before anything is done that others would have to take back.
  if (!published.ok && !directed) return await goBack(rollout, "abort", published.failure);
  for (const phase of DEPLOY_PHASES.slice(DEPLOY_PHASES.indexOf(first))) {
    const begun = record(rollout, { mark: "intent", phase });
    if (!begun.ok) return { end: "open", failure: begun.failure };
    directed ||= phase === "cutover";
    const outcome = await runPhase(rollout, phase);
    if (!outcome.ok) {
      if (phase === "drain" || phase === "retire") return { end: "open", failure: outcome.failure };
      return await goBack(rollout, directed ? "roll-back" : "abort", outcome.failure);
    }
    const done = record(rollout, { mark: "fact", phase });
    if (!done.ok) return { end: "open", failure: done.failure };
  }
  const ended = await recordEnd(rollout, { mark: "end", end: "done" });
  return ended.ok ? { end: "done" } : { end: "open", failure: ended.failure };
}

/** The journal first: it decides on this machine. What the others are not told now they are told by its next command. */
async function recordEnd(rollout: Rollout, transition: TransitionRecord): Promise<Result<unknown>> {
  const ended = record(rollout, transition);
  if (!ended.ok) return ended;
  const { ledger, release, context } = rollout;
  const published = await ledger.publish(release);
  if (!published.ok) {
    const name = "tell the end of the deploy to other machines";
    context.report({ type: "step", step: { id: "publish", name, state: "failed" } });
  }
  return ended;
}

/** A cutover that was begun once may have moved traffic, whatever is repeated since. */
function hasBeenDirected({ journal, release }: Rollout): boolean {
  const found = journal.findRelease(release.project, release.deployId);
  if (!found.ok || found.value === undefined) return false;
  return found.value.transitions.some(({ record: known }) => known.mark === "intent" && known.phase === "cutover");
}

type PhaseOutcome = { readonly ok: true } | { readonly ok: false; readonly failure: Failure | undefined };

async function runPhase(rollout: Rollout, phase: DeployPhase): Promise<PhaseOutcome> {
  const { context, release } = rollout;
  const step = { id: `phase ${phase}`, name: describePhase(phase, rollout) };
  const startedMs = performance.now();
  const tell = (state: "done" | "failed"): void => {
    context.report({ type: "step", step: { ...step, state, durationMs: performance.now() - startedMs } });
  };
  context.report({ type: "step", step: { ...step, state: "running" } });
  try {
    const failure = await PHASES[phase](rollout);
    const interrupted = context.signal.aborted && phase !== "retire";
    tell(failure === undefined && !interrupted ? "done" : "failed");
    if (interrupted) return { ok: false, failure: undefined };
    return failure === undefined ? { ok: true } : { ok: false, failure };
  } catch (error) {
    tell("failed");
    if (context.signal.aborted) return { ok: false, failure: undefined };
    // A bug: the journal has the intent, so the next command takes the deploy up.
    throw new Error(`deploy ${release.deployId} in phase ${phase}`, { cause: error });
  }
}

function describePhase(phase: DeployPhase, { release, settings }: Rollout): string {
  const { colour, replaces } = release;
  switch (phase) {
    case "prepare":
      return `prepare ${colour}`;
    case "start":
      return `start ${colour}`;
    case "gate":
      return `check that ${colour} is ready, and up in the router`;
    case "smoke":
      return `request ${colour} through the preview entrance`;
    case "cutover":
      return replaces === undefined ? `direct traffic to ${colour}` : `direct traffic from ${replaces} to ${colour}`;
    case "observe":
      return `observe ${colour} under traffic`;
    case "drain":
      return replaces === undefined ? "settle" : `let the requests of ${replaces} end`;
    case "retire":
      if (replaces === undefined) return "nothing to retire";
      if (settings.keepOld === "running") return `keep ${replaces} running for a rollback`;
      return settings.keepOld === "removed" ? `remove ${replaces}` : `stop ${replaces}, kept for a rollback`;
  }
}

/**
 * Ends a deploy by going back: `abort` stops the new colour, `roll-back` first directs traffic to the old one. The turn is recorded
 * first, so that a deploy killed here is not cut over again.
 */
export async function goBack(
  rollout: Rollout,
  to: "abort" | "roll-back",
  failure: Failure | undefined,
): Promise<RolloutEnd> {
  const { context, release } = rollout;
  const because = failure === undefined ? "interrupted" : describeBriefly(failure);
  const limited = withinTime(rollout, GO_BACK_MS);
  const target = release.replaces ?? "nowhere";
  const name = to === "abort" ? `stop ${release.colour}; users were never on it` : `direct traffic back to ${target}`;
  context.report({ type: "step", step: { id: to, name, state: "running" } });
  const turned = record(rollout, { mark: "turn", to, because });
  // Others would else observe once more what has failed.
  if (turned.ok) await rollout.ledger.publish(release);
  const wentBack = turned.ok ? await takeBack(limited, to) : turned.failure;
  context.report({ type: "step", step: { id: to, name, state: wentBack === undefined ? "done" : "failed" } });
  if (wentBack !== undefined) return { end: "open", failure: wentBack };
  const end = to === "abort" ? "aborted" : "rolled-back";
  const ended = await recordEnd(rollout, { mark: "end", end, because });
  return ended.ok ? { end, failure } : { end: "open", failure: ended.failure };
}

async function takeBack(rollout: Rollout, to: "abort" | "roll-back"): Promise<Failure | undefined> {
  const { release } = rollout;
  if (to === "roll-back") {
    const returned = await returnTraffic(rollout);
    if (returned !== undefined) return returned;
    const drained = await drainColour(rollout, release.colour);
    if (drained !== undefined) return drained;
  }
  return await stopColour(rollout, release.colour);
}

function record({ journal, release }: Rollout, transition: TransitionRecord): Result<unknown> {
  return journal.recordTransition(release.deployId, transition, Date.now());
}

/** A few words for the journal; the whole failure is in the run's report. */
function describeBriefly(failure: Failure): string {
  switch (failure.reason) {
    case "not-ready":
      return `${failure.service} ${failure.state}`;
    case "release-unhealthy":
      return failure.breach;
    case "release-refused":
      return failure.because;
    case "smoke-failed":
      return `${failure.request}: ${failure.actual}`;
    default:
      return "error" in failure ? failure.error : failure.reason;
  }
}
