import {
  describeOwner,
  judgeHolder,
  lockedFailure,
  readEngineLock,
  removeEngineLock,
} from "../../docker/engine-lock.ts";
import type { HolderState } from "../../docker/engine-lock.ts";
import type { Engine } from "../../docker/engine.ts";
import { identifySystem, isRunning, sharesSystem } from "../../docker/process-identity.ts";
import type { Result } from "../../model/failure.ts";
import type { ReleaseJournal } from "../../model/journal.ts";

/** A lock that was found, and what became of it. */
export interface FoundLock {
  /** Where the lock is: on the target engine, or in the state of this machine. */
  readonly place: "engine" | "machine";
  readonly holder: string;
  readonly sinceMs: number;
  readonly state: HolderState;
  readonly removed: boolean;
}

/** Whose locks are looked at. */
export interface UnlockRequest {
  readonly engine: Engine;
  /** Absent where this machine has no state. */
  readonly journal?: ReleaseJournal;
  readonly project: string;
  /** Also takes the lock from a holder that lives or that nobody can judge; its deploy ends before its next step. */
  readonly force: boolean;
}

type Lock = Omit<FoundLock, "removed"> & { readonly remove: () => Promise<Result<unknown>> };

/**
 * Removes the locks of a project whose holder is gone. As long as one holder may live none is removed, unless it is forced.
 * Empty where there is no lock.
 */
export async function unlockDeploy(request: UnlockRequest): Promise<Result<readonly FoundLock[]>> {
  const local = findLocal(request);
  if (!local.ok) return local;
  const remote = await findRemote(request);
  if (!remote.ok) return remote;
  const locks = [...remote.value, ...local.value];
  const removed = request.force || locks.every(({ state }) => state === "gone");
  for (const { remove } of removed ? locks : []) {
    const result = await remove();
    if (!result.ok) return result;
  }
  return {
    ok: true,
    value: locks.map(({ place, holder, sinceMs, state }) => ({ place, holder, sinceMs, state, removed })),
  };
}

async function findRemote({ engine, project }: UnlockRequest): Promise<Result<readonly Lock[]>> {
  const held = await readEngineLock(engine, project);
  if (!held.ok) return held;
  if (held.value === undefined) return { ok: true, value: [] };
  const { containerId } = held.value;
  const { holder, sinceMs } = lockedFailure(project, held.value);
  const state = judgeHolder(held.value, identifySystem());
  const remove = async (): Promise<Result<void>> => await removeEngineLock(engine, containerId);
  return { ok: true, value: [{ place: "engine", holder, sinceMs, state, remove }] };
}

function findLocal({ journal, project }: UnlockRequest): Result<readonly Lock[]> {
  const found = journal?.readLocalLock(project);
  if (found === undefined || journal === undefined) return { ok: true, value: [] };
  if (!found.ok) return found;
  const owner = found.value;
  if (owner === undefined) return { ok: true, value: [] };
  const here = identifySystem();
  // Of a holder elsewhere only the engine's lock tells, by its heart beat.
  const state = sharesSystem(owner, here) && isRunning(owner) ? "alive" : "gone";
  const remove = async (): Promise<Result<void>> => await Promise.resolve(journal.dropLocalLock(project, owner));
  return {
    ok: true,
    value: [{ place: "machine", holder: describeOwner(owner), sinceMs: owner.sinceMs, state, remove }],
  };
}
