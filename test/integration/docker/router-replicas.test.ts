import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { routerProjectName } from "../../../src/docker/router/router-project.ts";
import type { RoutedInstance } from "../../../src/model/router.ts";
import { docker } from "../../rig/light-project.ts";
import { RoutedColours, ask, openWebsocket, valueOf } from "./routed-colours.ts";

describe("a routed service of several containers", () => {
  let colours: RoutedColours;
  let port: number;

  beforeAll(async () => {
    colours = await RoutedColours.create();
    ({ port } = colours.config);
    await colours.start([]);
    await colours.startColour("blue");
    await colours.startColour("green", { web: 3 });
    await upIn("green", 3);
    await upIn("blue", 1);
    valueOf(await colours.router.direct({ to: "colour", colour: "green", standby: false }));
  });

  afterAll(async () => {
    await colours[Symbol.asyncDispose]();
  });

  const instances = async (colour: string): Promise<readonly RoutedInstance[]> => {
    const { backends } = valueOf(await colours.router.observe());
    return backends.find((each) => each.service === "web" && each.colour === colour)?.instances ?? [];
  };

  /** Waits until so many of the containers of web are up in the router, and no other is known. */
  const upIn = async (colour: string, count: number): Promise<void> => {
    await colours.until(async () => {
      const seen = await instances(colour);
      return seen.length === count && seen.every(({ state }) => state === "up");
    });
  };

  /** The containers that answer a number of requests, by the first letters of their ids. */
  const answering = async (requests: number): Promise<ReadonlySet<string>> => {
    const names = new Set<string>();
    for (let request = 0; request < requests; request += 1) {
      const answer = await ask(port, "/name");
      expect(answer.status).toBe(200);
      names.add(answer.body);
    }
    return names;
  };

  const ids = async (): Promise<ReadonlySet<string>> =>
    new Set((await colours.containers("green", "web")).map((id) => id.slice(0, 12)));

  it("is known by the addresses of all of them, and all of them answer", async () => {
    const network = routerProjectName(colours.workbench.name);
    const addresses: string[] = [];
    for (const id of await colours.containers("green", "web")) {
      const container = valueOf(await colours.workbench.engine.inspectContainer(id));
      addresses.push(`${container?.ipAddresses[network]}:8080`);
    }
    const seen = await instances("green");
    expect(seen.map(({ address }) => address).sort()).toEqual(addresses.sort());
    expect(await answering(12)).toEqual(await ids());
  });

  it("is counted as one: what is under way in any of them, and websockets", async () => {
    const before = valueOf(await colours.router.count("green"));
    const slow = Promise.all(Array.from({ length: 3 }, async () => await ask(port, "/slow")));
    const sockets = [await openWebsocket(port), await openWebsocket(port), await openWebsocket(port)];
    await colours.until(async () => {
      const { openRequests, openWebsockets } = valueOf(await colours.router.count("green"));
      return openRequests === 3 && openWebsockets === 3;
    });
    const closed = Promise.all(sockets.map(async (socket) => await once(socket, "close")));
    valueOf(await colours.router.closeWebsockets("green"));
    await closed;
    await slow;
    await colours.until(async () => valueOf(await colours.router.count("green")).openRequests === 0);
    const after = valueOf(await colours.router.count("green"));
    expect({
      ...after,
      requests: after.requests - before.requests,
      failed: after.failed - before.failed,
    }).toMatchObject({
      requests: 3,
      failed: 0,
      openWebsockets: 0,
    });
  });

  it("goes on answering when one of them dies, at once and without the other colour", async () => {
    const [first = ""] = await colours.containers("green", "web");
    await docker("kill", first);
    const names = await answering(30);
    expect(names).toEqual(new Set([...(await ids())].filter((id) => !first.startsWith(id))));
    await upIn("green", 2);
    await docker("start", first);
    await upIn("green", 3);
    expect(await answering(12)).toEqual(await ids());
  });

  it("follows when there are more of them, or fewer", async () => {
    await colours.startColour("green", { web: 8 });
    await upIn("green", 8);
    expect(await answering(40)).toEqual(await ids());
    await colours.startColour("green", { web: 1 });
    await upIn("green", 1);
    expect((await answering(10)).size).toBe(1);
  });

  it("stands by with all of them for a colour that is observed and fails", async () => {
    await colours.startColour("green", { web: 2 });
    await upIn("green", 2);
    valueOf(await colours.router.direct({ to: "colour", colour: "blue", standby: true }));
    await docker("kill", await colours.container("blue", "web"));
    expect(await answering(20)).toEqual(await ids());
  });
});
