import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../rig/cli.ts";
import type { CliResult } from "../rig/cli.ts";
import { expectEnding } from "../rig/ending.ts";
import { docker, findFreePorts, LightProject } from "../rig/light-project.ts";
import { eventually, findProcesses } from "../rig/processes.ts";
import { RemoteHost } from "../rig/remote-host.ts";

/** Nothing of the example but where it goes: a colour behind a router on another host, reached by ssh. */
function behindRouter(text: string, ssh: string, router: number, preview: number): string {
  const config: { environments: Record<string, object> } = JSON.parse(text);
  for (const [name, environment] of Object.entries(config.environments)) {
    config.environments[name] = { ...environment, ssh };
  }
  return JSON.stringify({
    ...config,
    router: {
      port: router,
      preview_port: preview,
      routes: [{ service: "web", port: 8080, check_path: "/healthz" }],
    },
    deploy: { smoke: [{ path: "/", contains: "environment" }], observe: { for: "1s" }, drain: { timeout: "5s" } },
  });
}

const PIPELINE = `
name: deploy
environments: [blue, green]
tasks:
  images:
    build: { targets: [default, store] }
  check-images:
    needs: [images]
    verify: [{ size: {} }]
  release:
    needs: [check-images]
    deploy: { health: { timeout: 60s, min_ready: 1s } }
`;

describe.runIf(RemoteHost.isTested())("a remote host", () => {
  let host: RemoteHost;
  let light: LightProject;
  let routerPort: number;
  let first: CliResult;
  const logins: number[] = [];

  beforeAll(async () => {
    host = await RemoteHost.start();
    light = await LightProject.create();
    const [router, preview] = await findFreePorts(2);
    if (router === undefined || preview === undefined) throw new Error("no free ports");
    routerPort = router;
    await light.edit("docker/build-config.json", (text) => behindRouter(text, host.ssh, router, preview));
    await light.write("pipelines/deploy.yaml", PIPELINE);
    first = await run("run", "deploy");
  });

  afterAll(async () => {
    await light?.[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
  });

  async function run(...argv: readonly string[]): Promise<CliResult> {
    const earlier = await host.logins();
    const result = await runCli(argv, { cwd: light.directory, env: host.environment });
    logins.push((await host.logins()) - earlier);
    return result;
  }

  async function page(place = "/"): Promise<string> {
    const response = await fetch(`http://${host.address}:${routerPort}${place}`, { headers: { connection: "close" } });
    return await response.text();
  }

  async function ids(...words: readonly string[]): Promise<readonly string[]> {
    return [...new Set(await host.engine.docker("image", "ls", "-q", "--no-trunc", ...words))].sort();
  }

  it("gets the images that it lacks and runs them behind its router, with one login", async () => {
    expectEnding(first, {
      exitCode: 0,
      says: [`blue at http://${host.address}:${routerPort}`, /copy 5 images to ssh:/],
    });
    expect(logins).toEqual([1]);
    expect(await page()).toContain("environment blue");
    expect(await page()).toContain("web release");
  });

  it("has exactly the images of this machine, and this machine none of its containers", async () => {
    const filter = ["--filter", `reference=${light.project}/*`];
    const here = [...new Set(await docker("image", "ls", "-q", "--no-trunc", ...filter))].sort();
    expect(await ids(...filter)).toEqual(here);
    for (const part of ["blue", "shared", "router"]) expect(await light.containers(part)).toEqual([]);
  });

  it("is left alone by a deploy of the same", async () => {
    const again = await run("run", "deploy");
    expectEnding(again, { exitCode: 0, says: ["no container touched"] });
    expect(again.stdout).not.toContain("copy ");
    expect(logins.at(-1)).toBe(1);
  });

  it("gets a second release, for which only what changed is copied", async () => {
    await light.edit("services/web/srv/index.html", (text) => text.replace("web release", "second web release"));
    const second = await run("run", "deploy");
    expectEnding(second, {
      exitCode: 0,
      says: [`green at http://${host.address}:${routerPort}`, /copy \d images? to ssh:/],
    });
    expect(second.stdout).not.toContain("copy 5 images");
    expect(logins.at(-1)).toBe(1);
    expect(await page()).toContain("environment green");
    expect(await page()).toContain("second web release");
  });

  it("is rolled back, and says so", async () => {
    expectEnding(await run("rollback"), { exitCode: 0, says: [/blue/] });
    expect(logins.at(-1)).toBe(1);
    expect(await page()).toContain("environment blue");
    expect(await page()).not.toContain("second web release");
    const status = await run("status", "--json");
    expect(JSON.parse(status.stdout)).toMatchObject({ live: { colour: "blue" }, drift: [] });
  });

  it("leaves no ssh, no socket and no half-open connection", async () => {
    const left = await eventually(
      () => findProcesses("orchestrate-ssh-").filter(({ command }) => command.includes(host.address)),
      (found) => found.length === 0,
    );
    expect(left).toEqual([]);
    expect(host.tunnels()).toEqual([]);
  });

  it("that nobody may log in to is unreachable, in the words of ssh", async () => {
    await light.edit("docker/build-config.json", (text) =>
      text.replaceAll(`"${host.ssh}"`, `"nobody@${host.address}"`),
    );
    const refused = await runCli(["router", "status"], { cwd: light.directory, env: host.environment });
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain(`ssh://nobody@${host.address}`);
    expect(refused.output).toContain("Permission denied");
    expect(execFileSync("docker", ["version"], { encoding: "utf8" })).toContain("Server");
  });
});
