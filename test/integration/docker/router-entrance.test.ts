import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { probeEntrance } from "../../../src/docker/router/entrance.ts";
import { mendRouter } from "../../../src/docker/router/router-mending.ts";
import { routerStatus } from "../../../src/docker/router/router-project.ts";
import { exhaustEntrance } from "../../rig/exhausted-entrance.ts";
import { docker } from "../../rig/light-project.ts";
import { RoutedColours, ask, openWebsocket, valueOf } from "./routed-colours.ts";

describe("the entrance of a router that runs", () => {
  let colours: RoutedColours;
  let port: number;

  beforeAll(async () => {
    colours = await RoutedColours.create();
    ({ port } = colours.config);
    await colours.start();
    valueOf(await colours.router.direct({ to: "colour", colour: "green", standby: false }));
  });

  afterAll(async () => {
    await colours[Symbol.asyncDispose]();
  });

  it("is asked without a request to a service, and counts none", async () => {
    const before = valueOf(await colours.router.count("green"));
    expect(await probeEntrance(colours.site)).toEqual({ entrance: "answers" });
    expect(await ask(port, "/.orchestrate/alive")).toMatchObject({ status: 200 });
    expect(valueOf(await colours.router.count("green")).requests).toBe(before.requests);
    expect((await ask(port, "/.orchestrate/other")).body).toContain("green web");
  });

  it("is told as dead when docker-proxy has ended at its limit of open files, and is mended by a restart", async () => {
    await exhaustEntrance(port);
    expect(await ask(port)).toMatchObject({ status: 0 });
    const status = valueOf(await routerStatus(colours.site));
    expect(status.entrance).toMatchObject({ entrance: "refuses", port });
    // Its administration goes another way and knows nothing of it.
    expect(status).toMatchObject({ state: "running", view: { traffic: { colour: "green" } } });
    const router = await colours.container("router", "router");
    expect(valueOf(await mendRouter(colours.site))).toMatchObject({ outcome: "mended", port, containerId: router });
    expect((await ask(port)).body).toBe("green web / http");
    expect(await probeEntrance(colours.site)).toEqual({ entrance: "answers" });
    expect(valueOf(await mendRouter(colours.site))).toEqual({ outcome: "unchanged", containerId: router });
  });

  it("comes back with the colour that users had, whatever the file said", async () => {
    const router = await colours.container("router", "router");
    await docker("exec", router, "sh", "-c", "echo 'app blue' >/state/live.map");
    await exhaustEntrance(port);
    expect(valueOf(await mendRouter(colours.site)).outcome).toBe("mended");
    expect((await ask(port)).body).toBe("green web / http");
  });

  it("is not whole where another of its ports is dead", async () => {
    await exhaustEntrance(colours.config.previewPort);
    expect(await probeEntrance(colours.site)).toMatchObject({ entrance: "refuses", port: colours.config.previewPort });
    expect(await ask(port)).toMatchObject({ status: 200 });
    valueOf(await mendRouter(colours.site));
    expect(await probeEntrance(colours.site)).toEqual({ entrance: "answers" });
  });

  it("is left alone while it answers: no connection is lost to a look", async () => {
    const socket = await openWebsocket(port);
    for (let look = 0; look < 3; look += 1) expect(valueOf(await mendRouter(colours.site)).outcome).toBe("unchanged");
    socket.write("still here");
    const [heard] = await new Promise<[Buffer]>((resolve) => socket.once("data", (data: Buffer) => resolve([data])));
    expect(String(heard)).toBe("still here");
    socket.destroy();
  });

  it("is unknown where the router does not run, or another machine's", async () => {
    await docker("stop", await colours.container("router", "router"));
    expect(await probeEntrance(colours.site)).toMatchObject({ entrance: "unknown" });
    expect(valueOf(await routerStatus(colours.site)).entrance).toBeUndefined();
    expect(valueOf(await mendRouter(colours.site)).outcome).toBe("started");
  });
});
