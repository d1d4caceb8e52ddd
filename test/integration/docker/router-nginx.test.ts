import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Traffic } from "../../../src/model/router.ts";
import { docker } from "../../rig/light-project.ts";
import { RoutedColours, ask, valueOf } from "./routed-colours.ts";

const settled = (colour: string): Traffic => ({ to: "colour", colour, standby: false });

/** The image of that name, or its stand-in where nothing can be pulled. */
async function nginxImage(): Promise<string> {
  const known = await docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}");
  const standIn = "orchestrate.local/nginx:1.28-alpine";
  return known.includes(standIn) ? standIn : "nginx:1.28-alpine";
}

describe("the router nginx", () => {
  let colours: RoutedColours;
  let port: number;

  beforeAll(async () => {
    colours = await RoutedColours.create({ driver: "nginx", image: await nginxImage() });
    ({ port } = colours.config);
    await colours.start(["blue"]);
  });

  afterAll(async () => {
    await colours[Symbol.asyncDispose]();
  });

  it("answers 503 before anything is deployed, and for a colour that is missing", async () => {
    expect(await ask(port)).toMatchObject({ status: 503 });
    valueOf(await colours.router.direct(settled("green")));
    expect((await ask(port)).status).toBeGreaterThanOrEqual(502);
    expect(valueOf(await colours.router.observe()).backends).toContainEqual({
      service: "web",
      colour: "green",
      state: "unresolved",
      instances: [],
    });
  });

  it("switches when its new workers answer, shows a preview, routes by host and path, and counts", async () => {
    await colours.startColour("green");
    for (const colour of ["green", "blue"]) {
      valueOf(await colours.router.direct(settled(colour)));
      expect((await ask(port)).body).toContain(`${colour} web /`);
      expect((await ask(port, "/api/x")).body).toContain(`${colour} api /api/x`);
      expect((await ask(port, "/x", { host: "api.example" })).body).toContain(`${colour} api /x`);
      const { traffic, persisted } = valueOf(await colours.router.observe());
      expect([traffic, persisted]).toEqual([settled(colour), settled(colour)]);
    }
    valueOf(await colours.router.preview("green"));
    expect((await ask(colours.config.previewPort)).body).toContain("green web");
    const before = valueOf(await colours.router.count("blue"));
    await ask(port, "/fail");
    await ask(port);
    const after = valueOf(await colours.router.count("blue"));
    expect([after.requests - before.requests, after.failed - before.failed]).toEqual([2, 1]);
  });

  it("shares between two colours, and comes back from a restart as it was", async () => {
    const canary: Traffic = { to: "canary", colour: "green", rest: "blue", percent: 50 };
    valueOf(await colours.router.direct(canary));
    const router = await colours.container("router", "router");
    await docker("restart", router);
    await colours.until(async () => (await ask(port)).status === 200);
    expect(valueOf(await colours.router.observe()).traffic).toEqual(canary);
    const seen = new Set<string>();
    await colours.until(async () => seen.add((await ask(port)).body.split(" ")[0] ?? "").size === 2);
    expect([...seen].sort()).toEqual(["blue", "green"]);
  });
});
