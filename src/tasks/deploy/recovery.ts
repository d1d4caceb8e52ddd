import { planRecovery } from "../../plan/deploy-recovery.ts";
import type { ColourState, NextAction } from "../../plan/deploy-recovery.ts";
import type { InspectedContainer } from "../../docker/engine-answers.ts";
import type { Failure, Result } from "../../model/failure.ts";
import type { ReleaseRecord } from "../../model/journal.ts";
import { LABELS } from "../../model/observation.ts";
import type { Release } from "../../model/release.ts";
import { endDeployOrphans } from "./deploy-children.ts";
import type { DeployLock } from "./deploy-lock.ts";
import { goBack, runRollout } from "./deploy-machine.ts";
import type { RolloutEnd } from "./deploy-machine.ts";
import { inspectProjectContainers, lastingContainers } from "./project-containers.ts";
import { reaches } from "./retire.ts";
import { colourTerms, openRollout } from "./release-site.ts";
import type { ReleaseSite } from "./release-site.ts";
import { colourProject } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";

/** What was found of an earlier deploy, and how it ended now. */
export type Recovered =
  | { readonly found: "nothing" }
  | {
      readonly found: "deploy";
      readonly record: ReleaseRecord;
      readonly end: RolloutEnd["end"];
      readonly failure?: Failure;
    };

/** What is asked of a recovery. */
export interface RecoveryWish {
  /** `--continue` or `--abort`. Without it a deploy that never touched traffic is taken back: what comes next replaces it. */
  readonly asked?: "continue" | "abort";
  /** Whoever directs traffic by hand may do so where no known deploy explains where it goes. */
  readonly evenIfUnexplained?: boolean;
}

/**
 * Finishes or takes back the deploy that somebody was killed in, here or on another machine, as plan/deploy-recovery says. Call it
 * with the lock held and before anything else: processes that the killed one left behind on this machine are ended first. Fails
 * when it can neither go on nor back.
 */
export async function recoverDeploy(
  site: ReleaseSite,
  lock: DeployLock,
  wish: RecoveryWish = {},
): Promise<Result<Recovered>> {
  const { journal, ledger, project, router, context } = site;
  const before = await router.observe(context.signal);
  if (!before.ok) return before;
  const merged = await ledger.merge(before.value.traffic, context.signal);
  if (!merged.ok) return merged;
  const orphans = await endDeployOrphans(journal, project);
  if (!orphans.ok) return orphans;
  const found = journal.openDeploy(project);
  if (!found.ok) return found;
  const open = found.value;
  // What was ended just now may have been about to move traffic.
  const view = orphans.value.length === 0 ? before : await router.observe(context.signal);
  if (!view.ok) return view;
  const colours = await inspectColours(site, open?.release);
  if (!colours.ok) return colours;
  const untouched = open !== undefined && !wasDirected(open) && !reaches(view.value.traffic, open.release.colour);
  const asked = wish.asked ?? (untouched ? "abort" : undefined);
  const { next, findings } = planRecovery({
    ...(open === undefined ? {} : { open }),
    view: view.value,
    colours: colours.value,
    known: site.routerConfig.colours,
    ...(asked === undefined ? {} : { asked }),
  });
  if (open !== undefined) return await carryOut(site, lock, open, next);
  if (next.action === "hold" && wish.evenIfUnexplained !== true) {
    return { ok: false, failure: { reason: "release-refused", what: "deploy", because: next.because } };
  }
  const { traffic } = view.value;
  // Memory is the truth; a file that says something else would become it with the next restart.
  if (findings.some(({ finding }) => finding === "standby-left" || finding === "file-differs")) {
    const settled = await router.direct(traffic.to === "colour" ? { ...traffic, standby: false } : traffic);
    if (!settled.ok) return settled;
  }
  return { ok: true, value: { found: "nothing" } };
}

function wasDirected({ transitions }: ReleaseRecord): boolean {
  return transitions.some(({ record }) => record.mark === "intent" && record.phase === "cutover");
}

async function carryOut(
  site: ReleaseSite,
  lock: DeployLock,
  record: ReleaseRecord,
  next: NextAction,
): Promise<Result<Recovered>> {
  const { release } = record;
  if (next.action === "nothing") return { ok: true, value: { found: "nothing" } };
  const step = {
    id: `recover ${release.deployId}`,
    name: `deploy ${release.deployId}: ${next.action}, ${next.because}`,
  };
  site.context.report({ type: "step", step: { ...step, state: "running" } });
  const terms = colourTerms(site, release.colour);
  const stuck = (because: string): Result<Recovered> => {
    site.context.report({ type: "step", step: { ...step, state: "failed" } });
    return { ok: false, failure: { reason: "release-refused", what: `take up deploy ${release.deployId}`, because } };
  };
  if (next.action === "hold") return stuck(next.because);
  if (terms === undefined) return stuck(`docker/build-config.json has no environment ${release.colour} any more`);
  const rollout = openRollout(site, release, lock, terms);
  const ended = await end(rollout, next);
  site.context.report({ type: "step", step: { ...step, state: ended.end === "open" ? "failed" : "done" } });
  if (ended.end === "open") {
    if (ended.failure !== undefined) return { ok: false, failure: ended.failure };
    return stuck("interrupted");
  }
  const failure = ended.end === "done" ? undefined : ended.failure;
  return {
    ok: true,
    value: { found: "deploy", record, end: ended.end, ...(failure === undefined ? {} : { failure }) },
  };
}

async function end(
  rollout: Rollout,
  next: Exclude<NextAction, { readonly action: "nothing" | "hold" }>,
): Promise<RolloutEnd> {
  switch (next.action) {
    case "continue":
      return await runRollout(rollout, next.from);
    case "abort":
    case "roll-back":
      return await goBack(rollout, next.action, undefined);
    case "close": {
      const { journal, release } = rollout;
      const closing = { mark: "end", end: "aborted", because: next.because } as const;
      const closed = journal.recordTransition(release.deployId, closing, Date.now());
      if (closed.ok) await rollout.ledger.publish(release);
      return closed.ok ? { end: "aborted", failure: undefined } : { end: "open", failure: closed.failure };
    }
  }
}

/** What the containers of each colour of the router look like. Those that `open` restores count as its own. */
export async function inspectColours(site: ReleaseSite, open?: Release): Promise<Result<readonly ColourState[]>> {
  const states: ColourState[] = [];
  for (const colour of site.routerConfig.colours) {
    const project = colourProject(site.project, colour);
    const containers = await inspectProjectContainers(site.engine, project, site.context.signal);
    if (!containers.ok) return containers;
    const labelled = lastingContainers(containers.value)[0]?.labels[LABELS.deployId];
    const restored = open?.colour === colour && open.restores !== undefined && open.restores === labelled;
    const deployId = restored ? open.deployId : labelled;
    const state = judgeColour(containers.value);
    states.push({ colour, state, ...(deployId === undefined ? {} : { deployId }) });
  }
  return { ok: true, value: states };
}

function judgeColour(containers: readonly InspectedContainer[]): ColourState["state"] {
  const lasting = lastingContainers(containers);
  if (lasting.length === 0) return "absent";
  if (lasting.every(({ state }) => state === "exited" || state === "created")) return "stopped";
  if (lasting.some(({ state, health }) => state !== "running" || health === "unhealthy")) return "failed";
  return lasting.some(({ health }) => health === "starting") ? "starting" : "ready";
}
