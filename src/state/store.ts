import { chmodSync, closeSync, mkdirSync, openSync, renameSync } from "node:fs";
import path from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { ReleaseJournal } from "../model/journal.ts";
import type { TaskId } from "../model/task.ts";
import { readSteps, readUses } from "./build-query.ts";
import { MIGRATIONS, migrate } from "./migration.ts";
import type { FinishedTaskRecord, ImageSizeRecord, RunRecord, StartedRun, TaskRecord } from "./record.ts";
import {
  insertRun,
  insertTask,
  markInterrupted,
  readDiskNeed,
  readDurations,
  readPreviousSize,
  runRecord,
  taskRecord,
} from "./query.ts";
import { createReleaseJournal } from "./release-journal.ts";

/** What a project remembers between runs. Every `record…` is durable when it returns: `kill -9` loses nothing of it. */
export interface Store extends Disposable {
  /** Deploys and what they need to be resumed. */
  readonly releases: ReleaseJournal;
  recordRunStarted(run: StartedRun): void;
  /**
   * Also remembers the sizes of images the task built, when it used which images, how long its steps took, its verdict over images
   * that it verified and, for a success, its duration.
   */
  recordTaskFinished(task: FinishedTaskRecord): void;
  /** Also forgets the oldest runs beyond {@link KEPT_RUNS}. */
  recordRunFinished(run: {
    readonly runId: string;
    readonly status: RunRecord["status"];
    readonly durationMs: number;
  }): void;
  /** Milliseconds by task id: the median of the last five successes. Never throws: what cannot be read is unknown. */
  expectedDurations(): ReadonlyMap<TaskId, number>;
  /** The latest image of a service other than `imageId`; undefined when none is known. */
  previousImageSize(service: string, imageId?: string): ImageSizeRecord | undefined;
  /** Milliseconds that each step of a build took last, by the names that BuildKit's cache may give its result. Never throws. */
  stepDurations(): ReadonlyMap<string, number>;
  /** When a run of this project last built or checked an image, milliseconds since 1970 by image id. Never throws. */
  lastUsed(): ReadonlyMap<string, number>;
  /** What the last real build of a bake target wrote to an image store; undefined when none is remembered. Never throws. */
  diskNeed(
    bakeTarget: string,
    imageStore: string,
  ): { readonly contextBytes: number; readonly layerBytes: number } | undefined;
  /** Newest first. */
  listRuns(limit?: number): readonly RunRecord[];
  /** In no particular order. */
  listTasks(runId: string): readonly TaskRecord[];
  /**
   * Marks runs without an end whose process `isAlive` denies; returns their ids. Never throws: what cannot be written (a full
   * disk) is marked next time.
   */
  markInterrupted(isAlive: (processId: number) => boolean): readonly string[];
}

/** A store, or why there is none: a run goes on without it. */
export type OpenedStore =
  | { readonly ok: true; readonly store: Store; /** What happened to the store before it. */ readonly warning?: string }
  | { readonly ok: false; readonly problem: string };

/** Runs that stay recorded. */
export const KEPT_RUNS = 200;

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
  const atomically = <T>(write: () => T): T => {
    database.exec("BEGIN IMMEDIATE");
    try {
      const written = write();
      database.exec("COMMIT");
      return written;
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  };
  // A run loses nothing of value when the power fails; a deploy must find what it did. FULL syncs the log at each commit.
  const durably = <T>(write: () => T): T => {
    database.exec("PRAGMA synchronous = FULL");
    try {
      return atomically(write);
    } finally {
      database.exec("PRAGMA synchronous = NORMAL");
    }
  };
  return {
    releases: createReleaseJournal(sql, durably),
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
    expectedDurations: () => orElse(() => readDurations(sql), new Map<TaskId, number>()),
    previousImageSize: (service, imageId) => readPreviousSize(sql, service, imageId),
    stepDurations: () => orElse(() => readSteps(sql), new Map<string, number>()),
    diskNeed: (bakeTarget, imageStore) => orElse(() => readDiskNeed(sql, bakeTarget, imageStore), undefined),
    lastUsed: () => orElse(() => readUses(sql), new Map<string, number>()),
    listRuns: (limit = KEPT_RUNS) =>
      sql("SELECT * FROM runs ORDER BY started_at_ms DESC, run_id DESC LIMIT ?").all(limit).map(runRecord),
    listTasks: (runId) => sql("SELECT * FROM task_records WHERE run_id = ?").all(runId).map(taskRecord),
    markInterrupted: (isAlive) => orElse(() => markInterrupted(sql, isAlive), []),
    [Symbol.dispose]: () => {
      if (database.isOpen) database.close();
    },
  };
}

/** For what a run can do without: bookkeeping must not stop it. */
function orElse<T>(attempt: () => T, fallback: T): T {
  try {
    return attempt();
  } catch {
    return fallback;
  }
}
