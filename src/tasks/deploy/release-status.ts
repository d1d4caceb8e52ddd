import { judgeHolder, lockedFailure, readEngineLock } from "../../docker/engine-lock.ts";
import { identifySystem } from "../../docker/process-identity.ts";
import { planRecovery } from "../../plan/deploy-recovery.ts";
import type { DriftFinding } from "../../plan/deploy-drift.ts";
import type { Failure, Result } from "../../model/failure.ts";
import type { ReleaseRecord } from "../../model/journal.ts";
import { LABELS } from "../../model/observation.ts";
import type { Colour, RouterView } from "../../model/router.ts";
import { inspectProjectContainers, serviceOf } from "./project-containers.ts";
import { inspectColours } from "./recovery.ts";
import { liveColour } from "./release-site.ts";
import type { ReleaseSite } from "./release-site.ts";
import { selectRollback } from "./restoration.ts";
import type { Restorable } from "./restoration.ts";
import { colourProject } from "./rollout.ts";

/** Everything that can be known about what is deployed, read now. */
export interface ReleaseStatus {
  readonly project: string;
  /** Absent when nothing is live, or the router does not answer. */
  readonly live?: LiveRelease;
  /** Absent when the router does not answer; then why is in `trouble`. */
  readonly router?: RouterView;
  readonly trouble?: Failure;
  readonly colours: readonly ColourStatus[];
  /** What is not as the records say. */
  readonly drift: readonly DriftFinding[];
  /** A deploy without an end, and what the next command will do about it; `holder` is at work on it where there is one. */
  readonly open?: {
    readonly deployId: string;
    readonly colour: Colour;
    readonly next: string;
    readonly holder?: string;
  };
  /** What `orchestrate rollback` would put live. */
  readonly rollback?: { readonly colour: Colour; readonly deployId: string; readonly from: Restorable["from"] };
}

/** The release that users are on. */
export interface LiveRelease {
  readonly colour: Colour;
  /** From the labels of its containers, so also where another machine deployed it. */
  readonly deployId?: string;
  readonly runId?: string;
  /** As far as the journal knows. */
  readonly sinceMs?: number;
  readonly unverified?: readonly string[];
}

/** A colour and its containers. */
export interface ColourStatus {
  readonly colour: Colour;
  readonly state: string;
  /** From the labels of its containers. */
  readonly deployId?: string;
  readonly runId?: string;
  readonly containers: readonly ContainerStatus[];
}

/** A container as `status` shows it. */
export interface ContainerStatus {
  readonly service: string;
  readonly name: string;
  readonly state: string;
  readonly health: string;
  readonly imageId: string;
  readonly restarts: number;
}

/** Reads the router, its ledger, the containers and the journal. Changes nothing of them and needs no lock. */
export async function loadReleaseStatus(site: ReleaseSite): Promise<Result<ReleaseStatus>> {
  const { router, context, project, routerConfig } = site;
  const view = await router.observe(context.signal);
  const open = await findOpen(site, view);
  if (!open.ok) return open;
  const states = await inspectColours(site, open.value?.record.release);
  if (!states.ok) return states;
  const colours: ColourStatus[] = [];
  for (const { colour, state } of states.value) {
    const status = await describeColour(site, colour, state);
    if (!status.ok) return status;
    colours.push(status.value);
  }
  const recovery = planRecovery({
    ...(open.value === undefined ? {} : { open: open.value.record }),
    ...(view.ok ? { view: view.value } : {}),
    colours: states.value,
    known: routerConfig.colours,
  });
  const liveName = view.ok ? liveColour(view.value.traffic) : undefined;
  const live = liveName === undefined ? undefined : describeLive(site, liveName, colours);
  const rollback = view.ok ? await selectRollback(site, liveName, undefined) : undefined;
  const status: ReleaseStatus = {
    project,
    ...(live === undefined ? {} : { live }),
    ...(view.ok ? { router: view.value } : { trouble: view.failure }),
    colours,
    drift: recovery.findings,
    ...(open.value === undefined ? {} : { open: describeOpen(open.value, recovery.next.action) }),
    ...(rollback?.ok === true && live !== undefined ? { rollback: describeRollback(rollback.value) } : {}),
  };
  return { ok: true, value: status };
}

async function describeColour(site: ReleaseSite, colour: Colour, state: string): Promise<Result<ColourStatus>> {
  const project = colourProject(site.project, colour);
  const containers = await inspectProjectContainers(site.engine, project, site.context.signal);
  if (!containers.ok) return containers;
  const labelled = containers.value.find(({ labels }) => labels[LABELS.deployId] !== undefined)?.labels ?? {};
  const deployId = labelled[LABELS.deployId];
  const runId = labelled[LABELS.release];
  const value = {
    colour,
    state,
    ...(deployId === undefined ? {} : { deployId }),
    ...(runId === undefined ? {} : { runId }),
    containers: containers.value.map((container) => ({
      service: serviceOf(container),
      name: container.name,
      state: container.state,
      health: container.health,
      imageId: container.imageId,
      restarts: container.restartCount,
    })),
  };
  return { ok: true, value };
}

function describeLive(site: ReleaseSite, colour: Colour, colours: readonly ColourStatus[]): LiveRelease {
  const { deployId, runId } = colours.find((each) => each.colour === colour) ?? {};
  const newest = site.journal.releaseOf(site.project, colour);
  const known = newest.ok ? newest.value : undefined;
  // The newest record may be of a rollback, which restores what the containers are labelled with.
  const same = known !== undefined && (known.release.restores ?? known.release.deployId) === deployId;
  return {
    colour,
    ...(deployId === undefined ? {} : { deployId }),
    ...(runId === undefined ? {} : { runId }),
    ...(same && known.liveSinceMs !== undefined ? { sinceMs: known.liveSinceMs } : {}),
    ...(same && known.release.unverified.length > 0 ? { unverified: known.release.unverified } : {}),
  };
}

interface OpenDeploy {
  readonly record: ReleaseRecord;
  readonly holder?: string;
}

/** The deploy that has no end, on whatever machine it was begun, and who is at work on it. */
async function findOpen(
  { engine, journal, ledger, project, context }: ReleaseSite,
  view: Result<RouterView>,
): Promise<Result<OpenDeploy | undefined>> {
  // Without the router there is no ledger, and what this machine knows is all there is.
  const looked = view.ok ? await ledger.look(view.value.traffic, context.signal) : undefined;
  if (looked?.ok === false) return looked;
  const here = journal.openDeploy(project);
  if (!here.ok) return here;
  const record = looked?.value.unfinished ?? here.value;
  if (record === undefined) return { ok: true, value: undefined };
  const held = await readEngineLock(engine, project, context.signal);
  if (!held.ok) return held;
  if (held.value === undefined || judgeHolder(held.value, identifySystem()) === "gone") {
    return { ok: true, value: { record } };
  }
  return { ok: true, value: { record, holder: lockedFailure(project, held.value).holder } };
}

function describeOpen({ record, holder }: OpenDeploy, next: string): NonNullable<ReleaseStatus["open"]> {
  const { deployId, colour } = record.release;
  return { deployId, colour, next, ...(holder === undefined ? {} : { holder }) };
}

function describeRollback(target: Restorable): NonNullable<ReleaseStatus["rollback"]> {
  const deployId = target.from === "containers" ? target.deployId : target.record.release.deployId;
  return { colour: target.colour, deployId, from: target.from };
}
