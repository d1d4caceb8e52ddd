import { setTimeout as delay } from "node:timers/promises";
import type { Failure, Result } from "../model/failure.ts";
import type { LockOwner } from "../model/journal.ts";
import { LABELS } from "../model/observation.ts";
import type { Engine } from "./engine.ts";
import { isRecord, numberAt, parseJson, recordAt, textAt, textMapAt, timeAt } from "./json-value.ts";
import { identifySystem, isRunning, sharesSystem } from "./process-identity.ts";
import type { SystemIdentity } from "./process-identity.ts";

/** Labels of the container that is the lock. */
const LOCK_LABEL = "dev.orchestrate.lock";
const OWNER_LABEL = "dev.orchestrate.lock.owner";
/** How often a holder shows that it lives. */
const BEAT_MS = 5_000;
/** A holder elsewhere that gave no sign for so long is gone; twelve beats, so that a slow engine does not look like a death. */
export const LOCK_TTL_MS = 60_000;
/** How often those who wait look again. */
const POLL_MS = 1_000;
/** The engine needs a moment to make a container that has its name already, and to free the name of one that is removed. */
const SETTLE_MS = 20;
/** Not for ever: the engine may fail to remove a container and say that it is at it. */
const MOST_SETTLING = 100;
/** A call of the heart beat that takes longer has failed; the next one tries again. */
const BEAT_TIMEOUT_MS = 4_000;

/** A lock that exists on an engine. */
export interface HeldLock {
  readonly containerId: string;
  /** Undefined where the labels cannot be read: made by hand, or by a newer orchestrate. */
  readonly owner: LockOwner | undefined;
  /** How long ago the holder showed that it lives, by the engine's clock. */
  readonly silentMs: number;
}

/** Whether the holder of a lock still lives. `unknown` where nobody can tell. */
export type HolderState = "alive" | "gone" | "unknown";

/** How somebody else's lock is treated. */
export interface LockWait {
  /** Waits until it is free; otherwise fails at once. */
  readonly wait: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called with each holder that is waited for, once. */
  readonly onWaiting?: (holder: string) => void;
}

/**
 * One deploy of a project at a time on an engine, whoever starts it from wherever: the lock is a container that is never started,
 * because the engine gives a name to exactly one. Its labels name the holder. While it is held its heart beat is written to the
 * one attribute of such a container that can be changed: the retry count of its restart policy, as seconds of the engine's clock.
 *
 *     free ── create ──► held ── release ──► free
 *                          └── holder gone ── removed by id ──► free   two that see it dead race for the name, and one gets it
 *
 * Gone is who ran on this system and whose process ended, and who was silent for {@link LOCK_TTL_MS} elsewhere. A machine that was
 * suspended for so long loses its lock without noticing, and so does everybody when somebody prunes containers: `check` tells.
 */
