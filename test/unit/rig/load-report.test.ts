import { describe, expect, it } from "vitest";
import { longestGap, percentile, summarizeLoad } from "../../rig/load/load-report.ts";
import { renderLoadReport } from "../../rig/load/load-report-text.ts";
import type { Observation, WebsocketEvent } from "../../rig/load/observation.ts";

const START_MS = 1_800_000_000_050;

/** A request that was sent so long after the start and answered at once by blue, release 1. */
function sent(afterMs: number, rest: Partial<Observation> = {}): Observation {
  const sentAtMs = START_MS + afterMs;
  return {
    stream: "keep-alive",
    sentAtMs,
    endedAtMs: sentAtMs + 3,
    lateMs: 1,
    latencyMs: 4,
    colour: "blue",
    release: "1",
    ...rest,
  };
}

/** The same without an answer. */
function lost(afterMs: number, rest: Partial<Observation> = {}): Observation {
  const { colour: _colour, release: _release, ...nobody } = sent(afterMs, rest);
  return { ...nobody, failure: { reason: "reset", detail: "ECONNRESET" } };
}

describe("percentile", () => {
  it("is the smallest value that so many percent do not exceed", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect([50, 95, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([50, 95, 99, 100]);
    expect(percentile([7], 99)).toBe(7);
    expect(percentile([1, 2, 3], 50)).toBe(2);
    expect(percentile([1, 2], 50)).toBe(1);
    expect(percentile([1, 2], 51)).toBe(2);
  });

  it("is 0 of nothing", () => {
    expect(percentile([], 99)).toBe(0);
  });
});

describe("longestGap", () => {
  it("is from the first to the last of those that failed with no answer in between", () => {
    const gap = [lost(300), lost(450), lost(700), sent(900), lost(1_200)];
    expect(longestGap(summarizeLoad([sent(0), ...gap], []))).toBe(500);
    expect(longestGap(summarizeLoad([sent(0), lost(20), sent(200)], []))).toBe(0);
    expect(longestGap(summarizeLoad([], []))).toBe(0);
  });
});

describe("summarizeLoad", () => {
  it("counts requests, failures and answers by stream, colour and release, in whatever order they ended", () => {
    const report = summarizeLoad(
      [
        sent(1_000, { colour: "green", release: "2", stream: "post", latencyMs: 10 }),
        lost(500, { stream: "upload", endedAtMs: START_MS + 900 }),
        sent(0, { lateMs: 9 }),
        sent(100, { failure: { reason: "bad-status", detail: "500" } }),
      ],
      [],
    );
    expect(report).toMatchObject({
      startedAtMs: START_MS,
      endedAtMs: START_MS + 1_003,
      requests: 4,
      failed: 2,
      ratePerSecond: 3,
      lateMs: { p99Ms: 9, maxMs: 9 },
      colours: { blue: 1, green: 1 },
      releases: { 1: 1, 2: 1 },
    });
    expect(report.failures).toEqual([
      {
        stream: "keep-alive",
        sentAtMs: START_MS + 100,
        endedAtMs: START_MS + 103,
        reason: "bad-status",
        detail: "500",
        colour: "blue",
      },
      {
        stream: "upload",
        sentAtMs: START_MS + 500,
        endedAtMs: START_MS + 900,
        reason: "reset",
        detail: "ECONNRESET",
      },
    ]);
    expect(report.streams["keep-alive"]).toMatchObject({ requests: 2, failed: 1 });
    expect(report.streams.post).toMatchObject({ requests: 1, failed: 0, latency: { p50Ms: 10, maxMs: 10 } });
    expect(report.streams.upload).toMatchObject({ requests: 1, failed: 1, latency: { maxMs: 0 } });
    expect(report.streams.chunks).toMatchObject({ requests: 0, failed: 0 });
  });

  it("takes latencies of complete answers only: a refused connection is quick", () => {
    const report = summarizeLoad([sent(0, { latencyMs: 40 }), lost(1, { latencyMs: 1 })], []);
    expect(report.latency).toEqual({ p50Ms: 40, p95Ms: 40, p99Ms: 40, maxMs: 40 });
  });

  it("says who served what was sent after a moment, and leaves out what was under way at it", () => {
    const report = summarizeLoad(
      [
        sent(0),
        // Under way in the switch: it began before, and blue may finish it long after.
        sent(90, { stream: "slow", endedAtMs: START_MS + 2_000 }),
        sent(100),
        sent(101, { colour: "green" }),
        sent(150),
        sent(160, { failure: { reason: "bad-status", detail: "500" } }),
        lost(170),
      ],
      [],
    );
    expect(report.servedAfter(START_MS + 100)).toEqual({ green: 1, blue: 2 });
    expect(report.servedAfter(START_MS + 99)).toEqual({ green: 1, blue: 3 });
    expect(report.servedAfter(START_MS + 500)).toEqual({});
  });

  it("finds the failures that were seen in a time, by their end", () => {
    const report = summarizeLoad(
      [lost(0, { endedAtMs: START_MS + 50 }), lost(10, { endedAtMs: START_MS + 100 }), sent(20)],
      [],
    );
    expect(report.failuresBetween(START_MS, START_MS + 100)).toHaveLength(1);
    expect(report.failuresBetween(START_MS + 100, START_MS + 101)).toHaveLength(1);
    expect(report.failuresBetween(START_MS + 101, START_MS + 999)).toEqual([]);
  });

  it("divides the time into tenths of a second without gaps", () => {
    const report = summarizeLoad([sent(0), sent(49), sent(50, { colour: "green" }), lost(310), sent(340)], []);
    const begin = START_MS - 50;
    expect(report.timeline).toEqual([
      { atMs: begin, colours: { blue: 2 }, failed: 0 },
      { atMs: begin + 100, colours: { green: 1 }, failed: 0 },
      { atMs: begin + 200, colours: {}, failed: 0 },
      { atMs: begin + 300, colours: { blue: 1 }, failed: 1 },
    ]);
  });

  it("counts websockets apart", () => {
    const events: WebsocketEvent[] = [
      { event: "opened", atMs: START_MS, colour: "blue", release: "1", detail: "" },
      { event: "dropped", atMs: START_MS + 5, colour: "blue", release: "1", detail: "closed with 1001" },
      { event: "refused", atMs: START_MS + 6, detail: "closed with 1006" },
      { event: "opened", atMs: START_MS + 9, colour: "green", release: "2", detail: "" },
    ];
    const report = summarizeLoad([sent(0)], events);
    expect(report.failed).toBe(0);
    expect(report.websockets).toEqual({ opened: 2, dropped: 1, refused: 1, drops: [events[1]] });
  });

  it("is all zeros of nothing", () => {
    const report = summarizeLoad([], []);
    expect(report).toMatchObject({ requests: 0, failed: 0, ratePerSecond: 0, timeline: [], failures: [] });
    expect(renderLoadReport(report)).toContain("0 requests");
  });
});

describe("renderLoadReport", () => {
  it("shows totals, the course of the colours and each failure with its time", () => {
    const report = summarizeLoad(
      [sent(0), sent(100), lost(200, { endedAtMs: START_MS + 230 }), sent(300, { colour: "green", release: "2" })],
      [{ event: "dropped", atMs: START_MS + 210, colour: "blue", release: "1", detail: "closed with 1001" }],
    );
    expect(renderLoadReport(report)).toBe(
      [
        "4 requests in 0.3 s (10/s, client late by p99 1.0 ms, max 1.0 ms): 1 failed",
        "latency: p50 4.0 ms, p95 4.0 ms, p99 4.0 ms, max 4.0 ms",
        "answered by: blue 2, green 1; releases: 1 2, 2 1",
        "websockets: 0 opened, 1 dropped, 0 refused [+0.210s blue closed with 1001]",
        "  keep-alive           4 requests      1 failed   p50 4.0 ms, p95 4.0 ms, p99 4.0 ms, max 4.0 ms",
        "  from +0.000s: blue (2 answers)",
        "  from +0.150s: nobody (0 answers, 1 failed)",
        "  from +0.250s: green (1 answers)",
        "failures by kind:",
        "       1 x keep-alive: reset ECONNRESET",
        "all failures:",
        "  keep-alive: reset ECONNRESET, sent 2027-01-15T08:00:00.250Z (+0.200s), ended after 30 ms",
      ].join("\n"),
    );
  });
});
