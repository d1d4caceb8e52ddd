import type { StatementSync } from "node:sqlite";
import type { DeployChild, LockOwner, PublishedRelease, ReleaseRecord, VerifyVerdict } from "../model/journal.ts";
import type { DeployEnd, DeployPhase, Release, Transition, TransitionRecord } from "../model/release.ts";
import { DEPLOY_PHASES } from "../model/release.ts";
import { numberOf, stringRecordOf, stringsOf, textOf } from "./row.ts";
import type { Row } from "./row.ts";

/** Ended releases that stay recorded, besides the newest good one of each colour. */
export const KEPT_RELEASES = 100;
const KEPT_VERDICTS = 1_000;

type Prepare = (text: string) => StatementSync;

/** Adds a release, one that begins unless it has a state. Throws where another one of the project is open, or the id is taken. */
export function insertRelease(sql: Prepare, release: Release, state: ReleaseRecord["state"] = "open"): void {
  sql(
    `INSERT INTO releases (deploy_id, run_id, project, colour, replaces, restores, images, fingerprint, unverified,
       compose_files, started_at_ms, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    release.deployId,
    release.runId,
    release.project,
    release.colour,
    release.replaces ?? null,
    release.restores ?? null,
    JSON.stringify(release.images),
    release.fingerprint,
    JSON.stringify(release.unverified),
    release.composeFiles === undefined ? null : JSON.stringify(release.composeFiles),
    Math.round(release.startedAtMs),
    state,
  );
}

/**
 * Adds a release of another machine with its transitions, or replaces those of one that is open here. One that has ended here is
 * left alone. Throws where it is open and another one of the project is, too.
 */
export function adoptRelease(sql: Prepare, { release, transitions }: PublishedRelease): void {
  const known = sql("SELECT state FROM releases WHERE deploy_id = ?").get(release.deployId);
  if (known !== undefined && textOf(known, "state") !== "open") return;
  const end = transitions.at(-1)?.record;
  if (known === undefined) insertRelease(sql, release, end?.mark === "end" ? end.end : "open");
  sql("DELETE FROM transitions WHERE deploy_id = ?").run(release.deployId);
  for (const { record, atMs } of transitions) appendTransition(sql, release.deployId, record, atMs);
}

/** Adds the next transition of an open deploy and what follows from it. Throws where the deploy is not open. */
export function insertTransition(sql: Prepare, deployId: string, record: TransitionRecord, atMs: number): Transition {
  const state = sql("SELECT state FROM releases WHERE deploy_id = ?").get(deployId);
  if (state === undefined) throw new Error(`there is no deploy ${deployId}`);
  if (textOf(state, "state") !== "open") throw new Error(`the deploy ${deployId} has ended: ${textOf(state, "state")}`);
  return appendTransition(sql, deployId, record, atMs);
}

function appendTransition(sql: Prepare, deployId: string, record: TransitionRecord, atMs: number): Transition {
  const last = sql("SELECT max(sequence) AS last FROM transitions WHERE deploy_id = ?").get(deployId) ?? {};
  const transition: Transition = {
    deployId,
    sequence: numberOf(last, "last") + 1,
    atMs: Math.round(atMs),
    record,
  };
  const subject = record.mark === "end" ? record.end : record.mark === "turn" ? record.to : record.phase;
  const because = "because" in record ? (record.because ?? null) : null;
  sql("INSERT INTO transitions (deploy_id, sequence, at_ms, mark, subject, because) VALUES (?, ?, ?, ?, ?, ?)").run(
    deployId,
    transition.sequence,
    transition.atMs,
    record.mark,
    subject,
    because,
  );
  if (record.mark === "fact" && record.phase === "cutover") {
    sql("UPDATE releases SET live_since_ms = coalesce(live_since_ms, ?) WHERE deploy_id = ?").run(
      transition.atMs,
      deployId,
    );
  }
  if (record.mark === "end") {
    sql("UPDATE releases SET state = ?, ended_at_ms = ? WHERE deploy_id = ?").run(
      record.end,
      transition.atMs,
      deployId,
    );
    forgetOldReleases(sql, deployId);
  }
  return transition;
}

function forgetOldReleases(sql: Prepare, deployId: string): void {
  sql(
    `DELETE FROM releases WHERE project = (SELECT project FROM releases WHERE deploy_id = ?) AND state != 'open'
       AND deploy_id NOT IN (SELECT deploy_id FROM releases AS newer WHERE newer.project = releases.project
         ORDER BY started_at_ms DESC, rowid DESC LIMIT ${KEPT_RELEASES})
       AND deploy_id != (SELECT deploy_id FROM releases AS good WHERE good.project = releases.project
         AND good.colour = releases.colour AND good.state = 'done' ORDER BY started_at_ms DESC, rowid DESC LIMIT 1)`,
  ).run(deployId);
}

/** Rows of `releases` with their transitions. */
export function releaseRecords(sql: Prepare, rows: readonly Row[]): readonly ReleaseRecord[] {
  return rows.map((row) => {
    const release = releaseOf(row);
    const transitions = sql("SELECT * FROM transitions WHERE deploy_id = ? ORDER BY sequence")
      .all(release.deployId)
      .map(transitionOf);
    return {
      release,
      transitions,
      state: stateOf(textOf(row, "state")),
      ...(row["live_since_ms"] === null ? {} : { liveSinceMs: numberOf(row, "live_since_ms") }),
      ...(row["ended_at_ms"] === null ? {} : { endedAtMs: numberOf(row, "ended_at_ms") }),
    };
  });
}

function releaseOf(row: Row): Release {
  return {
    deployId: textOf(row, "deploy_id"),
    runId: textOf(row, "run_id"),
    project: textOf(row, "project"),
    colour: textOf(row, "colour"),
    ...(row["replaces"] === null ? {} : { replaces: textOf(row, "replaces") }),
    ...(row["restores"] === null ? {} : { restores: textOf(row, "restores") }),
    images: stringRecordOf(row, "images"),
    fingerprint: textOf(row, "fingerprint"),
    ...(row["compose_files"] === null ? {} : { composeFiles: stringsOf(row, "compose_files") }),
    startedAtMs: numberOf(row, "started_at_ms"),
    unverified: stringsOf(row, "unverified"),
  };
}

function transitionOf(row: Row): Transition {
  return {
    deployId: textOf(row, "deploy_id"),
    sequence: numberOf(row, "sequence"),
    atMs: numberOf(row, "at_ms"),
    record: transitionRecordOf(row),
  };
}

/** What cannot be understood throws: to resume a deploy from a guess would be worse than not to. */
function transitionRecordOf(row: Row): TransitionRecord {
  const mark = textOf(row, "mark");
  const subject = textOf(row, "subject");
  const because = row["because"] === null ? undefined : textOf(row, "because");
  const phase = phaseOf(subject);
  if ((mark === "intent" || mark === "fact") && phase !== undefined) return { mark, phase };
  if (mark === "turn" && (subject === "abort" || subject === "roll-back")) {
    return { mark, to: subject, because: because ?? "" };
  }
  if (mark === "end") return { mark, end: endOf(subject), ...(because === undefined ? {} : { because }) };
  throw new Error(`transition ${numberOf(row, "sequence")} of deploy ${textOf(row, "deploy_id")} cannot be read`);
}

function phaseOf(text: string): DeployPhase | undefined {
  return DEPLOY_PHASES.find((phase) => phase === text);
}

function stateOf(text: string): ReleaseRecord["state"] {
  return text === "open" ? text : endOf(text);
}

function endOf(text: string): DeployEnd {
  if (text === "done" || text === "aborted" || text === "rolled-back") return text;
  throw new Error(`\`${text}\` is no end of a deploy`);
}

