import { startLoad } from "../../test/rig/load/load-client.ts";
import type { Load, LoadOptions } from "../../test/rig/load/load-client.ts";
import type { LoadReport } from "../../test/rig/load/load-report.ts";

/** A line of the table. */
export interface Row {
  readonly round: string;
  readonly steps: number;
  readonly requests: number;
  readonly failed: number;
  readonly ratePerSecond: number;
  /** Of the steps. */
  readonly longestMs: number;
  /** How late the load client was at most: above a second the machine stood still, and nothing can be said of what failed then. */
  readonly lateMs: number;
  /** What is measured besides. */
  readonly note?: string;
  /** Whether failed requests are what the round is there to show. */
  readonly mayFail: boolean;
  /** What must not be; empty when all is well. */
  readonly trouble: readonly string[];
}

/** One thing that is done under load; what it resolves to is trouble. */
export type Step = (load: Load) => Promise<string | undefined>;

/** What is done, and how it is judged. */
export interface Round {
  readonly name: string;
  readonly load: LoadOptions;
  readonly steps: readonly Step[];
  readonly mayFail?: boolean;
  /** Looks at the whole load; what it finds wrong is trouble. */
  readonly judge?: (report: LoadReport) => { readonly note?: string; readonly trouble?: readonly string[] };
}

/** Does the steps one after the other under one load; every answer is counted. */
export async function runRound({ name, load: options, steps, mayFail = false, judge }: Round): Promise<Row> {
  await using load = await startLoad(options);
  await load.until((seen) => seen.requests > 200);
  const trouble: string[] = [];
  const ends: number[] = [];
  let longestMs = 0;
  for (const step of steps) {
    const startedMs = performance.now();
    const told = await step(load);
    longestMs = Math.max(longestMs, performance.now() - startedMs);
    ends.push(Date.now());
    if (told !== undefined) trouble.push(`step ${ends.length}: ${told}`);
    process.stderr.write(told === undefined ? "." : "!");
  }
  const report = await load.stop();
  const judged = judge?.(report) ?? {};
  trouble.push(...(judged.trouble ?? []));
  if (!mayFail) trouble.push(...describeFailures(report, ends));
  const { requests, failed, ratePerSecond } = report;
  const lateMs = report.lateMs.maxMs;
  const note = judged.note === undefined ? {} : { note: judged.note };
  return {
    round: name,
    steps: steps.length,
    requests,
    failed,
    ratePerSecond,
    longestMs,
    lateMs,
    mayFail,
    trouble,
    ...note,
  };
}

function describeFailures(report: LoadReport, ends: readonly number[]): readonly string[] {
  return report.failures.slice(0, 10).map(({ stream, reason, detail, sentAtMs, endedAtMs }) => {
    const step = ends.filter((end) => end < endedAtMs).length + 1;
    const sent = new Date(sentAtMs).toISOString().slice(11);
    return `${stream} ${reason}: ${detail}, in step ${step}, sent ${sent}, after ${endedAtMs - sentAtMs} ms`;
  });
}

/** Failures by stream, for a note: `chunks 5, upload 10`. */
export function countByStream(report: LoadReport): string {
  const counts = new Map<string, number>();
  for (const { stream } of report.failures) counts.set(stream, (counts.get(stream) ?? 0) + 1);
  return [...counts].map(([stream, count]) => `${stream} ${count}`).join(", ") || "none";
}

/** The rows as a table for people; what is wrong stands below it. */
export function renderTable(rows: readonly Row[]): string {
  const width = Math.max(24, ...rows.map(({ round }) => round.length));
  const head = `${"round".padEnd(width)}  steps requests failed  per s  longest    late  note`;
  const lines = rows.map(({ round, steps, requests, failed, ratePerSecond, longestMs, lateMs, note, trouble }) => {
    const cells = [
      round.padEnd(width),
      String(steps).padStart(6),
      String(requests).padStart(8),
      String(failed).padStart(6),
      ratePerSecond.toFixed(0).padStart(6),
      `${(longestMs / 1_000).toFixed(1)} s`.padStart(8),
      `${(lateMs / 1_000).toFixed(1)} s`.padStart(7),
    ];
    return `${cells.join(" ")}  ${note ?? ""}${trouble.length === 0 ? "" : ` TROUBLE: ${trouble.join(" | ")}`}`;
  });
  return [head, ...lines].join("\n");
}

/** Whether something is not as it must be. */
export function isBroken({ mayFail, failed, trouble }: Row): boolean {
  return trouble.length > 0 || (failed > 0 && !mayFail);
}
