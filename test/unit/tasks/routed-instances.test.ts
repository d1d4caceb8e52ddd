import { describe, expect, it } from "vitest";
import type { InspectedContainer } from "../../../src/docker/engine-answers.ts";
import type { RoutedBackend } from "../../../src/model/router.ts";
import { describeMissing, wantInstances } from "../../../src/tasks/deploy/routed-instances.ts";

function container(service: string, address: string | undefined): InspectedContainer {
  return {
    id: `${service} ${address}`,
    name: service,
    imageId: "sha256:1",
    state: "running",
    labels: { "com.docker.compose.service": service },
    health: "none",
    healthLog: [],
    startedAtMs: 1,
    finishedAtMs: 0,
    restartCount: 0,
    oomKilled: false,
    error: "",
    ports: [],
    restartPolicy: "no",
    ipAddresses: address === undefined ? { other: "10.0.0.9" } : { router: address },
  };
}

const route = (service: string, port: number) => ({ service, port, hosts: [], path: "/" });

function backend(service: string, ...states: readonly (readonly [string, "up" | "down"])[]): RoutedBackend {
  const instances = states.map(([address, state]) => ({ address, state }));
  return { service, colour: "green", state: instances.some(({ state }) => state === "up") ? "up" : "down", instances };
}

describe("what the router must see of a colour", () => {
  const containers = [container("web", "10.0.0.2"), container("web", "10.0.0.3"), container("api", "10.0.0.4")];
  const wanted = wantInstances([route("web", 80), route("api", 81), route("api", 82)], containers, "router");
  const web = backend("web", ["10.0.0.2:80", "up"], ["10.0.0.3:80", "up"]);
  const api = [backend("api", ["10.0.0.4:81", "up"]), backend("api", ["10.0.0.4:82", "up"])];

  it("is every container of every routed service, at each of its ports", () => {
    expect(describeMissing(wanted, [web, ...api], "green")).toBeUndefined();
    expect(describeMissing(wanted, [web, ...api.slice(0, 1)], "green")).toContain("api of green is up at 10.0.0.4:81");
  });

  it("is not whole while one of several containers is down, elsewhere or unknown", () => {
    const down = backend("web", ["10.0.0.2:80", "up"], ["10.0.0.3:80", "down"]);
    expect(describeMissing(wanted, [down, ...api], "green")).toBe(
      "web of green is up at 10.0.0.2:80, down at 10.0.0.3:80, still not up at the addresses of its containers",
    );
    const elsewhere = backend("web", ["10.0.0.2:80", "up"], ["10.0.0.7:80", "up"]);
    expect(describeMissing(wanted, [elsewhere, ...api], "green")).toContain("web of green");
    expect(describeMissing(wanted, api, "green")).toContain("web of green is unresolved");
    expect(describeMissing(wanted, [{ ...web, colour: "blue" }, ...api], "green")).toContain(
      "web of green is unresolved",
    );
  });

  it("is never whole without a container, or with one that is not on the router's network", () => {
    const none = wantInstances([route("web", 80)], [], "router");
    expect(describeMissing(none, [web], "green")).toContain("web of green");
    const apart = wantInstances([route("web", 80)], [container("web", undefined)], "router");
    expect(apart).toEqual([{ service: "web", addresses: ["none:80"] }]);
    expect(describeMissing(apart, [web], "green")).toContain("still not up at its container's address");
  });
});
