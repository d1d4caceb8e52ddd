import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { once } from "node:events";
import { routerProjectName, routerStatus, routerUp, routerUpgrade } from "../../../src/docker/router/router-project.ts";
import type { Traffic } from "../../../src/model/router.ts";
import { docker, findFreePorts } from "../../rig/light-project.ts";
import { RoutedColours, ask, openWebsocket, valueOf } from "./routed-colours.ts";

const settled = (colour: string): Traffic => ({ to: "colour", colour, standby: false });

describe("a router in front of two colours", () => {
  let colours: RoutedColours;
  let port: number;

  beforeAll(async () => {
    colours = await RoutedColours.create();
    ({ port } = colours.config);
    await colours.start();
  });

  afterAll(async () => {
    await colours[Symbol.asyncDispose]();
  });

  /** The colour that answers. */
  const live = async (path = "/", host = "any.example"): Promise<string> => (await ask(port, path, { host })).body;

  it("answers 503 before anything is deployed, at both entrances", async () => {
    expect(await ask(port)).toEqual({ status: 503, body: "Nothing is deployed here.\n" });
    expect(await ask(colours.config.previewPort)).toMatchObject({ status: 503 });
    expect(valueOf(await colours.router.observe())).toMatchObject({
      traffic: { to: "nowhere" },
      persisted: { to: "nowhere" },
    });
  });

  it("switches all services in one call, durably, and back", async () => {
    for (const colour of ["blue", "green", "blue"]) {
      valueOf(await colours.router.direct(settled(colour)));
      expect([await live(), await live("/api"), await live("/", "api.example:80")]).toEqual([
        `${colour} web / http`,
        `${colour} api /api http`,
        `${colour} api / http`,
      ]);
      const view = valueOf(await colours.router.observe());
      expect([view.traffic, view.persisted]).toEqual([settled(colour), settled(colour)]);
    }
  });

  it("routes by host and by whole parts of the path", async () => {
    valueOf(await colours.router.direct(settled("blue")));
    expect(await live("/api/x")).toContain("blue api /api/x");
    expect(await live("/apix")).toContain("blue web /apix");
    expect(await live("/apix", "EU.api.test")).toContain("blue api /apix");
    expect(await live("/", "api.test")).toContain("blue web");
  });

  it("shows the preview another colour than the users", async () => {
    valueOf(await colours.router.direct(settled("blue")));
    valueOf(await colours.router.preview("green"));
    expect((await ask(colours.config.previewPort, "/api")).body).toContain("green api");
    expect(await live()).toContain("blue");
  });

  it("knows the backends by the addresses that their containers have on its network", async () => {
    const { backends } = valueOf(await colours.router.observe());
    expect(backends.map(({ service, colour, state }) => `${service} ${colour} ${state}`)).toEqual([
      "api blue up",
      "api green up",
      "web blue up",
      "web green up",
    ]);
    const network = routerProjectName(colours.workbench.name);
    const container = valueOf(await colours.workbench.engine.inspectContainer(await colours.container("green", "web")));
    const address = `${container?.ipAddresses[network]}:8080`;
    expect(backends[3]?.instances).toEqual([{ address, state: "up" }]);
  });

  it("leaves a service on its own network beside the router's, and unrouted services off that", async () => {
    const networks = async (service: string): Promise<readonly string[]> => {
      const id = await colours.container("blue", service);
      return Object.keys(valueOf(await colours.workbench.engine.inspectContainer(id))?.ipAddresses ?? {}).sort();
    };
    const { name } = colours.workbench;
    expect(await networks("web")).toEqual([`${name}-blue_default`, `${name}-router`]);
    expect(await networks("inner")).toEqual([`${name}-blue_default`]);
  });

  it("sends about the asked share to a canary", async () => {
    valueOf(await colours.router.direct({ to: "canary", colour: "green", rest: "blue", percent: 25 }));
    expect(valueOf(await colours.router.observe()).traffic).toMatchObject({ to: "canary", percent: 25 });
    let green = 0;
    // Few at once: the server of the test has a short queue.
    for (let batch = 0; batch < 80; batch += 1) {
      const answers = await Promise.all(Array.from({ length: 5 }, async () => await live()));
      green += answers.filter((body) => body.startsWith("green")).length;
    }
    // 400 requests: six standard deviations to either side of 100.
    expect(green).toBeGreaterThan(48);
    expect(green).toBeLessThan(152);
  });

  it("counts requests, errors and what is under way, for each colour", async () => {
    valueOf(await colours.router.direct(settled("green")));
    const before = valueOf(await colours.router.count("green"));
    const other = valueOf(await colours.router.count("blue"));
    for (const path of ["/", "/api", "/fail"]) await ask(port, path);
    const slow = ask(port, "/slow");
    await colours.until(async () => valueOf(await colours.router.count("green")).openRequests === 1);
    await slow;
    await colours.until(async () => valueOf(await colours.router.count("green")).openRequests === 0);
    const after = valueOf(await colours.router.count("green"));
    expect({ requests: after.requests - before.requests, failed: after.failed - before.failed }).toEqual({
      requests: 4,
      failed: 1,
    });
    expect(after.answerTimes.some(({ answers, meanMs }) => answers > 0 && meanMs > 0)).toBe(true);
    expect(valueOf(await colours.router.count("blue"))).toMatchObject({ requests: other.requests });
  });

  it("counts websockets apart, keeps them over a switch, and ends them when told", async () => {
    valueOf(await colours.router.direct(settled("green")));
    const before = valueOf(await colours.router.count("green"));
    const socket = await openWebsocket(port);
    const closed = once(socket, "close");
    valueOf(await colours.router.direct(settled("blue")));
    const during = valueOf(await colours.router.count("green"));
    expect(during).toMatchObject({ openWebsockets: 1, openRequests: 0, requests: before.requests });
    socket.write("still here");
    expect(String((await once(socket, "data"))[0])).toBe("still here");
    valueOf(await colours.router.closeWebsockets("green"));
    await closed;
    expect(valueOf(await colours.router.count("green")).openWebsockets).toBe(0);
  });

  it("asks a service that its checks call down rather than nobody", async () => {
    valueOf(await colours.router.direct(settled("blue")));
    const web = await colours.container("blue", "web");
    valueOf(await colours.workbench.engine.run(web, { arguments: ["touch", "/sick"] }));
    await colours.until(async () => {
      const { backends } = valueOf(await colours.router.observe());
      return backends.find(({ service, colour }) => service === "web" && colour === "blue")?.state === "down";
    });
    expect(await ask(port)).toMatchObject({ status: 200, body: "blue web / http" });
    valueOf(await colours.router.preview("blue"));
    expect(await ask(colours.config.previewPort)).toMatchObject({ status: 503 });
    valueOf(await colours.workbench.engine.run(web, { arguments: ["rm", "/sick"] }));
  });

  it("keeps its administration to itself", async () => {
    const network = routerProjectName(colours.workbench.name);
    const router = await colours.container("router", "router");
    const address = valueOf(await colours.workbench.engine.inspectContainer(router))?.ipAddresses[network] ?? "";
    const call = (to: number) => ["sh", "-c", `echo 'show info' | nc -w 2 ${address} ${to}`];
    const neighbour = await colours.container("blue", "web");
    const entrance = valueOf(await colours.workbench.engine.run(neighbour, { arguments: call(8080) }));
    expect(entrance.stdout).toContain("400");
    const runtime = valueOf(await colours.workbench.engine.run(neighbour, { arguments: call(9999) }));
    expect(runtime).toMatchObject({ exitCode: 1, stdout: "" });
    const published = await docker("port", router);
    expect(published.filter((line) => !line.includes("[::]")).sort()).toEqual([
      `8080/tcp -> 0.0.0.0:${port}`,
      `8090/tcp -> 127.0.0.1:${colours.config.previewPort}`,
    ]);
  });

  it("comes back from a restart and from a kill with the colour that was live", async () => {
    valueOf(await colours.router.direct(settled("green")));
    const router = await colours.container("router", "router");
    await docker("restart", router);
    await colours.until(async () => (await ask(port)).status === 200);
    expect(await live()).toContain("green web");
    const process = async (): Promise<string> =>
      (await docker("inspect", "--format", "{{.State.Pid}}", router))[0] ?? "";
    const before = await process();
    // From a container, since the user who tests need not be root; `docker kill` would count as a stop.
    const host = [
      "--rm",
      "--label",
      "dev.orchestrate.test=router",
      "--network",
      "none",
      "--pid",
      "host",
      "--user",
      "0",
    ];
    await docker("run", ...host, "--entrypoint", "sh", colours.config.image, "-c", `kill -9 ${before}`);
    await colours.until(async () => ![before, "0"].includes(await process()));
    await colours.until(async () => (await ask(port)).status === 200);
    expect(await live()).toContain("green web");
  });

  it("is not touched where nothing changed, and replaced only when told", async () => {
    valueOf(await colours.router.direct(settled("green")));
    const before = await colours.container("router", "router");
    expect(valueOf(await routerUp(colours.site))).toEqual({ outcome: "unchanged", containerId: before });
    expect(valueOf(await routerUpgrade(colours.site))).toEqual({ outcome: "unchanged" });
    const changed = colours.siteOf({ routes: colours.config.routes.slice(1) });
    expect(valueOf(await routerUp(changed))).toEqual({ outcome: "outdated", containerId: before });
    expect(valueOf(await routerStatus(changed))).toMatchObject({ state: "running", outdated: true });
    const upgraded = valueOf(await routerUpgrade(changed));
    expect(upgraded.outcome).toBe("upgraded");
    expect(upgraded.gapMs).toBeGreaterThan(0);
    expect(await live("/", "api.example")).toContain("green web");
    expect(valueOf(await routerUpgrade(colours.site)).outcome).toBe("upgraded");
    expect(await live("/", "api.example")).toContain("green api");
  });

  it("includes the user's own frontends, and refuses a fragment that HAProxy does not understand", async () => {
    const [extra = 0] = await findFreePorts(1);
    await colours.workbench.write(
      "own.cfg",
      "frontend own\n  bind :9000\n  http-request set-header x-forwarded-proto https\n  default_backend orchestrate\n",
    );
    await colours.workbench.write("wrong.cfg", "frontend own\n  bindd :9000\n");
    const before = await colours.container("router", "router");
    const wrong = await routerUpgrade(colours.siteOf({ fragment: "wrong.cfg" }));
    expect(wrong).toMatchObject({ ok: false, failure: { reason: "router-failed", call: "check its configuration" } });
    expect(JSON.stringify(wrong)).toContain("bindd");
    expect(await colours.container("router", "router")).toBe(before);
    const missing = await routerUpgrade(colours.siteOf({ fragment: "nowhere.cfg" }));
    expect(missing).toMatchObject({ ok: false, failure: { reason: "router-failed" } });
    const own = colours.siteOf({ fragment: "own.cfg", fragmentPorts: [`127.0.0.1:${extra}:9000`] });
    expect(valueOf(await routerUpgrade(own)).outcome).toBe("upgraded");
    expect((await ask(extra, "/api")).body).toBe("green api /api https");
    expect(await live("/api")).toBe("green api /api http");
    valueOf(await routerUpgrade(colours.site));
  });

  it("lets the other colour answer for one that dies while it is observed, and only then", async () => {
    valueOf(await colours.router.direct({ to: "colour", colour: "green", standby: true }));
    await colours.until(async () => (await live()).startsWith("green web"));
    await docker("kill", await colours.container("green", "web"));
    const answers = await Promise.all(Array.from({ length: 5 }, async () => await ask(port)));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect((await ask(port)).body).toBe("blue web / http");
    expect((await ask(port, "/api")).body).toContain("green api");
    valueOf(await colours.router.direct(settled("green")));
    expect(await ask(port)).toMatchObject({ status: 503 });
    valueOf(await colours.router.direct(settled("blue")));
    expect(await ask(port)).toMatchObject({ status: 200 });
  });

  it("says that a router which does not run has to be started, and starts it with its colour", async () => {
    valueOf(await colours.router.direct(settled("blue")));
    await docker("stop", await colours.container("router", "router"));
    const failed = await colours.router.direct(settled("blue"));
    expect(failed).toMatchObject({ ok: false, failure: { reason: "router-failed" } });
    expect(JSON.stringify(failed)).toContain("orchestrate router up");
    expect(valueOf(await routerStatus(colours.site))).toMatchObject({ state: "stopped" });
    expect(valueOf(await routerUp(colours.site)).outcome).toBe("started");
    await colours.until(async () => (await ask(port)).status === 200);
    expect(await live()).toContain("blue web");
  });
});
