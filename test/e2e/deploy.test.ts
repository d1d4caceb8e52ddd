import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLoad } from "../rig/load/load-client.ts";
import type { Load } from "../rig/load/load-client.ts";
import { renderLoadReport } from "../rig/load/load-report-text.ts";
import { ReleaseProject } from "../rig/release-project.ts";

let project: ReleaseProject;

/** Load on the router while something is done; fails when a request failed. */
async function underLoad<T>(act: (load: Load) => Promise<T>): Promise<T> {
  await using load = await startLoad({ url: project.load.url() });
  await load.until((seen) => seen.requests > 300);
  const result = await act(load);
  const report = await load.stop();
  expect(report.failed, renderLoadReport(report)).toBe(0);
  expect(report.ratePerSecond).toBeGreaterThan(300);
  return result;
}

/** Exactly one colour gets traffic, by memory and file, and runs; nothing is unfinished. */
async function expectOneLive(colour?: string): Promise<void> {
  const status = await project.status();
  expect(status.open).toBeUndefined();
  expect(status.drift).toEqual([]);
  const live = status.live?.colour;
  expect(live).toBe(colour ?? live);
  const plain = { to: "colour", colour: live, standby: false };
  expect(status.router).toMatchObject({ traffic: plain, persisted: plain });
  expect(status.colours.find((each) => each.colour === live)?.state).toBe("ready");
}

beforeAll(async () => {
  project = await ReleaseProject.create();
  const first = await project.deploy("1");
  expect(first.exitCode, first.output).toBe(0);
});

afterAll(async () => {
  await project[Symbol.asyncDispose]();
});

describe("a deploy through the router", () => {
  it("goes to the idle colour, under load and without a failed request", async () => {
    await expectOneLive("blue");
    const deployed = await underLoad(async () => await project.deploy("2"));
    expect(deployed.exitCode, deployed.output).toBe(0);
    expect(deployed.output).toMatch(/green is live, \d{3,} requests seen and 0 failed/);
    await expectOneLive("green");
    expect(await project.load.containers("blue")).toEqual(["api:exited", "web:exited"]);
  });

  it("touches nothing when nothing has changed", async () => {
    const before = (await project.newestRelease())?.release.deployId;
    const again = await project.run("deploy");
    expect(again.exitCode, again.output).toBe(0);
    expect(again.output).toContain("green is live and already is this release: no container touched");
    expect((await project.newestRelease())?.release.deployId).toBe(before);
    expect(await project.load.containers("blue")).toEqual(["api:exited", "web:exited"]);
  });

  it("rolls back to the kept colour and switches forth, under load", async () => {
    const back = await underLoad(async () => await project.run("rollback"));
    expect(back.exitCode, back.output).toBe(0);
    expect(back.output).toMatch(/blue is live with release .*; traffic moved after/);
    await expectOneLive("blue");
    const forth = await underLoad(async () => await project.run("switch", "green"));
    expect(forth.exitCode, forth.output).toBe(0);
    await expectOneLive("green");
  });

  it("refuses to replace the live colour in place, and names the idle one", async () => {
    await project.load.release("3");
    const refused = await project.run("run", "deploy-green");
    expect(refused.exitCode).toBe(1);
    expect(refused.output).toContain("green is live");
    expect(refused.output).toContain("orchestrate deploy blue");
    await expectOneLive("green");
  });

  it("refuses an image that nothing has verified, unless told to", async () => {
    await project.load.release("4");
    const built = await project.run("build", "--clean", "none");
    expect(built.exitCode, built.output).toBe(0);
    const refused = await project.run("deploy");
    expect(refused.exitCode, refused.output).toBe(1);
    expect(refused.output).toContain("has not passed a verify task");
    const allowed = await project.run("deploy", "--allow-unverified");
    expect(allowed.exitCode, allowed.output).toBe(0);
    expect((await project.newestRelease())?.release.unverified.length).toBeGreaterThan(0);
    await expectOneLive("blue");
  });
});

describe("a broken release", () => {
  const refused = [
    ["exits", { breaks: "exit" }, /exited with code|restart/],
    ["never gets ready", { breaks: "never-ready" }, /did not become ready|still not up/],
    ["shows another page", { breaks: "wrong-page" }, /smoke test/],
  ] as const;
  for (const [what, release, says] of refused) {
    it(`that ${what} is refused, and no user notices`, async () => {
      const live = (await project.status()).live?.colour;
      const failed = await underLoad(async () => await project.deploy(`broken ${what}`, release));
      expect(failed.exitCode, failed.output).toBe(1);
      expect(failed.output).toMatch(says);
      await expectOneLive(live);
    });
  }
});

describe("Ctrl-C", () => {
  const moments = [
    ["before the cutover aborts", /Container \S+ {2}Starting/, "aborted"],
    ["while the release is observed directs traffic back", /direct traffic from \w+ to \w+ \(/, "rolled-back"],
  ] as const;
  for (const [what, moment, state] of moments) {
    it(`${what}, under load`, async () => {
      const live = (await project.status()).live?.colour;
      await project.load.release(`interrupted ${state}`);
      await underLoad(async () => {
        const deploying = project.start("run", "deploy");
        await deploying.waitFor(moment);
        deploying.signal("SIGINT");
        const { exitCode, output } = await deploying.done;
        expect(exitCode, output).toBe(130);
      });
      expect((await project.newestRelease())?.state).toBe(state);
      await expectOneLive(live);
    });
  }
});

describe("a canary", () => {
  it("gets the traffic in steps, each observed", async () => {
    const live = (await project.status()).live?.colour;
    await project.load.edit("docker/build-config.json", (text) =>
      text.replace('"deploy": {', '"deploy": { "strategy": "canary", "canary": [10, 50, 100],'),
    );
    const deployed = await underLoad(async () => await project.deploy("canary"));
    expect(deployed.exitCode, deployed.output).toBe(0);
    expect(deployed.output).toMatch(/with 10 % of the traffic: [1-9]\d* requests, 0 failed/);
    expect(deployed.output).toMatch(/with 50 % of the traffic: [1-9]\d* requests, 0 failed/);
    await expectOneLive(live === "blue" ? "green" : "blue");
  });
});
