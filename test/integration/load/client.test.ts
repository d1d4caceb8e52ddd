import { createServer } from "node:http";
import type { Server } from "node:http";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findFreePorts } from "../../rig/light-project.ts";
import { startLoad } from "../../rig/load/load-client.ts";
import type { LoadOptions } from "../../rig/load/load-client.ts";
import { PAGE_RATES, scaleRates } from "../../rig/load/load-rates.ts";
import { findProcesses } from "../../rig/processes.ts";

const page = { path: "/", pattern: "^page of (?<colour>\\w+)$" };
let server: Server;
let options: LoadOptions;

beforeAll(async () => {
  const [port = 0] = await findFreePorts(1);
  let requests = 0;
  server = createServer((_, response) => {
    requests += 1;
    response.end(requests <= 300 ? "page of blue" : "page of green");
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  options = { url: `http://127.0.0.1:${port}`, page };
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe("a load", () => {
  it("tells what it has seen up to now, and ends with its process", async () => {
    await using load = await startLoad(options);
    expect(findProcesses(options.url)).toHaveLength(1);
    await load.until((seen) => (seen.colours["green"] ?? 0) > 10);
    const switchedAtMs = Date.now();
    await load.until((seen) => (seen.colours["green"] ?? 0) > 200);
    await expect(load.until((seen) => seen.failed > 0, 100)).rejects.toThrow(/not seen in 100 ms; seen: .*"failed":0/);
    const report = await load.stop();
    expect(report.failed).toBe(0);
    expect(report.colours["blue"]).toBe(300);
    expect(report.servedAfter(switchedAtMs)).not.toHaveProperty("blue");
    expect(report.servedAfter(switchedAtMs)["green"]).toBeGreaterThan(150);
    expect(report.timeline[0]?.colours).toHaveProperty("blue");
    expect(report.timeline.at(-1)?.colours).not.toHaveProperty("blue");
    expect(findProcesses(options.url)).toEqual([]);
    await expect(load.until(() => false)).rejects.toThrow("the load has ended before");
  });

  it("fails when its process dies, instead of reporting what it had", async () => {
    await using load = await startLoad(options);
    const [child] = findProcesses(options.url);
    if (child === undefined) throw new Error("there is no load process");
    process.kill(child.pid, "SIGKILL");
    await expect(load.until(() => false)).rejects.toThrow("the load has ended before");
    await expect(load.stop()).rejects.toThrow("the load process died");
  });

  it("counts what it does not send, because too many wait for an answer, as failed", async () => {
    const silent = createServer(() => {});
    const [port = 0] = await findFreePorts(1);
    await new Promise<void>((resolve) => silent.listen(port, "127.0.0.1", resolve));
    await using load = await startLoad({ url: `http://127.0.0.1:${port}`, mostUnderWay: 100, timeoutMs: 1_000, page });
    await load.until((seen) => seen.requests > 500);
    const open = await promisify(silent.getConnections.bind(silent))();
    expect(open).toBeLessThanOrEqual(100);
    const report = await load.stop();
    silent.closeAllConnections();
    silent.close();
    const reasons = new Map<string, number>();
    for (const { reason } of report.failures) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    expect([...reasons.keys()].sort()).toEqual(["not-sent", "timed-out"]);
    expect(reasons.get("timed-out")).toBeGreaterThanOrEqual(100);
    expect(report.failed).toBe(report.requests);
    expect(report.ratePerSecond).toBeGreaterThan(300);
  });

  it("refuses rates that show nothing", async () => {
    const rates = { ...scaleRates(PAGE_RATES, 0), "keep-alive": 100 };
    await expect(startLoad({ ...options, rates })).rejects.toThrow("at least 300 are needed");
  });
});
