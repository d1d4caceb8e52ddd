import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CliProcess } from "../rig/cli.ts";
import { startLoad } from "../rig/load/load-client.ts";
import { renderLoadReport } from "../rig/load/load-report-text.ts";
import { eventually, findProcesses } from "../rig/processes.ts";
import { ReleaseProject } from "../rig/release-project.ts";
import { RemoteHost } from "../rig/remote-host.ts";

/** What every deploy says on its way with the reporter ndjson, in this order. */
const MOMENTS = {
  "images are copied": /"name":"copy \d+ images? to ssh:[^}]*"state":"running"/,
  "compose starts the containers": /Container \S+ {2}(Creating|Created|Starting|Recreate)/,
  "the colour becomes ready": /"id":"phase gate"[^}]*"state":"running"/,
  "its pages are requested": /"id":"phase smoke"[^}]*"state":"running"/,
  "traffic is moved": /"id":"phase cutover"[^}]*"state":"running"/,
  "the release is observed": /"id":"phase observe"[^}]*"state":"running"/,
  "the old colour drains": /"id":"phase drain"[^}]*"state":"running"/,
} as const;
type Moment = keyof typeof MOMENTS;

describe.runIf(RemoteHost.isTested())("a remote host in trouble", () => {
  let host: RemoteHost;
  let project: ReleaseProject;
  let count = 0;

  beforeAll(async () => {
    host = await RemoteHost.start();
    project = await ReleaseProject.create({}, host);
    const first = await project.deploy("first");
    expect(first.exitCode, first.output).toBe(0);
  });

  afterAll(async () => {
    await project?.[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
  });

  async function underLoad(act: () => Promise<void>): Promise<void> {
    await using load = await startLoad({ url: project.url() });
    await load.until((seen) => seen.requests > 300);
    await act();
    const report = await load.stop();
    expect(report.failed, renderLoadReport(report)).toBe(0);
    expect(await project.trouble()).toBeUndefined();
    await expectNothingLeft();
  }

  /** Of the commands that have ended: no ssh, no tunnel, no process of a deploy, no lock. */
  async function expectNothingLeft(): Promise<void> {
    const carriers = (): readonly string[] =>
      findProcesses("orchestrate-ssh-")
        .filter(({ command }) => command.includes(host.address))
        .map(({ command }) => command);
    expect(await eventually(carriers, (found) => found.length === 0)).toEqual([]);
    expect(host.tunnels()).toEqual([]);
    expect(findProcesses(project.load.directory).map(({ command }) => command)).toEqual([]);
    expect(await host.engine.docker("ps", "-aq", "--filter", "name=deploy-lock")).toEqual([]);
  }

  /** Types `run deploy` with another release, and resolves at the moment. */
  async function deployUntil(moment: Moment): Promise<CliProcess> {
    count += 1;
    await project.load.release(`release-${count}`);
    const deploy = project.start("run", "deploy", "--reporter", "ndjson");
    await deploy.waitFor(MOMENTS[moment]);
    return deploy;
  }

  async function page(): Promise<string> {
    const response = await fetch(project.url(), { headers: { connection: "close" } });
    return await response.text();
  }

  describe("Ctrl-C", () => {
    it.each(["images are copied", "compose starts the containers", "its pages are requested"] as const)(
      "while %s leaves what was live, and nothing else",
      async (moment) => {
        await underLoad(async () => {
          const was = (await project.status()).live;
          const deploy = await deployUntil(moment);
          deploy.signal("SIGINT");
          const ended = await deploy.done;
          expect(ended.exitCode, ended.output).toBe(130);
          await expectNothingLeft();
          expect((await project.status()).live).toEqual(was);
        });
      },
    );

    it("while the release is observed takes it back", async () => {
      await underLoad(async () => {
        const was = (await project.status()).live;
        const deploy = await deployUntil("the release is observed");
        deploy.signal("SIGINT");
        const ended = await deploy.done;
        expect(ended.exitCode, ended.output).toBe(130);
        await expectNothingLeft();
        expect((await project.status()).live?.colour).toBe(was?.colour);
      });
    });

    it("while the old colour drains leaves the rest to the next command", async () => {
      await underLoad(async () => {
        const deploy = await deployUntil("the old colour drains");
        deploy.signal("SIGINT");
        const ended = await deploy.done;
        expect(ended.exitCode, ended.output).toBe(130);
        await expectNothingLeft();
        expect(await page()).toContain(`release-${count}`);
        const next = await project.run("run", "deploy");
        expect(next.exitCode, next.output).toBe(0);
        expect(await page()).toContain(`release-${count}`);
      });
    });
  });

  describe("a tunnel that breaks", () => {
    it.each([
      "images are copied",
      "compose starts the containers",
      "the colour becomes ready",
      "traffic is moved",
      "the release is observed",
      "the old colour drains",
    ] as const)("while %s fails the deploy in the words of ssh, and the next one goes on", async (moment) => {
      await underLoad(async () => {
        const deploy = await deployUntil(moment);
        await host.cut();
        const ended = await deploy.done;
        expect(ended.exitCode, ended.output).toBe(1);
        expect(ended.output).toContain(`ssh://${host.ssh}`);
        const next = await project.run("run", "deploy");
        expect(next.exitCode, next.output).toBe(0);
        expect(await page()).toContain(`release-${count}`);
      });
    });
  });

  it("switches and goes back under load without a failed request", async () => {
    await underLoad(async () => {
      for (const command of [["switch", "blue"], ["switch", "green"], ["rollback"], ["rollback"]] as const) {
        const ended = await project.run(...command);
        expect(ended.exitCode, ended.output).toBe(0);
      }
    });
  });
});
