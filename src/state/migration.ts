import type { DatabaseSync } from "node:sqlite";

/**
 * The schema as a list of steps; a store of version n has had the first n applied. Steps are only ever appended: a store
 * written by any earlier version stays readable.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE runs (
     run_id TEXT PRIMARY KEY,
     variants TEXT NOT NULL,
     status TEXT NOT NULL,
     started_at_ms INTEGER NOT NULL,
     duration_ms INTEGER,
     process_id INTEGER NOT NULL,
     log_directory TEXT NOT NULL
   ) STRICT;
   CREATE INDEX runs_by_start ON runs (started_at_ms);
   CREATE TABLE task_records (
     run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
     task TEXT NOT NULL,
     kind TEXT NOT NULL,
     status TEXT NOT NULL,
     started_at_ms INTEGER,
     duration_ms INTEGER NOT NULL,
     outputs TEXT NOT NULL,
     facts TEXT NOT NULL,
     failure TEXT,
     PRIMARY KEY (run_id, task)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE task_durations (
     task TEXT NOT NULL,
     at_ms INTEGER NOT NULL,
     duration_ms INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX task_durations_by_task ON task_durations (task, at_ms);
   CREATE TABLE image_sizes (
     service TEXT NOT NULL,
     image_id TEXT NOT NULL,
     size_bytes INTEGER NOT NULL,
     at_ms INTEGER NOT NULL,
     PRIMARY KEY (service, image_id)
   ) STRICT, WITHOUT ROWID;`,
  // Releases. At most one deploy of a project is open.
  `CREATE TABLE releases (
     deploy_id TEXT PRIMARY KEY,
     run_id TEXT NOT NULL,
     project TEXT NOT NULL,
     colour TEXT NOT NULL,
     replaces TEXT,
     restores TEXT,
     images TEXT NOT NULL,
     fingerprint TEXT NOT NULL,
     unverified TEXT NOT NULL,
     compose_files TEXT,
     started_at_ms INTEGER NOT NULL,
     state TEXT NOT NULL,
     live_since_ms INTEGER,
     ended_at_ms INTEGER
   ) STRICT;
   CREATE UNIQUE INDEX releases_open ON releases (project) WHERE state = 'open';
   CREATE INDEX releases_by_start ON releases (project, started_at_ms);
   CREATE TABLE transitions (
     deploy_id TEXT NOT NULL REFERENCES releases (deploy_id) ON DELETE CASCADE,
     sequence INTEGER NOT NULL,
     at_ms INTEGER NOT NULL,
     mark TEXT NOT NULL,
     subject TEXT NOT NULL,
     because TEXT,
     PRIMARY KEY (deploy_id, sequence)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE verify_verdicts (
     image_id TEXT PRIMARY KEY,
     passed INTEGER NOT NULL,
     run_id TEXT NOT NULL,
     at_ms INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE deploy_children (
     process_id INTEGER NOT NULL,
     start_time TEXT NOT NULL,
     group_id INTEGER NOT NULL,
     deploy_id TEXT NOT NULL,
     what TEXT NOT NULL,
     PRIMARY KEY (process_id, start_time)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE local_locks (
     project TEXT PRIMARY KEY,
     deploy_id TEXT NOT NULL,
     host TEXT NOT NULL,
     user TEXT NOT NULL,
     process_id INTEGER NOT NULL,
     start_time TEXT NOT NULL,
     boot_id TEXT NOT NULL,
     process_namespace TEXT NOT NULL,
     since_ms INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  // What a clean-up wants to know of the past.
  `CREATE TABLE step_durations (
     name TEXT PRIMARY KEY,
     duration_ms INTEGER NOT NULL,
     at_ms INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE image_uses (
     image_id TEXT PRIMARY KEY,
     at_ms INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   INSERT INTO image_uses (image_id, at_ms) SELECT image_id, max(at_ms) FROM image_sizes GROUP BY image_id;`,
  // What real builds wrote, for the estimate of the next.
  `CREATE TABLE disk_needs (
     bake_target TEXT NOT NULL,
     image_store TEXT NOT NULL,
     context_bytes INTEGER NOT NULL,
     layer_bytes INTEGER NOT NULL,
     at_ms INTEGER NOT NULL,
     PRIMARY KEY (bake_target, image_store)
   ) STRICT, WITHOUT ROWID;`,
];

/** How a migration ended. */
export type Migrated = { readonly ok: true } | { readonly ok: false; readonly version: number };

/**
 * Brings a store up to date, in one transaction that other processes wait for. Refuses a store that knows more steps than
 * we do, untouched. Throws what SQLite throws.
 */
export function migrate(database: DatabaseSync, migrations: readonly string[]): Migrated {
  const known = versionOf(database);
  if (known > migrations.length) return { ok: false, version: known };
  if (known === migrations.length) return { ok: true };
  database.exec("BEGIN IMMEDIATE");
  try {
    // Another process may have been faster while we waited for the lock.
    const current = versionOf(database);
    for (const step of migrations.slice(current)) database.exec(step);
    if (current < migrations.length) database.exec(`PRAGMA user_version = ${migrations.length}`);
    database.exec("COMMIT");
    return current > migrations.length ? { ok: false, version: current } : { ok: true };
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
}
