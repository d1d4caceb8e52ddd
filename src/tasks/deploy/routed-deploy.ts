import { readEngineLock } from "../../docker/engine-lock.ts";
import { routerUp } from "../../docker/router/router-project.ts";
import type { Environment } from "../../model/build-config.ts";
import type { TaskFact } from "../../model/event.ts";
import type { Failure, Result } from "../../model/failure.ts";
import type { TaskContext, TaskResult } from "../../model/performer.ts";
import type { Release } from "../../model/release.ts";
import type { Traffic } from "../../model/router.ts";
import type { TaskOf } from "../../model/task.ts";
import { failed, succeeded } from "../task-result.ts";
import type { TaskTools } from "../task-tools.ts";
import type { DeployLock } from "./deploy-lock.ts";
import { runRollout } from "./deploy-machine.ts";
import { supplyImages } from "./image-supply.ts";
import { inspectProjectContainers } from "./project-containers.ts";
import { recoverDeploy } from "./recovery.ts";
import { findUnverified, loadReleaseContent, refuseUnverified, runsAlready } from "./release-content.ts";
import type { ReleaseContent } from "./release-content.ts";
import { takeLock } from "./release-lock.ts";
import { createDeployId, liveColour, openReleaseSite, openRollout, routerUrl } from "./release-site.ts";
import type { ReleaseSite } from "./release-site.ts";
import { reaches } from "./retire.ts";
import { colourProject } from "./rollout.ts";

/** How long what a failed deploy tells about traffic may take to be read. */
const TELL_MS = 5_000;

/**
 * Deploys to a colour behind the router:
 *
 *     live colour already is this release ──► done, no container touched
 *     lock ─► unfinished deploy finished or taken back ─► router up ─► {@link runRollout}
 *
 * The colour that is live is never replaced in place: that is refused, with the idle one named; who did not name it and finds it
 * live by the time that it is its turn gets the one that is idle then. Another deploy of the project is waited for. Outputs: `project`, `environment` and `containers` of the colour that is live afterwards, and `url`, the
 * router's entrance.
 */
export async function performRoutedDeploy(
  task: TaskOf<"deploy">,
  environment: Environment,
  context: TaskContext,
  tools: TaskTools,
): Promise<TaskResult> {
  const opened = await openReleaseSite(tools, context);
  if (!opened.ok) return failed(opened.failure);
  const site = opened.value;
  // Who holds the lock may be about to change what is live, or was killed in it.
  const held = await readEngineLock(site.engine, site.project, context.signal);
  if (!held.ok) return failed(held.failure);
  const unchanged = held.value === undefined ? await findUnchanged(site, task, context) : NOTHING_FOUND;
  if (!unchanged.ok) return failed(unchanged.failure);
  if (unchanged.value !== undefined) return await tellUnchanged(site, unchanged.value);
  const content = await loadReleaseContent(site, task, context, environment);
  if (!content.ok) return failed(content.failure);
  const deployId = createDeployId(Date.now());
  const locked = await takeLock(site, deployId, Object.values(content.value.images)[0] ?? site.routerConfig.image);
  context.signal.throwIfAborted();
  if (!locked.ok) return failed(locked.failure);
  await using lock = locked.value;
  return await deployLocked(site, { task, environment, context, content: content.value, deployId, lock });
}

interface LockedDeploy {
  readonly task: TaskOf<"deploy">;
  readonly environment: Environment;
  readonly context: TaskContext;
  readonly content: ReleaseContent;
  readonly deployId: string;
  readonly lock: DeployLock;
}

async function deployLocked(site: ReleaseSite, deploy: LockedDeploy): Promise<TaskResult> {
  const { task, context, deployId, lock } = deploy;
  const up = await routerUp(site.routerSite, {
    signal: context.signal,
    onLine: (line, stream) => context.report({ type: "output", stream, line }),
  });
  if (!up.ok) return failed(up.failure);
  const recovered = await recoverDeploy(site, lock);
  context.signal.throwIfAborted();
  if (!recovered.ok) return failed(recovered.failure);
  // Whoever was waited for may have deployed the same.
  const unchanged = await findUnchanged(site, task, context);
  if (!unchanged.ok) return failed(unchanged.failure);
  if (unchanged.value !== undefined) return await tellUnchanged(site, unchanged.value);
  const view = await site.router.observe(context.signal);
  if (!view.ok) return failed(view.failure);
  const live = liveColour(view.value.traffic);
  const place = await choosePlace(site, deploy, view.value.traffic);
  context.signal.throwIfAborted();
  if (!place.ok) return failed(place.failure);
  const { environment, content } = place.value;
  const release = describeRelease(site, {
    deployId,
    colour: environment.name,
    traffic: view.value.traffic,
    content,
    task,
  });
  if (!release.ok) return failed(release.failure);
  const begun = site.journal.beginRelease(release.value);
  if (!begun.ok) return failed(begun.failure);
  const { settings, readiness } = task.deploy;
  const rollout = openRollout(site, release.value, lock, { settings, readiness, environment });
  await rollout.tally.begin(context.signal);
  const ended = await runRollout(rollout);
  const limit = AbortSignal.timeout(TELL_MS);
  const now = await site.router.observe(limit);
  const serving = now.ok ? liveColour(now.value.traffic) : live;
  const traffic = serving === undefined ? [] : await rollout.tally.facts(serving, limit);
  if (ended.end === "done") return await tellDeployed(site, environment.name, { traffic });
  context.signal.throwIfAborted();
  const interrupted: Failure = { reason: "timed-out", timeoutMs: task.timeoutMs, lastLines: [] };
  return failed(ended.failure ?? interrupted, traffic);
}

