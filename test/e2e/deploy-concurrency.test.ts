import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLoad } from "../rig/load/load-client.ts";
import { renderLoadReport } from "../rig/load/load-report-text.ts";
import { ReleaseProject } from "../rig/release-project.ts";

const DEPLOYS = 16;

let project: ReleaseProject;
beforeAll(async () => {
  // Sixteen processes at once slow down everything on a small machine; the latency is not what this is about.
  project = await ReleaseProject.create({ observe: { for: "1500ms" } });
  const first = await project.deploy("1");
  expect(first.exitCode, first.output).toBe(0);
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
});

describe("16 deploys of one project at once", () => {
  it("are one deploy: the others wait, name who deploys, and find that it is done", async () => {
    await project.load.release("2", {});
    for (const command of ["build", "verify"]) {
      const made = await project.run(command);
      expect(made.exitCode, made.output).toBe(0);
    }
    const before = await project.newestRelease();
    await using load = await startLoad({ url: project.load.url() });
    await load.until((seen) => seen.requests > 100);
    const started = Array.from({ length: DEPLOYS }, () => project.start("deploy"));
    const ended = await Promise.all(started.map(async (deploy) => await deploy.done));
    const report = await load.stop();

    const told = ended.map(({ output }) => output).join("\n---\n");
    expect(
      ended.map(({ exitCode }) => exitCode),
      told,
    ).toEqual(ended.map(() => 0));
    const unchanged = ended.filter(({ output }) => output.includes("already is this release: no container touched"));
    expect(unchanged, told).toHaveLength(DEPLOYS - 1);
    const named = ended.filter(({ output }) => /wait for .+@.+ \(process \d+, deploy .+\), who deploys/.test(output));
    expect(named.length, told).toBeGreaterThan(0);
    expect(report.failed, renderLoadReport(report)).toBe(0);

    const newest = await project.newestRelease();
    expect(newest).toMatchObject({ state: "done", release: { colour: "green", replaces: "blue" } });
    expect(newest?.release.startedAtMs).toBeGreaterThan(before?.release.startedAtMs ?? 0);
    const status = await project.status();
    expect(status).toMatchObject({ live: { colour: "green", deployId: newest?.release.deployId }, drift: [] });
    const locks = await project.run("unlock");
    expect(locks.output).toContain("there is no lock");
  });
});
