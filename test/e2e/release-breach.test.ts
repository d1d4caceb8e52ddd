import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLoad } from "../rig/load/load-client.ts";
import { renderLoadReport } from "../rig/load/load-report-text.ts";
import type { LoadReport } from "../rig/load/load-report.ts";
import type { StreamName } from "../rig/load/observation.ts";
import { ReleaseProject } from "../rig/release-project.ts";
import type { CliResult } from "../rig/cli.ts";

/** Of some 3,800 requests: a second of uploads and of answers in pieces is always under way, 15 together. */
const MOST_LOST = 20;
/** From the death, as the engine tells it, until traffic is directed back; the old colour stands by meanwhile. */
const LONGEST_WAY_BACK_MS = 1_000;
const PUNCTUAL_MS = 250;
const REPEATABLE: ReadonlySet<StreamName> = new Set(["keep-alive", "new-connection", "slow"]);

let project: ReleaseProject;

beforeAll(async () => {
  // Without smoke tests: what is tested here is what users bring to light.
  project = await ReleaseProject.create({ smoke: [], observe: { for: "8s", min_requests: 20, max_latency: "1500ms" } });
  const first = await project.deploy("good");
  expect(first.exitCode, first.output).toBe(0);
});

afterAll(async () => {
  await project[Symbol.asyncDispose]();
});

async function deployUnderLoad(
  name: string,
  breaks: string,
): Promise<{ readonly deployed: CliResult; readonly report: LoadReport }> {
  await using load = await startLoad({ url: project.load.url() });
  await load.until((seen) => seen.requests > 300);
  const deployed = await project.deploy(name, { breaks });
  return { deployed, report: await load.stop() };
}

/** What the report of a deploy says that users saw. */
function toldTraffic(output: string): { readonly failed: number; readonly retried: number } {
  const told = /requests seen and (\d+) failed(?:, (\d+) more attempts? failed)?/.exec(output);
  if (told === null) throw new Error(`the report tells nothing about traffic:\n${output}`);
  return { failed: Number(told[1]), retried: Number(told[2] ?? 0) };
}

async function expectBackOn(colour: string): Promise<void> {
  const status = await project.status();
  expect(status.live?.colour).toBe(colour);
  expect(status.open).toBeUndefined();
  expect(status.drift).toEqual([]);
  // The failed release is kept for inspection, and never what a rollback means.
  expect(status.rollback?.from).not.toBe("containers");
}

describe("a release that breaks its limits under traffic", () => {
  it("goes back at once when it dies", async () => {
    const startedAtMs = Date.now();
    const { deployed, report } = await deployUnderLoad("dies", "crash-busy:1000");
    expect(deployed.exitCode, deployed.output).toBe(1);
    // Its errors may be counted a moment before its end is seen.
    expect(deployed.output).toMatch(/so traffic went back: (?:\w+ (?:restarted|is exited|is restarting)|\d+ of \d+)/);
    const text = renderLoadReport(report);
    // Lost is what was under way in it and had begun to be answered, or may not be repeated; everything else the other one answers.
    const repeatable = report.failures.filter(({ stream }) => REPEATABLE.has(stream));
    expect(repeatable, text).toEqual([]);
    const diedAtMs = await project.diedAtMs("green", startedAtMs);
    if (diedAtMs === undefined) throw new Error("nothing died");
    expect((await project.directedAtMs()) - diedAtMs, text).toBeLessThanOrEqual(LONGEST_WAY_BACK_MS);
    // A client that is late sends all that was due at once: then more is under way than its rates say.
    const most = report.lateMs.maxMs < PUNCTUAL_MS ? MOST_LOST : report.failed;
    expect(report.failed, text).toBeLessThanOrEqual(most);
    // What the standby answered is not among what the report calls failed.
    const told = toldTraffic(deployed.output);
    expect(told.retried).toBeGreaterThan(0);
    const seen = report.failed + report.websockets.refused;
    expect(Math.abs(told.failed - seen), `${deployed.output}\n${renderLoadReport(report)}`).toBeLessThanOrEqual(5);
    await expectBackOn("blue");
  });

  it("never gets users when it fails from the start", async () => {
    const { deployed, report } = await deployUnderLoad("fails", "errors:20");
    expect(deployed.exitCode, deployed.output).toBe(1);
    expect(deployed.output).toContain("smoke test");
    expect(report.failed, renderLoadReport(report)).toBe(0);
    await expectBackOn("blue");
  });

  it("goes back when answers fail under load", async () => {
    const { deployed, report } = await deployUnderLoad("fails later", "errors-busy:20");
    expect(deployed.exitCode, deployed.output).toBe(1);
    expect(deployed.output).toMatch(/traffic went back: \d+ of \d+ requests failed/);
    // A fifth of what came in a moment of it, and not of the eight seconds that it would have been observed.
    expect(report.failed, renderLoadReport(report)).toBeLessThan(200);
    await expectBackOn("blue");
  });

  it("goes back when answers take too long, and what follows is not judged by them", async () => {
    const slow = await deployUnderLoad("slow", "slow:3000");
    expect(slow.deployed.exitCode, slow.deployed.output).toBe(1);
    expect(slow.deployed.output).toMatch(/answers take \d+ ms on average/);
    expect(slow.report.failed, renderLoadReport(slow.report)).toBe(0);
    await expectBackOn("blue");
    const good = await deployUnderLoad("good again", "");
    expect(good.deployed.exitCode, good.deployed.output).toBe(0);
    expect(good.report.failed, renderLoadReport(good.report)).toBe(0);
    expect((await project.status()).live?.colour).toBe("green");
    const back = await project.run("rollback");
    expect(back.exitCode, back.output).toBe(0);
  });
});

describe("several at once", () => {
  it("lets one of 16 deploys run, the others wait and find it done", async () => {
    await project.load.release("sixteen");
    const built = await project.run("run", "deploy", "--only", "images", "--only", "check-images");
    expect(built.exitCode, built.output).toBe(0);
    const before = (await project.newestRelease())?.release.deployId;
    const ends = await Promise.all(Array.from({ length: 16 }, async () => await project.run("deploy", "green")));
    expect(ends.filter(({ exitCode }) => exitCode !== 0).map(({ output }) => output)).toEqual([]);
    expect(ends.filter(({ output }) => output.includes("no container touched")).length).toBe(15);
    const newest = await project.newestRelease();
    expect(newest?.release.deployId).not.toBe(before);
    expect(newest?.release.replaces).toBe("blue");
    expect((await project.status()).live?.colour).toBe("green");
  });
});