interface NewRelease {
  readonly deployId: string;
  readonly colour: string;
  readonly traffic: Traffic;
  readonly content: ReleaseContent;
  readonly task: TaskOf<"deploy">;
}

function describeRelease(site: ReleaseSite, { deployId, colour, traffic, content, task }: NewRelease): Result<Release> {
  const live = liveColour(traffic);
  const { project, routerConfig, runId } = site;
  if (live === colour || reaches(traffic, colour)) {
    const idle = routerConfig.colours.filter((each) => each !== colour);
    return { ok: false, failure: { reason: "colour-live", project, colour, idle } };
  }
  const unverified = findUnverified(site, content.images);
  if (!unverified.ok) return unverified;
  const refusal = refuseUnverified(unverified.value, task.deploy.allowUnverified === true);
  if (refusal !== undefined) return { ok: false, failure: refusal };
  const release: Release = {
    deployId,
    runId,
    project,
    colour,
    ...(live === undefined ? {} : { replaces: live }),
    composeFiles: content.files,
    images: content.images,
    fingerprint: content.fingerprint,
    startedAtMs: Date.now(),
    unverified: [...new Set(unverified.value.map(({ imageId }) => imageId))],
  };
  return { ok: true, value: release };
}

type Place = Pick<LockedDeploy, "environment" | "content">;

/** Another idle colour, when the one that was idle when the command was typed got traffic while it waited or recovered. */
async function choosePlace(site: ReleaseSite, deploy: LockedDeploy, traffic: Traffic): Promise<Result<Place>> {
  const { task, environment, context } = deploy;
  // Compose files of the task itself are those of one colour.
  const among = task.deploy.composeFiles.length > 0 ? [] : (task.environment?.idleAmong ?? []);
  if (!reaches(traffic, environment.name)) return { ok: true, value: deploy };
  const other = site.tools.config.environments.find(
    ({ name }) => among.includes(name) && site.routerConfig.colours.includes(name) && !reaches(traffic, name),
  );
  if (other === undefined) return { ok: true, value: deploy };
  const name = `${environment.name} went live meanwhile: deploy to ${other.name}, which is idle now`;
  context.report({ type: "step", step: { id: "colour", name, state: "done" } });
  const unsupplied = await supplyImages(site.engine, { task, environment: other, context, tools: site.tools });
  if (unsupplied !== undefined) return { ok: false, failure: unsupplied };
  const content = await loadReleaseContent(site, task, context, other);
  return content.ok ? { ok: true, value: { environment: other, content: content.value } } : content;
}

const NOTHING_FOUND: Result<string | undefined> = { ok: true, value: undefined };

/**
 * The live colour, when it already is what this task would deploy and nothing is left of an earlier deploy; who names the other
 * colour wants traffic to move. A router that does not answer has no live colour.
 */
async function findUnchanged(
  site: ReleaseSite,
  task: TaskOf<"deploy">,
  context: TaskContext,
): Promise<Result<string | undefined>> {
  const open = site.journal.openDeploy(site.project);
  if (!open.ok) return open;
  if (open.value !== undefined) return NOTHING_FOUND;
  const view = await site.router.observe(context.signal);
  if (!view.ok) return NOTHING_FOUND;
  const { traffic } = view.value;
  if (traffic.to !== "colour" || traffic.standby) return NOTHING_FOUND;
  if (traffic.colour !== task.environment?.name && task.environment?.idleAmong === undefined) return NOTHING_FOUND;
  const environment = site.tools.config.environments.find(({ name }) => name === traffic.colour);
  if (environment === undefined) return NOTHING_FOUND;
  const content = await loadReleaseContent(site, task, context, environment);
  if (!content.ok) return NOTHING_FOUND;
  const same = await runsAlready(site, traffic.colour, content.value.fingerprint);
  return same.ok ? { ok: true, value: same.value ? traffic.colour : undefined } : same;
}

async function tellUnchanged(site: ReleaseSite, live: string): Promise<TaskResult> {
  const name = `${live} is live and already is this release: no container touched`;
  site.context.report({ type: "step", step: { id: "unchanged", name, state: "done" } });
  return await tellDeployed(site, live, { unchanged: true });
}

async function tellDeployed(
  site: ReleaseSite,
  colour: string,
  { unchanged, traffic = [] }: { readonly unchanged?: boolean; readonly traffic?: readonly TaskFact[] },
): Promise<TaskResult> {
  const project = colourProject(site.project, colour);
  const inspected = await inspectProjectContainers(site.engine, project, AbortSignal.timeout(TELL_MS));
  const running = inspected.ok ? inspected.value.filter(({ state }) => state === "running").length : 0;
  const found = routerUrl(site);
  const url = found === undefined ? {} : { url: found };
  const deployed: TaskFact = {
    fact: "deployed",
    environment: colour,
    project,
    containers: running,
    ...url,
    ...(unchanged === true ? { unchanged } : {}),
  };
  return succeeded({ project, environment: colour, containers: String(running), ...url }, [deployed, ...traffic]);
}
