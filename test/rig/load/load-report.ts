import { STREAM_NAMES } from "./observation.ts";
import type { Observation, RequestFailure, StreamName, WebsocketEvent } from "./observation.ts";

/** Width of a bucket of the timeline. */
const BUCKET_MS = 100;

/** Of complete answers, in milliseconds; all 0 when there were none. */
export interface Latency {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** A request that failed. Times are those of `Date.now()`. */
export interface FailedRequest extends RequestFailure {
  readonly stream: StreamName;
  readonly sentAtMs: number;
  readonly endedAtMs: number;
  readonly colour?: string;
}

/** What one stream saw. */
export interface StreamReport {
  readonly requests: number;
  readonly failed: number;
  readonly latency: Latency;
}

/** What was sent in a tenth of a second. */
export interface Bucket {
  /** Begin of the bucket, a multiple of a tenth of a second. */
  readonly atMs: number;
  /** Complete answers by the colour that gave them. */
  readonly colours: Readonly<Record<string, number>>;
  readonly failed: number;
}

/** What became of the websockets. A drop is no failed request: each deploy must end the old colour's some day. */
export interface WebsocketReport {
  /** Those that were opened again after a drop included. */
  readonly opened: number;
  readonly dropped: number;
  readonly refused: number;
  readonly drops: readonly WebsocketEvent[];
}

/** What users would have seen. */
export interface LoadReport {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly requests: number;
  readonly failed: number;
  /** Requests sent per second, from the first to the last. */
  readonly ratePerSecond: number;
  /** How late the client itself was: above a few ms the machine was too busy for the rate. */
  readonly lateMs: { readonly p99Ms: number; readonly maxMs: number };
  /** By the time of sending. */
  readonly failures: readonly FailedRequest[];
  readonly streams: Readonly<Record<StreamName, StreamReport>>;
  readonly latency: Latency;
  /** Complete answers by who gave them. */
  readonly colours: Readonly<Record<string, number>>;
  readonly releases: Readonly<Record<string, number>>;
  /** Without gaps from the first to the last request. */
  readonly timeline: readonly Bucket[];
  readonly websockets: WebsocketReport;
  /**
   * Requests that were sent after the moment (a `Date.now()`), by the colour that answered; failed ones count too when they
   * say who answered. Those under way at the moment are not among them: they may end anywhere.
   */
  servedAfter(timestampMs: number): Readonly<Record<string, number>>;
  /** Failures that were seen from one moment up to, but not including, another. */
  failuresBetween(fromMs: number, toMs: number): readonly FailedRequest[];
}

/** Adds up what was observed. Pure; the order of the observations does not matter. */
export function summarizeLoad(observations: readonly Observation[], events: readonly WebsocketEvent[]): LoadReport {
  const sent = observations.toSorted((a, b) => a.sentAtMs - b.sentAtMs);
  const startedAtMs = sent[0]?.sentAtMs ?? 0;
  const lastSentAtMs = sent.at(-1)?.sentAtMs ?? startedAtMs;
  const failures = sent.flatMap(describeFailure);
  const answered = sent.filter((one) => one.failure === undefined);
  const late = sent.map((one) => one.lateMs).toSorted((a, b) => a - b);
  const drops = events.filter((event) => event.event === "dropped");
  return {
    startedAtMs,
    endedAtMs: sent.reduce((latest, one) => Math.max(latest, one.endedAtMs), startedAtMs),
    requests: sent.length,
    failed: failures.length,
    ratePerSecond: sent.length < 2 ? 0 : ((sent.length - 1) * 1000) / Math.max(1, lastSentAtMs - startedAtMs),
    lateMs: { p99Ms: percentile(late, 99), maxMs: late.at(-1) ?? 0 },
    failures,
    streams: summarizeStreams(sent),
    latency: summarizeLatency(answered),
    colours: countBy(answered, (one) => one.colour),
    releases: countBy(answered, (one) => one.release),
    timeline: divideIntoBuckets(sent),
    websockets: {
      opened: events.filter(({ event }) => event === "opened").length,
      dropped: drops.length,
      refused: events.filter(({ event }) => event === "refused").length,
      drops,
    },
    servedAfter: (timestampMs) =>
      countBy(
        sent.filter((one) => one.sentAtMs > timestampMs),
        (one) => one.colour,
      ),
    failuresBetween: (fromMs, toMs) => failures.filter(({ endedAtMs }) => endedAtMs >= fromMs && endedAtMs < toMs),
  };
}

/** The longest time in which all that was sent failed, in milliseconds, to a tenth of a second; 0 when there was none. */
export function longestGap({ timeline }: Pick<LoadReport, "timeline">): number {
  let longestMs = 0;
  let sinceMs: number | undefined;
  for (const { atMs, colours, failed } of timeline) {
    if (Object.keys(colours).length > 0) sinceMs = undefined;
    // In a bucket without any request the client was late: no reason to believe that somebody answered again.
    else if (failed > 0) {
      sinceMs ??= atMs;
      longestMs = Math.max(longestMs, atMs + BUCKET_MS - sinceMs);
    }
  }
  return longestMs;
}

/** The smallest of the sorted values that at least `percent` of them do not exceed; 0 when there are none. */
export function percentile(sorted: readonly number[], percent: number): number {
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.max(0, rank - 1)] ?? 0;
}

function describeFailure(one: Observation): FailedRequest[] {
  if (one.failure === undefined) return [];
  const { stream, sentAtMs, endedAtMs, colour } = one;
  return [{ stream, sentAtMs, endedAtMs, ...one.failure, ...(colour === undefined ? {} : { colour }) }];
}

function summarizeStreams(sent: readonly Observation[]): Record<StreamName, StreamReport> {
  const reports = STREAM_NAMES.map((name) => {
    const own = sent.filter((one) => one.stream === name);
    const answered = own.filter((one) => one.failure === undefined);
    const report = { requests: own.length, failed: own.length - answered.length, latency: summarizeLatency(answered) };
    return [name, report] as const;
  });
  const empty = { requests: 0, failed: 0, latency: summarizeLatency([]) };
  const none = { "keep-alive": empty, "new-connection": empty, post: empty, slow: empty, upload: empty, chunks: empty };
  return { ...none, ...Object.fromEntries(reports) };
}

function summarizeLatency(answered: readonly Observation[]): Latency {
  const sorted = answered.map((one) => one.latencyMs).toSorted((a, b) => a - b);
  return {
    p50Ms: percentile(sorted, 50),
    p95Ms: percentile(sorted, 95),
    p99Ms: percentile(sorted, 99),
    maxMs: sorted.at(-1) ?? 0,
  };
}

function divideIntoBuckets(sent: readonly Observation[]): Bucket[] {
  const first = sent[0];
  if (first === undefined) return [];
  const begin = Math.floor(first.sentAtMs / BUCKET_MS) * BUCKET_MS;
  const buckets: { atMs: number; colours: Record<string, number>; failed: number }[] = [];
  for (const one of sent) {
    const index = Math.floor((one.sentAtMs - begin) / BUCKET_MS);
    while (buckets.length <= index) buckets.push({ atMs: begin + buckets.length * BUCKET_MS, colours: {}, failed: 0 });
    const bucket = buckets[index];
    if (bucket === undefined) continue;
    if (one.failure !== undefined) bucket.failed += 1;
    else if (one.colour !== undefined) bucket.colours[one.colour] = (bucket.colours[one.colour] ?? 0) + 1;
  }
  return buckets;
}

function countBy<T>(items: readonly T[], key: (item: T) => string | undefined): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) {
    const name = key(item);
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
