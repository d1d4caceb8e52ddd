import { routerUp } from "../../docker/router/router-project.ts";
import type { Failure, Result } from "../../model/failure.ts";
import type { ReleaseRecord } from "../../model/journal.ts";
import type { Release } from "../../model/release.ts";
import type { Colour } from "../../model/router.ts";
import type { DeployLock } from "./deploy-lock.ts";
import { recoverDeploy } from "./recovery.ts";
import type { RecoveryWish } from "./recovery.ts";
import { createDeployId, liveColour } from "./release-site.ts";
import type { ReleaseSite } from "./release-site.ts";
import { takeLock } from "./release-lock.ts";
import { findKept, restoreRelease, selectRollback } from "./restoration.ts";
import type { Restorable } from "./restoration.ts";

/** What a command did. */
export type CommandEnd =
  | { readonly did: "nothing"; readonly because: string }
  /** `switchedAfterMs`: from the start of this process until traffic had moved. */
  | { readonly did: "restore"; readonly release: Release; readonly switchedAfterMs: number }
  /** It took up the deploy that somebody was killed in. */
  | { readonly did: "recover"; readonly record: ReleaseRecord; readonly end: string };

/** Puts the release before the live one live again, or the one that is named. */
export async function rollBack(site: ReleaseSite, named: string | undefined): Promise<Result<CommandEnd>> {
  return await withLock(site, {}, async (lock) => {
    const live = await findLive(site);
    if (!live.ok) return live;
    const target = await selectRollback(site, live.value, named);
    return target.ok ? await restore(site, lock, target.value, live.value) : target;
  });
}

/** Directs traffic to what a colour keeps; nothing happens where it is live. */
export async function switchTo(site: ReleaseSite, colour: Colour): Promise<Result<CommandEnd>> {
  return await withLock(site, { evenIfUnexplained: true }, async (lock) => {
    const live = await findLive(site);
    if (!live.ok) return live;
    if (live.value === colour) return { ok: true, value: { did: "nothing", because: `${colour} is live already` } };
    const kept = await findKept(site, colour);
    if (!kept.ok) return kept;
    if (kept.value !== undefined) return await restore(site, lock, kept.value, live.value);
    const because = `${colour} has no containers; \`orchestrate deploy ${colour}\` makes some`;
    return { ok: false, failure: { reason: "release-refused", what: `switch to ${colour}`, because } };
  });
}

/** Takes up the deploy that has no end: goes on with it, or back. */
export async function takeUp(site: ReleaseSite, asked: "continue" | "abort"): Promise<Result<CommandEnd>> {
  const nothing = { ok: true, value: { did: "nothing", because: "no deploy is unfinished" } } as const;
  return await withLock(site, { asked }, async () => await Promise.resolve(nothing));
}

/** Waits for the lock, takes up what is unfinished, then does the rest. With `asked` that is all. */
async function withLock(
  site: ReleaseSite,
  wish: RecoveryWish,
  then: (lock: DeployLock) => Promise<Result<CommandEnd>>,
): Promise<Result<CommandEnd>> {
  const locked = await takeLock(site, createDeployId(Date.now()), site.routerConfig.image);
  if (!locked.ok) return locked;
  await using lock = locked.value;
  // It may have been stopped by hand; where it runs this is a look.
  const up = await routerUp(site.routerSite, { signal: site.context.signal });
  if (!up.ok) return up;
  const recovered = await recoverDeploy(site, lock, wish);
  if (!recovered.ok) return recovered;
  if (wish.asked === undefined || recovered.value.found === "nothing") return await then(lock);
  const { record, end, failure } = recovered.value;
  // Going back is what was asked for; going on and ending there is not.
  if (wish.asked === "continue" && failure !== undefined) return { ok: false, failure };
  return { ok: true, value: { did: "recover", record, end } };
}

async function findLive({ router, context }: ReleaseSite): Promise<Result<Colour | undefined>> {
  const view = await router.observe(context.signal);
  return view.ok ? { ok: true, value: liveColour(view.value.traffic) } : view;
}

async function restore(
  site: ReleaseSite,
  lock: DeployLock,
  target: Restorable,
  live: Colour | undefined,
): Promise<Result<CommandEnd>> {
  const restored = await restoreRelease(site, lock, target, live);
  if (!restored.ok) return restored;
  const { release, ended } = restored.value;
  if (ended.end !== "done") {
    const interrupted: Failure = { reason: "release-refused", what: "put the release live", because: "interrupted" };
    return { ok: false, failure: ended.failure ?? interrupted };
  }
  const record = site.journal.findRelease(site.project, release.deployId);
  const liveSinceMs = record.ok ? record.value?.liveSinceMs : undefined;
  return {
    ok: true,
    value: {
      did: "restore",
      release,
      switchedAfterMs: Math.round((liveSinceMs ?? Date.now()) - performance.timeOrigin),
    },
  };
}