/** Adds or replaces the verdict over an image. */
export function insertVerdict(sql: Prepare, verdict: VerifyVerdict): void {
  sql("INSERT OR REPLACE INTO verify_verdicts (image_id, passed, run_id, at_ms) VALUES (?, ?, ?, ?)").run(
    verdict.imageId,
    verdict.passed ? 1 : 0,
    verdict.runId,
    Math.round(verdict.atMs),
  );
  sql(
    `DELETE FROM verify_verdicts WHERE image_id NOT IN
       (SELECT image_id FROM verify_verdicts ORDER BY at_ms DESC LIMIT ${KEPT_VERDICTS})`,
  ).run();
}

/** A row of `deploy_children`. */
export function deployChild(row: Row): DeployChild {
  return {
    deployId: textOf(row, "deploy_id"),
    processId: numberOf(row, "process_id"),
    startTime: textOf(row, "start_time"),
    groupId: numberOf(row, "group_id"),
    what: textOf(row, "what"),
  };
}

/** A row of `local_locks`. */
export function lockOwner(row: Row): LockOwner {
  return {
    deployId: textOf(row, "deploy_id"),
    host: textOf(row, "host"),
    user: textOf(row, "user"),
    processId: numberOf(row, "process_id"),
    startTime: textOf(row, "start_time"),
    bootId: textOf(row, "boot_id"),
    processNamespace: textOf(row, "process_namespace"),
    sinceMs: numberOf(row, "since_ms"),
  };
}
