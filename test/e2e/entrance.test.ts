import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exhaustEntrance } from "../rig/exhausted-entrance.ts";
import { ReleaseProject } from "../rig/release-project.ts";

let project: ReleaseProject;

beforeAll(async () => {
  project = await ReleaseProject.create();
  const up = await project.run("router", "up");
  expect(up.exitCode, up.output).toBe(0);
});

afterAll(async () => {
  await project[Symbol.asyncDispose]();
});

describe("an entrance whose docker-proxy has ended", () => {
  it("is told by router status, status and doctor, with what mends it, and mended by router up", async () => {
    const healthy = await project.run("router", "status");
    expect([healthy.exitCode, healthy.stdout]).toEqual([0, expect.not.stringContaining("refuses")]);
    expect((await project.run("doctor")).stdout).toContain("leads to the router");
    const { router: port } = project.load.ports;
    await exhaustEntrance(port);

    const seen = await project.run("router", "status");
    expect([seen.exitCode, seen.stdout]).toEqual([1, expect.stringContaining(`port ${port} refuses connections`)]);
    expect(seen.stdout).toContain("orchestrate router up restarts it");
    expect((await project.status()).drift).toMatchObject([{ finding: "entrance-shut", port }]);
    expect((await project.run("status")).stdout).toMatch(
      /drift: the router runs, but port \d+ .* `orchestrate router up`/,
    );
    const doctor = await project.run("doctor");
    expect(doctor.stdout).toContain(`the router runs, but port ${port} does not lead to it`);
    expect(doctor.exitCode, doctor.output).toBe(0);

    const mended = await project.run("router", "up");
    expect([mended.exitCode, mended.stdout]).toEqual([0, expect.stringContaining("so it was restarted")]);
    expect((await project.status()).drift).toEqual([]);
    expect((await project.run("router", "up")).stdout).toContain("nothing was touched");
  });
});
