import { chmodSync, closeSync, mkdirSync, openSync, renameSync } from "node:fs";
import path from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { TaskId } from "../model/task.ts";
import { MIGRATIONS, migrate } from "./migration.ts";
import type { FinishedTaskRecord, ImageSizeRecord, RunRecord, StartedRun, TaskRecord } from "./record.ts";
import { numberOf, stringRecordOf, stringsOf, textOf } from "./row.ts";
import type { Row } from "./row.ts";

/** What a project remembers between runs. Every `record…` is durable when it returns: `kill -9` loses nothing of it. */
export interface Store extends Disposable {
  recordRunStarted(run: StartedRun): void;
  /** Also remembers the sizes of images the task built and, for a success, its duration. */
  recordTaskFinished(task: FinishedTaskRecord): void;
  /** Also forgets the oldest runs beyond {@link KEPT_RUNS}. */
  recordRunFinished(run: {
    readonly runId: string;
    readonly status: RunRecord["status"];
    readonly durationMs: number;
  }): void;
  /** Milliseconds by task id: the median of the last five successes. */
  expectedDurations(): ReadonlyMap<TaskId, number>;
  /** The latest image of a service other than `imageId`; undefined when none is known. */
  previousImageSize(service: string, imageId?: string): ImageSizeRecord | undefined;
  /** Newest first. */
  listRuns(limit?: number): readonly RunRecord[];
  /** In no particular order. */
  listTasks(runId: string): readonly TaskRecord[];
  /** Marks runs without an end whose process `isAlive` denies; returns their ids. */
  markInterrupted(isAlive: (processId: number) => boolean): readonly string[];
}

/** A store, or why there is none: a run goes on without it. */
export type OpenedStore =
  | { readonly ok: true; readonly store: Store; /** What happened to the store before it. */ readonly warning?: string }
  | { readonly ok: false; readonly problem: string };

/** Runs that stay recorded. */
export const KEPT_RUNS = 200;

const KEPT_DURATIONS = 5;
const KEPT_SIZES = 20;
const BUSY_TIMEOUT_MS = 5_000;
/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const CORRUPT_CODES: ReadonlySet<number> = new Set([11, 26]);

/**
 * Opens `<directory>/store.sqlite`, made when missing, readable by its owner only. Several processes may have it open.
 * Never throws: a damaged store is moved aside (`store.sqlite.damaged-<time>`) with a warning and a new one begun; one of a
 * newer version is refused and left alone; where the directory cannot be written, that is the problem.
 */
export async function openStore(directory: string, nowMs: number): Promise<OpenedStore> {
  const file = path.join(directory, "store.sqlite");
  try {
    return await openFile(file);
  } catch (error) {
    if (!isDamage(error)) return { ok: false, problem: `The state in ${file} cannot be opened: ${messageOf(error)}` };
    try {
      const aside = moveAside(file, nowMs);
      const opened = await openFile(file);
      const warning = `The state in ${file} was damaged (${messageOf(error)}); it was moved to ${aside} and begun anew`;
      return opened.ok ? { ...opened, warning } : opened;
    } catch (second) {
      return { ok: false, problem: `The state in ${file} is damaged and cannot be moved: ${messageOf(second)}` };
    }
  }
}

async function openFile(file: string): Promise<OpenedStore> {
  const { DatabaseSync } = await import("node:sqlite");
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  // Made before SQLite does, which would follow the umask; its -wal and -shm files take the mode from this one.
  closeSync(openSync(file, "a", 0o600));
  chmodSync(file, 0o600);
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
  try {
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    const migrated = migrate(database, MIGRATIONS);
    if (migrated.ok) {
      const check = database.prepare("PRAGMA quick_check(1)").get();
      if (check?.["quick_check"] !== "ok") throw new DamageError(String(check?.["quick_check"]));
      return { ok: true, store: createStore(database) };
    }
    database.close();
    return {
      ok: false,
      problem: `The state in ${file} was written by a newer orchestrate (version ${migrated.version}, this one knows ${MIGRATIONS.length}): use the newer one, or set ORCHESTRATE_STATE_DIR to another directory`,
    };
  } catch (error) {
    if (database.isOpen) database.close();
    throw error;
  }
}

