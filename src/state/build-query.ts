import { numberOf, textOf } from "./row.ts";
import type { StatementSync } from "node:sqlite";
import type { StepDuration } from "./record.ts";

type Prepare = (text: string) => StatementSync;

/** Newest steps and images that stay remembered; more than a cache of 10 GB holds, and 300 kB at most. */
export const KEPT_STEPS = 2_000;
export const KEPT_USES = 2_000;
/** A `RUN` may hold a whole script; a longer name is not remembered, because it would have to be compared in full. */
const NAME_LIMIT = 2_000;

/** Remembers how long the steps of a build took, the latest time each, under the names of {@link recordNames}. */
export function insertSteps(sql: Prepare, steps: readonly StepDuration[], atMs: number): void {
  if (steps.length === 0) return;
  const insert = sql(
    `INSERT INTO step_durations (name, duration_ms, at_ms) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET duration_ms = excluded.duration_ms, at_ms = excluded.at_ms`,
  );
  for (const { name, durationMs } of steps) {
    for (const each of recordNames(name)) {
      if (each.length <= NAME_LIMIT) insert.run(each, Math.round(durationMs), atMs);
    }
  }
  sql(
    `DELETE FROM step_durations WHERE name NOT IN
       (SELECT name FROM step_durations ORDER BY at_ms DESC, name LIMIT ${KEPT_STEPS})`,
  ).run();
}

/**
 * How BuildKit's cache may describe the result of a step. `[web builder 2/5] RUN make` has the bake target in front where bake says
 * it, so the name counts with and without its first word; of a `RUN` the record holds the command alone.
 */
export function recordNames(step: string): readonly string[] {
  const [, stage = "", place = "", instruction = ""] = /^\[(.*?)(\d+\/\d+)\] (.*)$/s.exec(step) ?? [];
  if (instruction === "") return [];
  const run = /^RUN (?:--\S+ )*(.*)$/s.exec(instruction)?.[1];
  if (run !== undefined) return [run];
  return [...new Set([`[${stage}${place}] ${instruction}`, `[${stage.replace(/^\S+ /, "")}${place}] ${instruction}`])];
}

/** Milliseconds by the names of {@link recordNames}. */
export function readSteps(sql: Prepare): ReadonlyMap<string, number> {
  const rows = sql("SELECT name, duration_ms FROM step_durations").all();
  return new Map(rows.map((row) => [textOf(row, "name"), numberOf(row, "duration_ms")]));
}

/** Remembers that a run built, checked or deployed images; never an earlier time than is known. */
export function insertUses(sql: Prepare, imageIds: Iterable<string>, atMs: number): void {
  for (const imageId of new Set(imageIds)) {
    sql(
      `INSERT INTO image_uses (image_id, at_ms) VALUES (?, ?)
       ON CONFLICT (image_id) DO UPDATE SET at_ms = max(at_ms, excluded.at_ms)`,
    ).run(imageId, atMs);
  }
  sql(
    `DELETE FROM image_uses WHERE image_id NOT IN
       (SELECT image_id FROM image_uses ORDER BY at_ms DESC, image_id LIMIT ${KEPT_USES})`,
  ).run();
}

/** Milliseconds since 1970 by image id. */
export function readUses(sql: Prepare): ReadonlyMap<string, number> {
  const rows = sql("SELECT image_id, at_ms FROM image_uses").all();
  return new Map(rows.map((row) => [textOf(row, "image_id"), numberOf(row, "at_ms")]));
}
