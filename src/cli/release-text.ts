import type { ReleaseRecord } from "../model/journal.ts";
import { alignColumns } from "../report/columns.ts";
import type { FoundLock } from "../tasks/deploy/deploy-unlock.ts";

/** How many digits of an image ID people get to see. */
const SHORT_ID = 12;

/** Releases as a table, newest first. */
export function renderReleases(project: string, records: readonly ReleaseRecord[]): readonly string[] {
  if (records.length === 0) return [`no release of ${project} is known`];
  const rows = records.map((record) => {
    const { release, state } = record;
    const reason = describeReason(record);
    return [
      release.deployId,
      release.colour,
      state === "open" ? `unfinished, in ${lastPhase(record)}` : state,
      formatTime(release.startedAtMs),
      release.runId,
      describeImages(record),
      reason,
    ];
  });
  const heading = ["RELEASE", "COLOUR", "STATE", "BEGUN", "RUN", "IMAGES", ""];
  return alignColumns(
    [heading, ...rows],
    heading.map(() => "left" as const),
  );
}

/** Releases for scripts: times as ISO text, and the transitions as the journal has them. */
export function describeReleases(records: readonly ReleaseRecord[]): readonly unknown[] {
  return records.map(({ release, state, liveSinceMs, endedAtMs, transitions }) => {
    const { startedAtMs, ...rest } = release;
    return {
      ...rest,
      state,
      startedAt: formatTime(startedAtMs),
      ...(liveSinceMs === undefined ? {} : { liveSince: formatTime(liveSinceMs) }),
      ...(endedAtMs === undefined ? {} : { endedAt: formatTime(endedAtMs) }),
      transitions: transitions.map(({ sequence, atMs, record }) => ({ sequence, at: formatTime(atMs), ...record })),
    };
  });
}

/** What was found of the locks of a project, and what became of them. */
export function renderLocks(project: string, locks: readonly FoundLock[]): readonly string[] {
  if (locks.length === 0) return [`nobody deploys ${project}: there is no lock`];
  const lines = locks.map((lock) => `${describeLock(lock)}${lock.removed ? "; it was removed" : ""}`);
  if (locks.every(({ removed }) => removed)) return lines;
  return [
    ...lines,
    "",
    "the lock is left to its holder: wait for the deploy to end, or end it there",
    "next: `orchestrate unlock --force` takes it away; that deploy then stops before its next step",
  ];
}

function describeLock({ place, holder, sinceMs, state }: FoundLock): string {
  const where = place === "engine" ? "on the engine" : "on this machine";
  if (state === "unknown") return `the lock ${where} is ${holder}, so nobody can tell whether it is in use`;
  return `the lock ${where} is of ${holder}, since ${formatTime(sinceMs)}, who ${state === "alive" ? "is at work" : "is gone"}`;
}

function lastPhase({ transitions }: ReleaseRecord): string {
  const last = transitions.findLast(({ record }) => record.mark === "intent" || record.mark === "fact")?.record;
  return last !== undefined && "phase" in last ? last.phase : "prepare";
}

function describeReason({ release, transitions }: ReleaseRecord): string {
  const end = transitions.at(-1)?.record;
  const because = end?.mark === "end" ? end.because : undefined;
  const unverified = release.unverified.length === 0 ? [] : [`${release.unverified.length} unverified`];
  const restores = release.restores === undefined ? [] : [`restores ${release.restores}`];
  return [...restores, ...unverified, ...(because === undefined ? [] : [because])].join("; ");
}

function describeImages({ release }: ReleaseRecord): string {
  return Object.entries(release.images)
    .map(([service, id]) => `${service} ${id.replace(/^sha256:/, "").slice(0, SHORT_ID)}`)
    .join(", ");
}

function formatTime(atMs: number): string {
  return new Date(atMs).toISOString();
}
