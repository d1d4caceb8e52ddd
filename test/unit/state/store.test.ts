import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MIGRATIONS, migrate } from "../../../src/state/migration.ts";
import type { FinishedTaskRecord } from "../../../src/state/record.ts";
import { KEPT_RUNS, openStore } from "../../../src/state/store.ts";
import type { Store } from "../../../src/state/store.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "orchestrate-state-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

async function open(): Promise<Store> {
  const opened = await openStore(directory, 1);
  if (!opened.ok) throw new Error(opened.problem);
  expect(opened.warning).toBeUndefined();
  return opened.store;
}

function run(runId: string, startedAtMs = 1_000): Parameters<Store["recordRunStarted"]>[0] {
  return { runId, variants: ["deploy-blue"], startedAtMs, processId: 4242, logDirectory: `logs/docker/${runId}` };
}

function task(over: Partial<FinishedTaskRecord> = {}): FinishedTaskRecord {
  return {
    runId: "r1",
    task: "images/frontend",
    kind: "build",
    status: "succeeded",
    startedAtMs: 1_000,
    finishedAtMs: 2_000,
    durationMs: 1_000,
    outputs: { image_id: "sha256:1" },
    facts: [],
    ...over,
  };
}

function built(imageId: string, sizeBytes: number): FinishedTaskRecord["facts"][number] {
  return {
    fact: "image-built",
    bakeTarget: "frontend",
    service: "frontend",
    imageId,
    sizeBytes,
    cachedSteps: 0,
    steps: 1,
  };
}

