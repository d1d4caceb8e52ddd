import { setTimeout as delay } from "node:timers/promises";
import { acquireEngineLock, lockedFailure } from "../../docker/engine-lock.ts";
import type { EngineLock, LockWait } from "../../docker/engine-lock.ts";
import type { Engine } from "../../docker/engine.ts";
import { createLockOwner, identifySystem, isRunning, sharesSystem } from "../../docker/process-identity.ts";
import type { Result } from "../../model/failure.ts";
import type { LockOwner, ReleaseJournal } from "../../model/journal.ts";

/** How often those who wait for the lock of this machine look again. */
const POLL_MS = 250;

/** What is locked, and for whom. */
export interface LockRequest {
  readonly engine: Engine;
  readonly journal: ReleaseJournal;
  readonly project: string;
  readonly deployId: string;
  /** Any image that the engine has; the lock is a container of it that is never started. */
  readonly image: string;
}

/** Both locks of a deploy, held. */
export interface DeployLock extends AsyncDisposable {
  /**
   * Fails with deploy-locked when the lock was taken away: to be asked before everything that moves traffic or stops something.
   * About 1 ms on a local engine.
   */
  check(signal?: AbortSignal): Promise<Result<void>>;
}

/**
 * Takes the right to deploy a project: the lock of this machine, then that of the target engine, always in this order. Whoever is
 * gone is taken over; for a holder that lives it waits or fails with deploy-locked, which names the holder.
 */
export async function lockDeploy(request: LockRequest, how: LockWait): Promise<Result<DeployLock>> {
  const { engine, journal, project, image } = request;
  const owner = createLockOwner(request.deployId, Date.now());
  const local = await takeLocalLock(journal, project, owner, how);
  if (!local.ok) return local;
  const remote = await acquireEngineLock(engine, { project, image, owner }, how);
  if (!remote.ok) {
    journal.dropLocalLock(project, owner);
    return remote;
  }
  return { ok: true, value: bothLocks(remote.value, () => journal.dropLocalLock(project, owner)) };
}

function bothLocks(engineLock: EngineLock, dropLocal: () => unknown): DeployLock {
  return {
    check: async (signal) => await engineLock.check(signal),
    [Symbol.asyncDispose]: async () => {
      await engineLock[Symbol.asyncDispose]();
      dropLocal();
    },
  };
}

async function takeLocalLock(
  journal: ReleaseJournal,
  project: string,
  owner: LockOwner,
  how: LockWait,
): Promise<Result<void>> {
  const here = identifySystem();
  // A holder of which this system cannot know is left to the lock of the engine, which has its heart beat.
  const isGone = (holder: LockOwner): boolean => !sharesSystem(holder, here) || !isRunning(holder);
  let waitingFor: number | undefined;
  for (;;) {
    const taken = journal.takeLocalLock(project, owner, isGone);
    if (!taken.ok) return taken;
    if (taken.value.lock === "taken") return { ok: true, value: undefined };
    const { holder } = taken.value;
    const failure = lockedFailure(project, { containerId: "", owner: holder, silentMs: 0 });
    if (!how.wait || how.signal?.aborted === true) return { ok: false, failure };
    if (waitingFor !== holder.processId) how.onWaiting?.(failure.holder);
    waitingFor = holder.processId;
    await pause(how.signal);
  }
}

/** Ends early when the signal aborts: the next look ends the wait. */
async function pause(signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(POLL_MS, undefined, signal === undefined ? {} : { signal });
  } catch {
    // Aborted.
  }
}
