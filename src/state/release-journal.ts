import type { StatementSync } from "node:sqlite";
import type { Result } from "../model/failure.ts";
import type { LocalLock, LockOwner, ReleaseJournal, ReleaseRecord } from "../model/journal.ts";
import {
  adoptRelease,
  deployChild,
  insertRelease,
  insertTransition,
  insertVerdict,
  lockOwner,
  releaseRecords,
} from "./release-query.ts";
import { numberOf, textOf } from "./row.ts";

type Prepare = (text: string) => StatementSync;
/** Runs writes in one transaction that is on the disk when it returns. */
type Durably = <T>(write: () => T) => T;

/** Everything that is kept. */
const ALL = -1;

/** The journal of a store. */
export function createReleaseJournal(sql: Prepare, durably: Durably): ReleaseJournal {
  const write = <T>(change: () => T): Result<T> => attempt(() => durably(change));
  return { ...releaseCalls(sql, write), ...imageAndChildCalls(sql, write), ...lockCalls(sql, write) };
}

type Write = <T>(change: () => T) => Result<T>;
type ReleaseCalls = Pick<
  ReleaseJournal,
  "beginRelease" | "recordTransition" | "adoptRelease" | "openDeploy" | "listReleases" | "releaseOf" | "findRelease"
>;
type ImageAndChildCalls = Pick<
  ReleaseJournal,
  "recordVerified" | "isVerified" | "recordChild" | "forgetChild" | "listChildren"
>;
type LockCalls = Pick<ReleaseJournal, "takeLocalLock" | "dropLocalLock" | "readLocalLock">;

function releaseCalls(sql: Prepare, write: Write): ReleaseCalls {
  const select = (rest: string, ...values: readonly (string | number)[]): readonly ReleaseRecord[] =>
    releaseRecords(sql, sql(`SELECT * FROM releases WHERE ${rest}`).all(...values));
  const newestFirst = "ORDER BY started_at_ms DESC, rowid DESC LIMIT";
  return {
    beginRelease: (release) =>
      write(() => {
        const open = sql("SELECT deploy_id FROM releases WHERE project = ? AND state = 'open'").get(release.project);
        if (open !== undefined) throw new Error(`the deploy ${textOf(open, "deploy_id")} has not ended`);
        insertRelease(sql, release);
      }),
    adoptRelease: (published) => write(() => adoptRelease(sql, published)),
    recordTransition: (deployId, record, atMs) => write(() => insertTransition(sql, deployId, record, atMs)),
    openDeploy: (project) => attempt(() => select("project = ? AND state = 'open'", project)[0]),
    listReleases: (project, limit = ALL) => attempt(() => select(`project = ? ${newestFirst} ?`, project, limit)),
    releaseOf: (project, colour) =>
      attempt(() => select(`project = ? AND colour = ? AND state = 'done' ${newestFirst} 1`, project, colour)[0]),
    findRelease: (project, deployId) =>
      attempt(() => {
        const exact = select("project = ? AND deploy_id = ?", project, deployId);
        if (exact.length > 0 || deployId === "") return exact[0];
        const beginning = select("project = ?1 AND substr(deploy_id, 1, length(?2)) = ?2 LIMIT 2", project, deployId);
        return beginning.length === 1 ? beginning[0] : undefined;
      }),
  };
}

function imageAndChildCalls(sql: Prepare, write: Write): ImageAndChildCalls {
  return {
    recordVerified: (verdict) => write(() => insertVerdict(sql, verdict)),
    isVerified: (imageId) =>
      attempt(() => {
        const row = sql("SELECT passed FROM verify_verdicts WHERE image_id = ?").get(imageId);
        return row !== undefined && numberOf(row, "passed") === 1;
      }),
    recordChild: (child) =>
      write(() => {
        sql(
          `INSERT OR REPLACE INTO deploy_children (process_id, start_time, group_id, deploy_id, what)
             VALUES (?, ?, ?, ?, ?)`,
        ).run(child.processId, child.startTime, child.groupId, child.deployId, child.what);
      }),
    forgetChild: ({ processId, startTime }) =>
      write(() => {
        sql("DELETE FROM deploy_children WHERE process_id = ? AND start_time = ?").run(processId, startTime);
      }),
    listChildren: (project) =>
      attempt(() =>
        sql(
          `SELECT deploy_children.* FROM deploy_children LEFT JOIN releases USING (deploy_id)
             WHERE releases.project = ? OR releases.project IS NULL ORDER BY process_id`,
        )
          .all(project)
          .map(deployChild),
      ),
  };
}

function lockCalls(sql: Prepare, write: Write): LockCalls {
  return {
    takeLocalLock: (project, owner, isGone) => write(() => takeLock(sql, project, owner, isGone)),
    dropLocalLock: (project, { processId, startTime, deployId }) =>
      write(() => {
        sql("DELETE FROM local_locks WHERE project = ? AND process_id = ? AND start_time = ? AND deploy_id = ?").run(
          project,
          processId,
          startTime,
          deployId,
        );
      }),
    readLocalLock: (project) => attempt(() => readLock(sql, project)),
  };
}

function attempt<T>(call: () => T): Result<T> {
  try {
    return { ok: true, value: call() };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { ok: false, failure: { reason: "journal-failed", error: text } };
  }
}

/** Within the transaction that other processes wait for, so that two cannot take it over at once. */
function takeLock(sql: Prepare, project: string, owner: LockOwner, isGone: (holder: LockOwner) => boolean): LocalLock {
  const holder = readLock(sql, project);
  if (holder !== undefined && !isSameHolder(holder, owner) && !isGone(holder)) return { lock: "held", holder };
  sql(
    `INSERT OR REPLACE INTO local_locks
       (project, deploy_id, host, user, process_id, start_time, boot_id, process_namespace, since_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    project,
    owner.deployId,
    owner.host,
    owner.user,
    owner.processId,
    owner.startTime,
    owner.bootId,
    owner.processNamespace,
    Math.round(owner.sinceMs),
  );
  return { lock: "taken" };
}

/** One process may deploy twice at a time, and then waits for itself as for anybody else. */
function isSameHolder(one: LockOwner, other: LockOwner): boolean {
  return one.processId === other.processId && one.startTime === other.startTime && one.deployId === other.deployId;
}

function readLock(sql: Prepare, project: string): LockOwner | undefined {
  const row = sql("SELECT * FROM local_locks WHERE project = ?").get(project);
  return row === undefined ? undefined : lockOwner(row);
}