describe("store", () => {
  it("keeps what was recorded when it is opened again, without having been closed", async () => {
    using first = await open();
    first.recordRunStarted(run("r1"));
    const failure = { reason: "timed-out", timeoutMs: 5, lastLines: [] } as const;
    first.recordTaskFinished(task({ facts: [built("sha256:1", 5)] }));
    first.recordTaskFinished({ ...task({ task: "check", kind: "verify", status: "failed", outputs: {} }), failure });

    using second = await open();
    expect(second.listRuns()).toEqual([{ ...run("r1"), status: "running" }]);
    expect(second.listTasks("r1")).toEqual([
      {
        task: "check",
        kind: "verify",
        status: "failed",
        startedAtMs: 1_000,
        durationMs: 1_000,
        outputs: {},
        factsJson: "[]",
        failureJson: JSON.stringify(failure),
      },
      {
        task: "images/frontend",
        kind: "build",
        status: "succeeded",
        startedAtMs: 1_000,
        durationMs: 1_000,
        outputs: { image_id: "sha256:1" },
        factsJson: JSON.stringify([built("sha256:1", 5)]),
      },
    ]);
    second.recordRunFinished({ runId: "r1", status: "failed", durationMs: 12.4 });
    expect(first.listRuns()).toEqual([{ ...run("r1"), status: "failed", durationMs: 12 }]);
  });

  it("is readable by its owner only, its companions too", async () => {
    using store = await open();
    store.recordRunStarted(run("r1"));
    const modes = readdirSync(directory).map((name) => [
      name,
      (statSync(path.join(directory, name)).mode & 0o777).toString(8),
    ]);
    expect(modes).toContainEqual(["store.sqlite", "600"]);
    expect(modes.filter(([, mode]) => mode !== "600")).toEqual([]);
  });

  it("expects the median of the last five successes", async () => {
    using store = await open();
    for (const [index, durationMs] of [90_000, 10, 20, 30, 40, 5_000].entries()) {
      const runId = `r${index}`;
      store.recordRunStarted(run(runId));
      store.recordTaskFinished(task({ runId, durationMs, finishedAtMs: 1_000 + index }));
      store.recordTaskFinished(task({ runId, task: "flaky", status: "failed", durationMs: 1 }));
    }
    store.recordTaskFinished(task({ runId: "r0", task: "twice", durationMs: 10, finishedAtMs: 1 }));
    store.recordTaskFinished(task({ runId: "r1", task: "twice", durationMs: 30, finishedAtMs: 2 }));
    expect(store.expectedDurations()).toEqual(
      new Map([
        ["images/frontend", 30],
        ["twice", 20],
      ]),
    );
  });

  it("knows the size of the image before this one", async () => {
    using store = await open();
    store.recordRunStarted(run("r1"));
    expect(store.previousImageSize("frontend")).toBeUndefined();
    store.recordTaskFinished(task({ facts: [built("sha256:a", 100)], finishedAtMs: 1 }));
    store.recordTaskFinished(task({ facts: [built("sha256:b", 200)], finishedAtMs: 2 }));
    expect(store.previousImageSize("frontend")).toEqual({ imageId: "sha256:b", sizeBytes: 200, atMs: 2 });
    expect(store.previousImageSize("frontend", "sha256:b")).toEqual({ imageId: "sha256:a", sizeBytes: 100, atMs: 1 });
    store.recordTaskFinished(task({ facts: [built("sha256:a", 100)], finishedAtMs: 3 }));
    expect(store.previousImageSize("frontend", "sha256:b")?.atMs).toBe(3);
    expect(store.previousImageSize("backend")).toBeUndefined();
  });

  it("knows what the last real build wrote to each store, and the most of its context that was ever sent", async () => {
    using store = await open();
    store.recordRunStarted(run("r1"));
    const written = { fact: "disk-written", bakeTarget: "web", imageStore: "containerd" } as const;
    const record = (contextBytes: number, layerBytes: number): void =>
      store.recordTaskFinished(task({ facts: [{ ...written, contextBytes, layerBytes }] }));
    record(100, 50);
    record(3, 20);
    expect(store.diskNeed("web", "containerd")).toEqual({ contextBytes: 100, layerBytes: 20 });
    expect(store.diskNeed("web", "graph-driver")).toBeUndefined();
    expect(store.diskNeed("api", "containerd")).toBeUndefined();
  });

  it("marks only runs without an end whose process is gone", async () => {
    using store = await open();
    store.recordRunStarted(run("ended"));
    store.recordRunFinished({ runId: "ended", status: "succeeded", durationMs: 1 });
    store.recordRunStarted({ ...run("alive"), processId: 1 });
    store.recordRunStarted({ ...run("gone"), processId: 2 });
    expect(store.markInterrupted((processId) => processId === 1)).toEqual(["gone"]);
    const statuses = store.listRuns().map((record) => [record.runId, record.status]);
    expect(Object.fromEntries(statuses)).toEqual({ ended: "succeeded", alive: "running", gone: "interrupted" });
    expect(store.markInterrupted(() => false)).toEqual(["alive"]);
  });

  it("forgets the oldest runs with their tasks, never one that runs", async () => {
    using store = await open();
    store.recordRunStarted({ ...run("running", 0) });
    for (let index = 1; index <= KEPT_RUNS + 2; index += 1) {
      store.recordRunStarted(run(`r${index}`, index));
      store.recordTaskFinished(task({ runId: `r${index}` }));
      store.recordRunFinished({ runId: `r${index}`, status: "succeeded", durationMs: 1 });
    }
    const kept = store.listRuns(1_000).map((record) => record.runId);
    expect(kept).toHaveLength(KEPT_RUNS + 1);
    expect(kept).toContain("running");
    expect(kept).not.toContain("r2");
    expect(store.listTasks("r2")).toEqual([]);
    expect(store.listTasks("r3")).toHaveLength(1);
  });
});

