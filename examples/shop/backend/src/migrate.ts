/**
 * Applies the migrations in prisma/migrations that the database has not seen, in the order of their names.
 *
 * The bookkeeping is Prisma's own table with Prisma's checksums, so `prisma migrate status` and `prisma migrate deploy`
 * of a connected machine agree with it. Done here because `migrate deploy` needs a native engine that Prisma downloads,
 * and the whole Prisma CLI (300 MB) in the image. Safe to run from blue and green at the same time: one lock for all.
 */
import { createHash, randomUUID } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { readSettings } from "./settings.ts";

const folder = process.env["MIGRATIONS_FOLDER"] ?? "prisma/migrations";
const lockKey = 72_707_369; // the advisory lock that Prisma itself takes

const createTable = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`;

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

async function loadMigrations(): Promise<readonly Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.toSorted().map(async (name) => {
      const sql = await readFile(join(folder, name, "migration.sql"), "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

async function applyMigration(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query("BEGIN");
  await client.query(sql);
  await client.query(
    "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count) VALUES ($1, $2, now(), $3, 1)",
    [randomUUID(), checksum, name],
  );
  await client.query("COMMIT");
}

async function migrate(client: pg.Client): Promise<{ readonly applied: readonly string[]; readonly known: number }> {
  await client.query("SELECT pg_advisory_lock($1)", [lockKey]);
  await client.query(createTable);
  const { rows } = await client.query<{ migration_name: string; checksum: string }>(
    "SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL",
  );
  const done = new Map(rows.map((row) => [row.migration_name, row.checksum]));
  const applied: string[] = [];
  for (const migration of await loadMigrations()) {
    const checksum = done.get(migration.name);
    if (checksum === undefined) {
      await applyMigration(client, migration);
      applied.push(migration.name);
    } else if (checksum !== migration.checksum) {
      throw new Error(`migration ${migration.name} was changed after it had been applied`);
    }
  }
  return { applied, known: done.size };
}

const client = new pg.Client({ connectionString: readSettings(process.env).databaseUrl });
try {
  await client.connect();
  console.log(JSON.stringify(await migrate(client)));
} catch (error) {
  console.error(`migration failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await client.end().catch(() => undefined);
}
