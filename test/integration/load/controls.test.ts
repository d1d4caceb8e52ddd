import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLoad } from "../../rig/load/load-client.ts";
import { LoadProject } from "../../rig/load/load-project.ts";
import { LEAST_TOTAL_RATE } from "../../rig/load/load-rates.ts";
import { renderLoadReport } from "../../rig/load/load-report-text.ts";
import { STREAM_NAMES } from "../../rig/load/observation.ts";

let project: LoadProject;

beforeAll(async () => {
  project = await LoadProject.create();
  await project.build();
  await project.compose("in-place", "up", "-d", "--wait");
});

afterAll(async () => {
  await project[Symbol.asyncDispose]();
});

describe("the load client, on a service that is left alone", () => {
  it("sees no failure in 10 seconds of at least 300 requests a second, from any stream", async () => {
    await using load = await startLoad({ url: project.url("inPlace") });
    await load.until((seen) => seen.requests >= 10 * LEAST_TOTAL_RATE);
    const startedAtMs = Date.now();
    await load.until((seen) => seen.requests >= 15 * LEAST_TOTAL_RATE);
    const report = await load.stop();
    const text = renderLoadReport(report);
    expect(report.failed, text).toBe(0);
    expect(report.ratePerSecond, text).toBeGreaterThan(0.98 * LEAST_TOTAL_RATE);
    expect(report.endedAtMs - report.startedAtMs).toBeGreaterThan(10_000);
    for (const name of STREAM_NAMES) expect(report.streams[name].requests, `${name}\n${text}`).toBeGreaterThan(30);
    expect(report.colours, text).toEqual({ "in-place": report.requests });
    expect(report.servedAfter(startedAtMs)["in-place"]).toBeLessThan(report.requests);
    expect(report.websockets, text).toMatchObject({ opened: 10, dropped: 0, refused: 0 });
    // Far above what is normal (3 ms): only nonsense in the arithmetic or a machine that cannot bear the load is meant.
    expect(report.latency.p50Ms, text).toBeLessThan(100);
    expect(report.latency.p50Ms, text).toBeGreaterThan(0.1);
    expect(report.lateMs.p99Ms, text).toBeLessThan(500);
  });
});

describe("the load client must see what goes wrong:", () => {
  it("a plain `docker compose up -d` in place loses many requests and all websockets", async () => {
    await project.release("2");
    await project.build();
    await using load = await startLoad({ url: project.url("inPlace") });
    await load.until((seen) => seen.requests >= 2 * LEAST_TOTAL_RATE);
    const beforeMs = Date.now();
    await project.compose("in-place", "up", "-d", "--wait");
    const afterMs = Date.now();
    await load.until((seen) => seen.requests - seen.failed >= 5 * LEAST_TOTAL_RATE);
    const report = await load.stop();
    const text = renderLoadReport(report);
    expect(report.failed, text).toBeGreaterThan(50);
    expect(Object.keys(report.releases).sort(), text).toEqual(["1", "2"]);
    expect(report.websockets.dropped, text).toBe(10);
    // Nothing failed but because of it.
    expect(report.failuresBetween(beforeMs, afterMs + 2_500).length, text).toBe(report.failed);
  });
});
