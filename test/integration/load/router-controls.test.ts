import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadProject } from "../../../src/config/project.ts";
import { resolveProject } from "../../../src/config/resolve-project.ts";
import { openEngine } from "../../../src/docker/engine.ts";
import type { Engine } from "../../../src/docker/engine.ts";
import { openRouter } from "../../../src/docker/router/driver.ts";
import { routerUp } from "../../../src/docker/router/router-project.ts";
import type { RouterSite } from "../../../src/docker/router/router-project.ts";
import type { Result } from "../../../src/model/failure.ts";
import type { Router, RouterConfig } from "../../../src/model/router.ts";
import { docker } from "../../rig/light-project.ts";
import { startLoad } from "../../rig/load/load-client.ts";
import type { Load } from "../../rig/load/load-client.ts";
import { LoadProject } from "../../rig/load/load-project.ts";
import { renderLoadReport } from "../../rig/load/load-report-text.ts";

type TestColour = "blue" | "green";

let project: LoadProject;
let engine: Engine;
let router: Router;

async function value<T>(result: Promise<Result<T>>): Promise<T> {
  const settled = await result;
  if (!settled.ok) throw new Error(JSON.stringify(settled.failure));
  return settled.value;
}

/** As the program would read it; the pipelines of the application are checked with it. */
function readRouterConfig(directory: string): RouterConfig {
  const inputs = { environment: {}, variables: {}, git: {} };
  const resolved = resolveProject(loadProject(directory), inputs, "all");
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.diagnostics));
  const { router } = resolved.value.buildConfig;
  if (router === undefined) throw new Error("the project has no router");
  return router;
}

/** Starts a colour by compose alone, and waits until the router sees all of it. */
async function startColour(colour: TestColour): Promise<void> {
  await project.compose(colour, "up", "--detach", "--wait", "--force-recreate");
  for (const service of ["web", "api"]) {
    const container = `${project.project}-${colour}-${service}-1`;
    await docker("network", "connect", "--alias", `${service}-${colour}`, `${project.project}-router`, container);
  }
  const states = async (): Promise<readonly string[]> => {
    const { backends } = await value(router.observe());
    return backends.filter((backend) => backend.colour === colour).map(({ service, state }) => `${service}:${state}`);
  };
  await expect.poll(states, { timeout: 20_000 }).toEqual(expect.arrayContaining(["web:up", "api:up"]));
}

/** In one call: what is under way must not have the time to end by itself. */
async function stopColour(colour: TestColour): Promise<void> {
  const prefix = `${project.project}-${colour}`;
  await docker("stop", `${prefix}-web-1`, `${prefix}-api-1`);
}

async function direct(colour: TestColour): Promise<number> {
  await value(router.direct({ to: "colour", colour, standby: false }));
  return Date.now();
}

/** Starts the load; when it resolves, requests of all streams are under way. */
async function underLoad(colour: TestColour): Promise<Load> {
  const load = await startLoad({ url: project.url() });
  await load.until((seen) => (seen.colours[colour] ?? 0) > 1_000);
  return load;
}

beforeAll(async () => {
  project = await LoadProject.create();
  engine = await value(openEngine());
  const site: RouterSite = {
    engine,
    project: project.project,
    config: readRouterConfig(project.directory),
    workingDirectory: project.directory,
  };
  await value(routerUp(site));
  router = openRouter(site);
  await project.release("1", { dies: "at-once" });
  await project.build();
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

describe("an application that dies at once, behind the router,", () => {
  it("loses what is under way when its colour is stopped without a drain", async () => {
    await startColour("blue");
    await direct("blue");
    await startColour("green");
    await using load = await underLoad("blue");
    const switchedAtMs = await direct("green");
    await stopColour("blue");
    await load.until((seen) => (seen.colours["green"] ?? 0) > 1_500);
    const report = await load.stop();
    const text = renderLoadReport(report);
    expect(report.failed, text).toBeGreaterThan(10);
    // What was under way, and only that: every one of them had been sent before the switch.
    expect(
      report.failures.filter(({ sentAtMs }) => sentAtMs > switchedAtMs),
      text,
    ).toEqual([]);
    expect(report.servedAfter(switchedAtMs)["blue"] ?? 0, text).toBe(0);
    expect(report.websockets.dropped, text).toBe(10);
  });

  it("loses nothing when its requests are waited for", async () => {
    await using load = await underLoad("green");
    await startColour("blue");
    const switchedAtMs = await direct("blue");
    const open = async (): Promise<number> => (await value(router.count("green"))).openRequests;
    await expect.poll(open, { timeout: 20_000 }).toBe(0);
    await stopColour("green");
    await load.until((seen) => (seen.colours["blue"] ?? 0) > 1_500);
    const report = await load.stop();
    const text = renderLoadReport(report);
    expect(report.failed, text).toBe(0);
    expect(report.servedAfter(switchedAtMs)["green"] ?? 0, text).toBe(0);
    expect(report.websockets.dropped, text).toBe(10);
  });
});
