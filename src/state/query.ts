import type { StatementSync } from "node:sqlite";
import type { TaskFact } from "../model/event.ts";
import type { TaskId } from "../model/task.ts";
import type { FinishedTaskRecord, ImageSizeRecord, RunRecord, StartedRun, TaskRecord } from "./record.ts";
import { insertSteps, insertUses } from "./build-query.ts";
import { insertVerdict } from "./release-query.ts";
import { numberOf, stringRecordOf, stringsOf, textOf } from "./row.ts";
import type { Row } from "./row.ts";

const KEPT_DURATIONS = 5;
const KEPT_SIZES = 20;

type DiskWritten = Extract<TaskFact, { readonly fact: "disk-written" }>;

/** Gives the prepared statement of a text, prepared once. */
export type Prepare = (text: string) => StatementSync;

/** Adds a run that begins. */
export function insertRun(sql: Prepare, run: StartedRun): void {
  sql(
    `INSERT OR REPLACE INTO runs (run_id, variants, status, started_at_ms, process_id, log_directory)
     VALUES (?, ?, 'running', ?, ?, ?)`,
  ).run(run.runId, JSON.stringify(run.variants), Math.round(run.startedAtMs), run.processId, run.logDirectory);
}

/** Adds a task that ended, its duration, the sizes of the images it built and its verdict over those it verified. */
export function insertTask(sql: Prepare, task: FinishedTaskRecord): void {
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
  insertSteps(sql, task.steps ?? [], atMs);
  insertUses(
    sql,
    task.facts.flatMap((fact) => ("imageId" in fact && fact.imageId !== undefined ? [fact.imageId] : [])),
    atMs,
  );
  for (const fact of task.facts) {
    if (fact.fact === "image-built" && fact.service !== undefined) {
      insertSize(sql, fact.service, fact.imageId, fact.sizeBytes, atMs);
    }
    if (fact.fact === "disk-written") insertDiskNeed(sql, fact, atMs);
    if (fact.fact === "image-size" && fact.imageId !== undefined && task.kind === "verify") {
      const passed = task.status === "succeeded";
      insertVerdict(sql, { imageId: fact.imageId, passed, runId: task.runId, atMs });
    }
  }
}

/** Of a context only what has changed is sent, so the most that ever was is kept; it is sent whole after its copy was cleaned away. */
function insertDiskNeed(sql: Prepare, written: DiskWritten, atMs: number): void {
  sql(
    `INSERT INTO disk_needs (bake_target, image_store, context_bytes, layer_bytes, at_ms) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (bake_target, image_store) DO UPDATE SET
       context_bytes = max(context_bytes, excluded.context_bytes), layer_bytes = excluded.layer_bytes, at_ms = excluded.at_ms`,
  ).run(written.bakeTarget, written.imageStore, Math.round(written.contextBytes), Math.round(written.layerBytes), atMs);
}

/** What the last real build of a bake target wrote. */
export function readDiskNeed(
  sql: Prepare,
  bakeTarget: string,
  imageStore: string,
): { readonly contextBytes: number; readonly layerBytes: number } | undefined {
  const row = sql("SELECT * FROM disk_needs WHERE bake_target = ? AND image_store = ?").get(bakeTarget, imageStore);
  if (row === undefined) return undefined;
  return { contextBytes: numberOf(row, "context_bytes"), layerBytes: numberOf(row, "layer_bytes") };
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

/** The median duration of each task, milliseconds. */
export function readDurations(sql: Prepare): ReadonlyMap<TaskId, number> {
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

/** The latest image of a service other than `imageId`. */
export function readPreviousSize(
  sql: Prepare,
  service: string,
  imageId: string | undefined,
): ImageSizeRecord | undefined {
  const row = sql("SELECT * FROM image_sizes WHERE service = ? AND image_id != ? ORDER BY at_ms DESC LIMIT 1").get(
    service,
    imageId ?? "",
  );
  if (row === undefined) return undefined;
  return { imageId: textOf(row, "image_id"), sizeBytes: numberOf(row, "size_bytes"), atMs: numberOf(row, "at_ms") };
}

/** Marks runs without an end whose process is gone; returns their ids. */
export function markInterrupted(sql: Prepare, isAlive: (processId: number) => boolean): readonly string[] {
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

/** A row of `runs`. */
export function runRecord(row: Row): RunRecord {
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

/** A row of `task_records`. */
export function taskRecord(row: Row): TaskRecord {
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