export class EngineLock implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #project: string;
  readonly #containerId: string;
  readonly #timer: NodeJS.Timeout;
  #beating: Promise<void> = Promise.resolve();

  constructor(engine: Engine, project: string, containerId: string) {
    this.#engine = engine;
    this.#project = project;
    this.#containerId = containerId;
    this.#timer = setInterval(() => {
      this.#beating = this.#beat();
    }, BEAT_MS);
    // The lock must not keep a process alive that has nothing else to do.
    this.#timer.unref();
  }

  /** Fails with deploy-locked when the lock is not ours any more. About 1 ms on a local engine. */
  async check(signal?: AbortSignal): Promise<Result<void>> {
    const held = await readEngineLock(this.#engine, this.#project, signal);
    if (!held.ok) return held;
    if (held.value?.containerId === this.#containerId) return { ok: true, value: undefined };
    return { ok: false, failure: lockedFailure(this.#project, held.value) };
  }

  /** Gives the lock back. Never fails: what cannot be removed now is taken over later. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    await removeEngineLock(this.#engine, this.#containerId);
  }

  async #beat(): Promise<void> {
    const path = `/containers/${this.#containerId}`;
    const limits = { timeoutMs: BEAT_TIMEOUT_MS, signal: AbortSignal.timeout(BEAT_TIMEOUT_MS) };
    const seen = await this.#engine.request({ method: "GET", path: `${path}/json`, ...limits });
    if (!seen.ok) return;
    const body = { RestartPolicy: restartPolicy(Math.floor(engineClockMs(seen.value.headers) / 1_000)) };
    await this.#engine.request({ method: "POST", path: `${path}/update`, body, ...limits });
  }
}

/**
 * Takes the lock of a project, also from a holder that is gone. `image` is any image that the engine has: a container needs one.
 * Fails with deploy-locked, which names the holder, at once or, when it waits, as soon as the signal aborts.
 */
export async function acquireEngineLock(
  engine: Engine,
  lock: { readonly project: string; readonly image: string; readonly owner: LockOwner },
  how: LockWait,
): Promise<Result<EngineLock>> {
  const here = identifySystem();
  let waitingFor = "";
  let settling = 0;
  for (;;) {
    const created = await createLock(engine, lock);
    if (!created.ok) return created;
    if (created.value !== undefined) {
      return { ok: true, value: new EngineLock(engine, lock.project, created.value) };
    }
    const held = await readEngineLock(engine, lock.project);
    if (!held.ok) return held;
    const gone = held.value !== undefined && judgeHolder(held.value, here) === "gone";
    if (held.value !== undefined && gone) {
      const removed = await removeEngineLock(engine, held.value.containerId);
      if (!removed.ok) return removed;
    }
    if ((held.value === undefined || gone) && settling < MOST_SETTLING) {
      settling += 1;
      await pause(SETTLE_MS, how.signal);
      continue;
    }
    const failure = lockedFailure(lock.project, held.value);
    if (!how.wait || how.signal?.aborted === true) return { ok: false, failure };
    if (waitingFor !== failure.holder) how.onWaiting?.(failure.holder);
    waitingFor = failure.holder;
    settling = 0;
    await pause(POLL_MS, how.signal);
  }
}

/** The lock of a project; undefined when it is free. */
export async function readEngineLock(
  engine: Engine,
  project: string,
  signal?: AbortSignal,
): Promise<Result<HeldLock | undefined>> {
  const answer = await engine.request({ method: "GET", path: `/containers/${lockName(project)}/json`, signal });
  if (!answer.ok) return isStatus(answer.failure, 404) ? { ok: true, value: undefined } : answer;
  const container = parseJson(answer.value.body.toString("utf8"));
  const labels = textMapAt(recordAt(container, "Config"), "Labels");
  const policy = recordAt(recordAt(container, "HostConfig"), "RestartPolicy");
  const beatMs = Math.max(timeAt(container, "Created"), numberAt(policy, "MaximumRetryCount") * 1_000);
  return {
    ok: true,
    value: {
      containerId: textAt(container, "Id"),
      owner: labels[LOCK_LABEL] === project ? parseLockOwner(labels[OWNER_LABEL] ?? "") : undefined,
      silentMs: Math.max(0, engineClockMs(answer.value.headers) - beatMs),
    },
  };
}

/** Removes a lock by the id of its container, so that never a later holder's is hit. Removing what is gone is no failure. */
export async function removeEngineLock(engine: Engine, containerId: string): Promise<Result<void>> {
  const removed = await engine.request({ method: "DELETE", path: `/containers/${containerId}` });
  // 409: somebody else is removing it.
  if (removed.ok || isStatus(removed.failure, 404) || isStatus(removed.failure, 409))
    return { ok: true, value: undefined };
  return removed;
}

/** Whether the holder lives: by its process on the same system, by its heart beat elsewhere. */
export function judgeHolder(held: HeldLock, here: SystemIdentity): HolderState {
  if (held.owner === undefined) return "unknown";
  if (sharesSystem(held.owner, here)) return isRunning(held.owner) ? "alive" : "gone";
  return held.silentMs > LOCK_TTL_MS ? "gone" : "alive";
}

/** The failure of those who find the lock taken. */
export function lockedFailure(
  project: string,
  held: HeldLock | undefined,
): Extract<Failure, { readonly reason: "deploy-locked" }> {
  if (held === undefined) {
    return { reason: "deploy-locked", project, holder: "nobody: the lock was removed meanwhile", sinceMs: Date.now() };
  }
  const holder =
    held.owner === undefined
      ? `the container ${lockName(project)}, which does not say who made it`
      : describeOwner(held.owner);
  return { reason: "deploy-locked", project, holder, sinceMs: held.owner?.sinceMs ?? Date.now() - held.silentMs };
}

/** `ann@build-1 (process 4711, deploy 20261123-210000-abcd)` */
export function describeOwner(owner: LockOwner): string {
  return `${owner.user}@${owner.host} (process ${owner.processId}, deploy ${owner.deployId})`;
}

/** The name of the container that is the lock. */
export function lockName(project: string): string {
  return `${project}-deploy-lock`;
}

/** The new container's id; undefined when somebody else has the name. */
async function createLock(
  engine: Engine,
  { project, image, owner }: { readonly project: string; readonly image: string; readonly owner: LockOwner },
): Promise<Result<string | undefined>> {
  const labels = {
    // An image hands its labels to its containers: this one is no container of the service.
    [LABELS.service]: "",
    [LABELS.project]: project,
    [LOCK_LABEL]: project,
    [OWNER_LABEL]: JSON.stringify(owner),
  };
  const body = {
    Image: image,
    Entrypoint: ["orchestrate-deploy-lock-is-never-started"],
    Labels: labels,
    HostConfig: { NetworkMode: "none", RestartPolicy: restartPolicy(0) },
  };
  const query = { name: lockName(project) };
  const created = await engine.request({ method: "POST", path: "/containers/create", query, body });
  if (created.ok) return { ok: true, value: textAt(parseJson(created.value.body.toString("utf8")), "Id") };
  return isStatus(created.failure, 409) ? { ok: true, value: undefined } : created;
}

/** Nothing ever restarts a container that never ran. */
function restartPolicy(beatSeconds: number): { readonly Name: string; readonly MaximumRetryCount: number } {
  return { Name: "on-failure", MaximumRetryCount: beatSeconds };
}

/** The engine's clock, to the second: holders on several machines have no other one in common. */
function engineClockMs(headers: Readonly<Record<string, string | string[] | undefined>>): number {
  const date = headers["date"];
  const parsed = typeof date === "string" ? Date.parse(date) : Number.NaN;
  return Number.isNaN(parsed) ? Date.now() : parsed;
}

function parseLockOwner(text: string): LockOwner | undefined {
  const value = parseJson(text);
  if (!isRecord(value)) return undefined;
  const owner = {
    deployId: textAt(value, "deployId"),
    host: textAt(value, "host"),
    user: textAt(value, "user"),
    processId: numberAt(value, "processId"),
    startTime: textAt(value, "startTime"),
    bootId: textAt(value, "bootId"),
    processNamespace: textAt(value, "processNamespace"),
    sinceMs: numberAt(value, "sinceMs"),
  };
  return owner.processId > 0 ? owner : undefined;
}

function isStatus(failure: Failure, status: number): boolean {
  return failure.reason === "engine-refused" && failure.status === status;
}

/** Ends early when the signal aborts: the next look ends the wait. */
async function pause(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(durationMs, undefined, signal === undefined ? {} : { signal });
  } catch {
    // Aborted.
  }
}
