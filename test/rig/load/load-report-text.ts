import type { FailedRequest, Latency, LoadReport } from "./load-report.ts";
import { STREAM_NAMES } from "./observation.ts";

/** How many failures are shown one by one. */
const SHOWN_FAILURES = 20;

/** The report for a person: totals, a line for each stream, the course of the colours, and the first failures with their times. */
export function renderLoadReport(report: LoadReport): string {
  const { requests, failed, ratePerSecond, lateMs, websockets } = report;
  const seconds = (report.endedAtMs - report.startedAtMs) / 1000;
  return [
    `${requests} requests in ${seconds.toFixed(1)} s (${ratePerSecond.toFixed(0)}/s, client late by p99 ${ms(lateMs.p99Ms)}, max ${ms(lateMs.maxMs)}): ${failed} failed`,
    `latency: ${describeLatency(report.latency)}`,
    `answered by: ${describeCounts(report.colours)}; releases: ${describeCounts(report.releases)}`,
    `websockets: ${websockets.opened} opened, ${websockets.dropped} dropped, ${websockets.refused} refused${websockets.drops
      .slice(0, SHOWN_FAILURES)
      .map((drop) => ` [+${offset(report, drop.atMs)} ${drop.colour ?? "none"} ${drop.detail}]`)
      .join("")}`,
    ...describeStreams(report),
    ...describeCourse(report),
    ...describeFailures(report),
  ].join("\n");
}

function describeStreams(report: LoadReport): string[] {
  return STREAM_NAMES.filter((name) => report.streams[name].requests > 0).map((name) => {
    const stream = report.streams[name];
    return `  ${name.padEnd(14)} ${String(stream.requests).padStart(7)} requests ${String(stream.failed).padStart(6)} failed   ${describeLatency(stream.latency)}`;
  });
}

/** One line for each stretch in which the same colours answered, and whether anything failed in it. */
function describeCourse(report: LoadReport): string[] {
  const lines: string[] = [];
  let stretch: { readonly who: string; fromMs: number; count: number; failed: number } | undefined;
  const close = (): void => {
    if (stretch === undefined) return;
    const failed = stretch.failed === 0 ? "" : `, ${stretch.failed} failed`;
    lines.push(`  from +${offset(report, stretch.fromMs)}: ${stretch.who} (${stretch.count} answers${failed})`);
  };
  for (const bucket of report.timeline) {
    const who = Object.keys(bucket.colours).sort().join(" and ") || (bucket.failed > 0 ? "nobody" : "no requests");
    if (stretch === undefined || stretch.who !== who) {
      close();
      stretch = { who, fromMs: Math.max(bucket.atMs, report.startedAtMs), count: 0, failed: 0 };
    }
    stretch.count += Object.values(bucket.colours).reduce((total, count) => total + count, 0);
    stretch.failed += bucket.failed;
  }
  close();
  return lines;
}

function describeFailures(report: LoadReport): string[] {
  if (report.failures.length === 0) return [];
  const groups = new Map<string, number>();
  for (const failure of report.failures) {
    const group = `${failure.stream}: ${failure.reason} ${failure.detail}`;
    groups.set(group, (groups.get(group) ?? 0) + 1);
  }
  const counted = [...groups].toSorted(([, a], [, b]) => b - a);
  const first = report.failures.slice(0, SHOWN_FAILURES);
  return [
    "failures by kind:",
    ...counted.slice(0, SHOWN_FAILURES).map(([group, count]) => `  ${String(count).padStart(6)} x ${group}`),
    first.length < report.failures.length ? `the first ${first.length} failures:` : "all failures:",
    ...first.map((failure) => describeFailure(report, failure)),
  ];
}

function describeFailure(report: LoadReport, failure: FailedRequest): string {
  const { sentAtMs, endedAtMs, stream, reason, detail, colour } = failure;
  const by = colour === undefined ? "" : ` by ${colour}`;
  const times = `sent ${new Date(sentAtMs).toISOString()} (+${offset(report, sentAtMs)}), ended after ${endedAtMs - sentAtMs} ms`;
  return `  ${stream}: ${reason} ${detail}${by}, ${times}`;
}

function describeLatency({ p50Ms, p95Ms, p99Ms, maxMs }: Latency): string {
  return `p50 ${ms(p50Ms)}, p95 ${ms(p95Ms)}, p99 ${ms(p99Ms)}, max ${ms(maxMs)}`;
}

function describeCounts(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return parts.length === 0 ? "nobody" : parts.join(", ");
}

function offset(report: LoadReport, atMs: number): string {
  return `${((atMs - report.startedAtMs) / 1000).toFixed(3)}s`;
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
