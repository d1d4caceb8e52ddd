import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEPLOY_PHASES } from "../../src/model/release.ts";
import { docker } from "../rig/light-project.ts";
import { startLoad } from "../rig/load/load-client.ts";
import { longestGap } from "../rig/load/load-report.ts";
import type { LoadReport } from "../rig/load/load-report.ts";
import { renderLoadReport } from "../rig/load/load-report-text.ts";
import { ReleaseProject } from "../rig/release-project.ts";

/** How long users may get no answer when the router is started again. */
const LONGEST_GAP_MS = 2_500;

let project: ReleaseProject;

beforeAll(async () => {
  project = await ReleaseProject.create();
  const first = await project.deploy("first");
  expect(first.exitCode, first.output).toBe(0);
});

afterAll(async () => {
  await project[Symbol.asyncDispose]();
});

/** Every record that a deploy can leave behind, in their order. */
const TRANSITIONS = [...DEPLOY_PHASES.flatMap((phase) => [`intent ${phase}`, `fact ${phase}`]), "end done"];

/** Deploys another release under load, kills the program at the transition, does something, and types the command once more. */
async function killUnderLoad(transition: string, between?: () => Promise<void>): Promise<LoadReport> {
  await project.load.release(`${transition} ${between === undefined ? "" : "and the router"}`.trim());
  await using load = await startLoad({ url: project.load.url() });
  await load.until((seen) => seen.requests > 300);
  const { killed, seen } = await project.killAt(transition);
  expect(killed, seen.join(", ")).toBe(true);
  await between?.();
  const next = await project.run("run", "deploy");
  expect(next.exitCode, next.output).toBe(0);
  const report = await load.stop();
  expect(await project.trouble(), next.output).toBeUndefined();
  return report;
}

describe("kill -9", () => {
  it.each(TRANSITIONS)("at %s: the next command puts it right, and no user notices", async (transition) => {
    const report = await killUnderLoad(transition);
    expect(report.failed, renderLoadReport(report)).toBe(0);
  });

  it.each(["fact start", "fact cutover", "intent drain"])(
    "at %s and a restart of the router: traffic goes where it went, after a short gap",
    async (transition) => {
      let before: unknown;
      const report = await killUnderLoad(transition, async () => {
        before = (await project.status()).router?.traffic;
        await docker("restart", await project.router());
        // The file is read by a router that has started, and it has when it answers.
        await expect.poll(async () => (await project.status()).router?.traffic, { timeout: 20_000 }).toEqual(before);
      });
      expect(before, transition).toMatchObject({ to: "colour" });
      expect(longestGap(report), renderLoadReport(report)).toBeLessThanOrEqual(LONGEST_GAP_MS);
    },
  );

  it("at fact cutover and `docker kill` of the router: the next command starts it, too", async () => {
    const report = await killUnderLoad("fact cutover", async () => {
      await docker("kill", await project.router());
    });
    expect(longestGap(report), renderLoadReport(report)).toBeGreaterThan(0);
  });
});
