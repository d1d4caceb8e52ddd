import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLoad } from "../rig/load/load-client.ts";
import { renderLoadReport } from "../rig/load/load-report-text.ts";
import { ReleaseProject } from "../rig/release-project.ts";

let project: ReleaseProject;

/** Says how many containers web has from the next deploy on. */
async function scaleWeb(count: number): Promise<void> {
  for (const colour of ["blue", "green"]) {
    await project.load.edit(`docker/compose.${colour}.yaml`, (text) =>
      text.replace(/( {2}web:\n)(?: {4}scale: \d+\n)?/, `$1    scale: ${count}\n`),
    );
  }
}

beforeAll(async () => {
  project = await ReleaseProject.create({ keep_old: "running" });
  await scaleWeb(2);
  const first = await project.deploy("first");
  expect(first.exitCode, first.output).toBe(0);
});

afterAll(async () => {
  await project[Symbol.asyncDispose]();
});

describe("a service of several containers", () => {
  it("is deployed and rolled back whole, without a failed request", async () => {
    expect(await project.load.containers("blue")).toEqual(["api:running", "web:running", "web:running"]);
    await using load = await startLoad({ url: project.load.url() });
    await load.until((seen) => seen.requests > 200);
    await scaleWeb(3);
    const deployed = await project.deploy("second");
    expect(deployed.exitCode, deployed.output).toBe(0);
    expect(await project.load.containers("green")).toEqual(["api:running", ...Array<string>(3).fill("web:running")]);
    const status = await project.run("router", "status");
    expect(status.stdout).toMatch(/green web: up at \S+, up at \S+, up at \S+\n/);
    const back = await project.run("rollback");
    expect(back.exitCode, back.output).toBe(0);
    const report = await load.stop();
    expect(report.failed, renderLoadReport(report)).toBe(0);
    expect(Object.keys(report.releases).sort()).toEqual(["first", "second"]);
  });

  it("is refused with more containers than the router leads to, and users stay where they are", async () => {
    await scaleWeb(9);
    const refused = await project.deploy("crowd");
    expect(refused.exitCode, refused.output).toBe(1);
    expect(refused.output).toContain("web has 9 containers, and the router leads to 8 at most");
    expect((await project.status()).live?.colour).toBe("blue");
  });
});
