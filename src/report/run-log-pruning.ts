import { lstatSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import path from "node:path";
import { isRunId } from "./run-id.ts";

/** Which run directories stay. */
export interface RunLogRetention {
  /** The newest so many always stay, at least one. */
  readonly keepRuns: number;
  /** Of the rest, those go whose last event is older. */
  readonly maxAgeMs: number;
}

/** What was removed, and what could not be. Names of run directories. */
export interface PrunedRunLogs {
  readonly removed: readonly string[];
  readonly failed: readonly { readonly name: string; readonly error: string }[];
}

/** A directory without a last event this old may be a run that just began. */
const YOUNGEST_MS = 60 * 60_000;

/**
 * Removes old run directories below `logsDirectory` (`logs/docker`). Only what is a directory (no link), has the name of a run
 * and holds an `events.ndjson` is ever removed; what `latest` points to stays, and so does every run that wrote something
 * within the last hour, since it may still go on. Called by nothing but an explicit wish.
 */
export function pruneRunLogs(logsDirectory: string, retention: RunLogRetention, nowMs: number): PrunedRunLogs {
  const latest = targetOfLatest(logsDirectory);
  const runs = listRunDirectories(logsDirectory).toSorted().toReversed();
  const removed: string[] = [];
  const failed: { name: string; error: string }[] = [];
  for (const name of runs.slice(Math.max(1, retention.keepRuns))) {
    const directory = path.join(logsDirectory, name);
    const lastEventMs = modifiedAt(path.join(directory, "events.ndjson"));
    if (name === latest || lastEventMs === undefined) continue;
    if (nowMs - lastEventMs < Math.max(YOUNGEST_MS, retention.maxAgeMs)) continue;
    try {
      rmSync(directory, { recursive: true });
      removed.push(name);
    } catch (error) {
      failed.push({ name, error: error instanceof Error ? error.message : String(error) });
    }
  }
  return { removed, failed };
}

function listRunDirectories(logsDirectory: string): readonly string[] {
  try {
    const entries = readdirSync(logsDirectory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && isRunId(entry.name)).map((entry) => entry.name);
  } catch {
    return [];
  }
}

function targetOfLatest(logsDirectory: string): string | undefined {
  try {
    return path.basename(readlinkSync(path.join(logsDirectory, "latest")));
  } catch {
    return undefined;
  }
}

/** When a plain file was last written; undefined where there is none. */
function modifiedAt(file: string): number | undefined {
  try {
    const state = lstatSync(file);
    return state.isFile() ? state.mtimeMs : undefined;
  } catch {
    return undefined;
  }
}