describe("openStore", () => {
  it("opens a store of version 1 as it was released", async () => {
    const file = new DatabaseSync(path.join(directory, "store.sqlite"));
    file.exec(`
      CREATE TABLE runs (run_id TEXT PRIMARY KEY, variants TEXT NOT NULL, status TEXT NOT NULL, started_at_ms INTEGER NOT NULL,
        duration_ms INTEGER, process_id INTEGER NOT NULL, log_directory TEXT NOT NULL) STRICT;
      CREATE INDEX runs_by_start ON runs (started_at_ms);
      CREATE TABLE task_records (run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE, task TEXT NOT NULL,
        kind TEXT NOT NULL, status TEXT NOT NULL, started_at_ms INTEGER, duration_ms INTEGER NOT NULL, outputs TEXT NOT NULL,
        facts TEXT NOT NULL, failure TEXT, PRIMARY KEY (run_id, task)) STRICT, WITHOUT ROWID;
      CREATE TABLE task_durations (task TEXT NOT NULL, at_ms INTEGER NOT NULL, duration_ms INTEGER NOT NULL) STRICT;
      CREATE INDEX task_durations_by_task ON task_durations (task, at_ms);
      CREATE TABLE image_sizes (service TEXT NOT NULL, image_id TEXT NOT NULL, size_bytes INTEGER NOT NULL,
        at_ms INTEGER NOT NULL, PRIMARY KEY (service, image_id)) STRICT, WITHOUT ROWID;
      INSERT INTO runs VALUES ('old', '["build"]', 'succeeded', 5, 7, 1, 'logs/docker/old');
      INSERT INTO image_sizes VALUES ('frontend', 'sha256:old', 5, 77);
      INSERT INTO task_durations VALUES ('images/frontend', 1, 1234);
      PRAGMA user_version = 1;`);
    file.close();
    using store = await open();
    expect(store.listRuns()).toEqual([
      {
        runId: "old",
        variants: ["build"],
        status: "succeeded",
        startedAtMs: 5,
        durationMs: 7,
        processId: 1,
        logDirectory: "logs/docker/old",
      },
    ]);
    expect(store.expectedDurations().get("images/frontend")).toBe(1234);
    // The size of an image says when it was built: a use.
    expect(store.lastUsed()).toEqual(new Map([["sha256:old", 77]]));
    expect(store.stepDurations().size).toBe(0);
    store.recordRunStarted(run("new"));
    expect(store.listRuns()).toHaveLength(2);
  });

  it("refuses a store of a newer version and leaves it as it is", async () => {
    const name = path.join(directory, "store.sqlite");
    const file = new DatabaseSync(name);
    file.exec(`CREATE TABLE future (x); PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    file.close();
    const opened = await openStore(directory, 1);
    expect(opened).toEqual({
      ok: false,
      problem: expect.stringMatching(/written by a newer orchestrate \(version \d+.*ORCHESTRATE_STATE_DIR/),
    });
    const after = new DatabaseSync(name);
    expect(after.prepare("SELECT name FROM sqlite_schema").all()).toEqual([{ name: "future" }]);
    after.close();
  });

  it("moves a damaged store aside, warns, and works", async () => {
    writeFileSync(path.join(directory, "store.sqlite"), "this is no database, but long enough to be one".repeat(100));
    const opened = await openStore(directory, 77);
    expect(opened).toMatchObject({ ok: true, warning: expect.stringContaining("store.sqlite.damaged-77") });
    if (!opened.ok) return;
    using store = opened.store;
    store.recordRunStarted(run("r1"));
    expect(store.listRuns()).toHaveLength(1);
    expect(existsSync(path.join(directory, "store.sqlite.damaged-77"))).toBe(true);
  });

  it.each([100, 4_096])("finds damage that begins at byte %i of a file that begins well", async (offset) => {
    const name = path.join(directory, "store.sqlite");
    {
      using store = await open();
      for (let index = 0; index < 200; index += 1) store.recordRunStarted(run(`r${index}`, index));
    }
    const bytes = readFileSync(name);
    bytes.fill(0xa5, offset);
    writeFileSync(name, bytes);
    const opened = await openStore(directory, 78);
    expect(opened).toMatchObject({ ok: true, warning: expect.stringContaining("damaged") });
    if (opened.ok) opened.store[Symbol.dispose]();
  });

  it("says why it cannot open where it may not write", async () => {
    writeFileSync(path.join(directory, "file"), "");
    const opened = await openStore(path.join(directory, "file", "below"), 1);
    expect(opened).toEqual({ ok: false, problem: expect.stringMatching(/cannot be opened: .*(ENOTDIR|EEXIST)/) });
  });
});

describe("migrate", () => {
  it("applies each step once, and none when one of them fails", () => {
    const database = new DatabaseSync(":memory:");
    const one = "CREATE TABLE a (x)";
    expect(migrate(database, [one])).toEqual({ ok: true });
    expect(migrate(database, [one])).toEqual({ ok: true });
    expect(() => migrate(database, [one, "CREATE TABLE b (x)", "CREATE NONSENSE"])).toThrow(/syntax/);
    const tables = "SELECT name FROM sqlite_schema";
    expect(database.prepare(tables).all()).toEqual([{ name: "a" }]);
    expect(migrate(database, [one, "CREATE TABLE b (x)"])).toEqual({ ok: true });
    expect(database.prepare(tables).all()).toHaveLength(2);
    expect(migrate(database, [one])).toEqual({ ok: false, version: 2 });
    database.close();
  });
});
