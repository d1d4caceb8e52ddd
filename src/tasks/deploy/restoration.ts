import { loadComposeProject } from "../../docker/compose.ts";
import { routerConfigVersion } from "../../docker/router/router-document.ts";
import type { Failure, Result } from "../../model/failure.ts";
import type { ReleaseRecord } from "../../model/journal.ts";
import { LABELS } from "../../model/observation.ts";
import type { Release } from "../../model/release.ts";
import type { Colour } from "../../model/router.ts";
import type { DeployLock } from "./deploy-lock.ts";
import { composeSite } from "./deployment.ts";
import { runRollout } from "./deploy-machine.ts";
import type { RolloutEnd } from "./deploy-machine.ts";
import { describeFingerprint } from "./fingerprint.ts";
import { inspectProjectContainers, lastingContainers } from "./project-containers.ts";
import { colourTerms, createDeployId, openRollout } from "./release-site.ts";
import type { ReleaseSite } from "./release-site.ts";
import { colourProject } from "./rollout.ts";

/** What can go live again. */
export type Restorable =
  /** Its containers are kept: about a second. */
  | { readonly from: "containers"; readonly colour: Colour; readonly deployId: string; readonly record?: ReleaseRecord }
  /** Only its images are: a deploy of its own, with everything that belongs to one. */
  | { readonly from: "images"; readonly colour: Colour; readonly record: ReleaseRecord };

/** How it went, with the record of it. */
export interface Restored {
  readonly release: Release;
  readonly ended: RolloutEnd;
}

/** Puts something live that was live before. Call it with the lock held and nothing left of an earlier deploy. */
export async function restoreRelease(
  site: ReleaseSite,
  lock: DeployLock,
  target: Restorable,
  live: Colour | undefined,
): Promise<Result<Restored>> {
  const terms = colourTerms(site, target.colour);
  if (terms === undefined) return refuse(`docker/build-config.json has no environment ${target.colour}`);
  const old = target.record?.release;
  const fingerprint =
    target.from === "images"
      ? await fingerprintOf(site, target.record.release, target.colour)
      : ({ ok: true, value: old?.fingerprint ?? "" } as const);
  if (!fingerprint.ok) return fingerprint;
  const release: Release = {
    deployId: createDeployId(Date.now()),
    runId: site.runId,
    project: site.project,
    colour: target.colour,
    ...(live === undefined ? {} : { replaces: live }),
    ...(target.from === "containers" ? { restores: target.deployId } : {}),
    ...(old?.colour !== target.colour || old.composeFiles === undefined ? {} : { composeFiles: old.composeFiles }),
    images: old?.images ?? {},
    fingerprint: fingerprint.value,
    startedAtMs: Date.now(),
    unverified: old?.unverified ?? [],
  };
  const begun = site.journal.beginRelease(release);
  if (!begun.ok) return begun;
  const ended = await runRollout(openRollout(site, release, lock, terms));
  return { ok: true, value: { release, ended } };
}

async function fingerprintOf(site: ReleaseSite, old: Release, colour: Colour): Promise<Result<string>> {
  const terms = colourTerms(site, colour);
  const compose = {
    project: colourProject(site.project, colour),
    files: (old.colour === colour ? old.composeFiles : undefined) ?? terms?.environment.composeFiles ?? [],
    variables: terms?.environment.variables ?? {},
    ...composeSite(site),
  };
  const model = await loadComposeProject(compose, { signal: site.context.signal });
  if (!model.ok) return model;
  const value = describeFingerprint({
    model: model.value,
    images: old.images,
    routerVersion: routerConfigVersion(site.routerConfig),
    secretKey: site.secretKey,
    workingDirectory: site.tools.projectDirectory,
    environment: { ...process.env, ...site.tools.environment },
  });
  return { ok: true, value };
}

/** The containers that a colour keeps, as something that can go live; undefined where there are none. */
export async function findKept(site: ReleaseSite, colour: Colour): Promise<Result<Restorable | undefined>> {
  const project = colourProject(site.project, colour);
  const containers = await inspectProjectContainers(site.engine, project, site.context.signal);
  if (!containers.ok) return containers;
  const deployId = lastingContainers(containers.value)[0]?.labels[LABELS.deployId];
  if (deployId === undefined) return { ok: true, value: undefined };
  const record = site.journal.findRelease(site.project, deployId);
  if (!record.ok) return record;
  const known = record.value === undefined ? {} : { record: record.value };
  return { ok: true, value: { from: "containers", colour, deployId, ...known } };
}

/**
 * What a rollback means: the release that is named; else the kept containers of the idle colour, if that release was ever approved;
 * else the newest approved one that is not live and whose images exist.
 */
export async function selectRollback(
  site: ReleaseSite,
  live: Colour | undefined,
  named: string | undefined,
): Promise<Result<Restorable>> {
  const idle = site.routerConfig.colours.find((colour) => colour !== live);
  if (idle === undefined) return refuse("the router has no other colour");
  const idleKept = await findKept(site, idle);
  if (!idleKept.ok) return idleKept;
  const liveKept = live === undefined ? undefined : await findKept(site, live);
  if (liveKept?.ok === false) return liveKept;
  const liveId = liveKept?.value?.from === "containers" ? liveKept.value.deployId : undefined;
  if (named !== undefined) return await selectNamed(site, named, idle, idleKept.value);
  if (idleKept.value?.record?.state === "done") return { ok: true, value: idleKept.value };
  const releases = site.journal.listReleases(site.project);
  if (!releases.ok) return releases;
  for (const record of releases.value) {
    const { release, state } = record;
    if (state !== "done" || release.deployId === liveId || release.restores !== undefined) continue;
    if ((await findMissing(site, release)) !== undefined) continue;
    return { ok: true, value: { from: "images", colour: idle, record } };
  }
  const kept =
    idleKept.value === undefined ? "" : `; \`orchestrate switch ${idle}\` directs traffic to what ${idle} holds`;
  return refuse(`no earlier approved release is known whose images exist${kept}`);
}

async function selectNamed(
  site: ReleaseSite,
  named: string,
  idle: Colour,
  kept: Restorable | undefined,
): Promise<Result<Restorable>> {
  const found = site.journal.findRelease(site.project, named);
  if (!found.ok) return found;
  if (found.value === undefined) return refuse(`no release is named ${named}; \`orchestrate releases\` lists them`);
  const { release } = found.value;
  if (kept?.from === "containers" && kept.deployId === (release.restores ?? release.deployId)) {
    return { ok: true, value: kept };
  }
  const missing = await findMissing(site, release);
  if (missing !== undefined) return { ok: false, failure: missing };
  return { ok: true, value: { from: "images", colour: idle, record: found.value } };
}

async function findMissing({ engine, context }: ReleaseSite, { images }: Release): Promise<Failure | undefined> {
  for (const [service, imageId] of Object.entries(images)) {
    const image = await engine.inspectImage(imageId, { signal: context.signal });
    if (!image.ok) return image.failure;
    if (image.value === undefined) return { reason: "image-missing", service, reference: imageId };
  }
  return undefined;
}

function refuse(because: string): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure: { reason: "release-refused", what: "go back", because } };
}