class DamageError extends Error {}

function isDamage(error: unknown): boolean {
  if (error instanceof DamageError) return true;
  if (typeof error !== "object" || error === null || !("errcode" in error)) return false;
  // The low byte is the primary code; the rest tells which kind of damage.
  return typeof error.errcode === "number" && CORRUPT_CODES.has(error.errcode & 0xff);
}

function moveAside(file: string, nowMs: number): string {
  const aside = `${file}.damaged-${nowMs}`;
  renameSync(file, aside);
  for (const suffix of ["-wal", "-shm"]) {
    try {
      renameSync(file + suffix, aside + suffix);
    } catch {
      // There is none.
    }
  }
  return aside;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function createStore(database: DatabaseSync): Store {
  const prepared = new Map<string, StatementSync>();
  const sql = (text: string): StatementSync => {
    const statement = prepared.get(text) ?? database.prepare(text);
    prepared.set(text, statement);
    return statement;
  };
  const atomically = (write: () => void): void => {
    database.exec("BEGIN IMMEDIATE");
    try {
      write();
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  };
  return {
    recordRunStarted: (run) => insertRun(sql, run),
    recordTaskFinished: (task) => atomically(() => insertTask(sql, task)),
    recordRunFinished: ({ runId, status, durationMs }) =>
      atomically(() => {
        sql("UPDATE runs SET status = ?, duration_ms = ? WHERE run_id = ?").run(status, Math.round(durationMs), runId);
        sql(
          `DELETE FROM runs WHERE status != 'running' AND run_id NOT IN
             (SELECT run_id FROM runs ORDER BY started_at_ms DESC, run_id DESC LIMIT ${KEPT_RUNS})`,
        ).run();
      }),
    expectedDurations: () => readDurations(sql),
    previousImageSize: (service, imageId) => readPreviousSize(sql, service, imageId),
    listRuns: (limit = KEPT_RUNS) =>
      sql("SELECT * FROM runs ORDER BY started_at_ms DESC, run_id DESC LIMIT ?").all(limit).map(runRecord),
    listTasks: (runId) => sql("SELECT * FROM task_records WHERE run_id = ?").all(runId).map(taskRecord),
    markInterrupted: (isAlive) => markInterrupted(sql, isAlive),
    [Symbol.dispose]: () => {
      if (database.isOpen) database.close();
    },
  };
}

type Prepare = (text: string) => StatementSync;

function insertRun(sql: Prepare, run: StartedRun): void {
  sql(
    `INSERT OR REPLACE INTO runs (run_id, variants, status, started_at_ms, process_id, log_directory)
     VALUES (?, ?, 'running', ?, ?, ?)`,
  ).run(run.runId, JSON.stringify(run.variants), Math.round(run.startedAtMs), run.processId, run.logDirectory);
}

function insertTask(sql: Prepare, task: FinishedTaskRecord): void {
  const durationMs = Math.round(task.durationMs);
  sql(
    `INSERT OR REPLACE INTO task_records
       (run_id, task, kind, status, started_at_ms, duration_ms, outputs, facts, failure)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    task.runId,
    task.task,
    task.kind,
    task.status,
    task.startedAtMs === undefined ? null : Math.round(task.startedAtMs),
    durationMs,
    JSON.stringify(task.outputs),
    JSON.stringify(task.facts),
    task.failure === undefined ? null : JSON.stringify(task.failure),
  );
  const atMs = Math.round(task.finishedAtMs);
  if (task.status === "succeeded") insertDuration(sql, task.task, atMs, durationMs);
  for (const fact of task.facts) {
    if (fact.fact === "image-built" && fact.service !== undefined) {
      insertSize(sql, fact.service, fact.imageId, fact.sizeBytes, atMs);
    }
  }
}

function insertDuration(sql: Prepare, task: TaskId, atMs: number, durationMs: number): void {
  sql("INSERT INTO task_durations (task, at_ms, duration_ms) VALUES (?, ?, ?)").run(task, atMs, durationMs);
  sql(
    `DELETE FROM task_durations WHERE task = ?1 AND rowid NOT IN
       (SELECT rowid FROM task_durations WHERE task = ?1 ORDER BY at_ms DESC, rowid DESC LIMIT ${KEPT_DURATIONS})`,
  ).run(task);
}

function insertSize(sql: Prepare, service: string, imageId: string, sizeBytes: number, atMs: number): void {
  sql(
    `INSERT INTO image_sizes (service, image_id, size_bytes, at_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (service, image_id) DO UPDATE SET size_bytes = excluded.size_bytes, at_ms = excluded.at_ms`,
  ).run(service, imageId, Math.round(sizeBytes), atMs);
  sql(
    `DELETE FROM image_sizes WHERE service = ?1 AND image_id NOT IN
       (SELECT image_id FROM image_sizes WHERE service = ?1 ORDER BY at_ms DESC LIMIT ${KEPT_SIZES})`,
  ).run(service);
}

function readDurations(sql: Prepare): ReadonlyMap<TaskId, number> {
  const durations = new Map<TaskId, number[]>();
  for (const row of sql("SELECT task, duration_ms FROM task_durations ORDER BY task, duration_ms").all()) {
    const task = textOf(row, "task");
    const known = durations.get(task);
    if (known === undefined) durations.set(task, [numberOf(row, "duration_ms")]);
    else known.push(numberOf(row, "duration_ms"));
  }
  return new Map(Array.from(durations, ([task, sorted]) => [task, medianOfSorted(sorted)]));
}

function medianOfSorted(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

function readPreviousSize(sql: Prepare, service: string, imageId: string | undefined): ImageSizeRecord | undefined {
  const row = sql("SELECT * FROM image_sizes WHERE service = ? AND image_id != ? ORDER BY at_ms DESC LIMIT 1").get(
    service,
    imageId ?? "",
  );
  if (row === undefined) return undefined;
  return { imageId: textOf(row, "image_id"), sizeBytes: numberOf(row, "size_bytes"), atMs: numberOf(row, "at_ms") };
}

function markInterrupted(sql: Prepare, isAlive: (processId: number) => boolean): readonly string[] {
  const interrupted: string[] = [];
  for (const row of sql("SELECT run_id, process_id FROM runs WHERE status = 'running' ORDER BY started_at_ms").all()) {
    if (isAlive(numberOf(row, "process_id"))) continue;
    const runId = textOf(row, "run_id");
    const { changes } = sql("UPDATE runs SET status = 'interrupted' WHERE run_id = ? AND status = 'running'").run(
      runId,
    );
    if (Number(changes) > 0) interrupted.push(runId);
  }
  return interrupted;
}

function runRecord(row: Row): RunRecord {
  return {
    runId: textOf(row, "run_id"),
    variants: stringsOf(row, "variants"),
    status: statusOf(textOf(row, "status")),
    startedAtMs: numberOf(row, "started_at_ms"),
    ...(row["duration_ms"] === null ? {} : { durationMs: numberOf(row, "duration_ms") }),
    processId: numberOf(row, "process_id"),
    logDirectory: textOf(row, "log_directory"),
  };
}

function statusOf(text: string): RunRecord["status"] {
  switch (text) {
    case "succeeded":
    case "failed":
    case "cancelled":
    case "running":
      return text;
    default:
      return "interrupted";
  }
}

function taskRecord(row: Row): TaskRecord {
  return {
    task: textOf(row, "task"),
    kind: textOf(row, "kind"),
    status: textOf(row, "status"),
    ...(row["started_at_ms"] === null ? {} : { startedAtMs: numberOf(row, "started_at_ms") }),
    durationMs: numberOf(row, "duration_ms"),
    outputs: stringRecordOf(row, "outputs"),
    factsJson: textOf(row, "facts"),
    ...(row["failure"] === null ? {} : { failureJson: textOf(row, "failure") }),
  };
}
