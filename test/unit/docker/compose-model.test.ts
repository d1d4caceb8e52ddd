import { describe, expect, it } from "vitest";
import { parseComposeModel } from "../../../src/docker/compose-model.ts";
import { pinImages } from "../../../src/docker/compose.ts";
import { readRecorded } from "./recorded-output.ts";

describe("parseComposeModel", () => {
  const model = parseComposeModel(readRecorded("compose-config.json").toString("utf8"));

  it("reads the services of a project", () => {
    expect(model).toMatchObject({ name: "orc-test-fixture", networks: ["default"] });
    expect(model?.services).toEqual([
      {
        name: "api",
        image: "orc-fixture/base:1",
        hasBuild: false,
        ports: [
          { target: 80, published: "18998", protocol: "tcp", hostIp: "127.0.0.1" },
          { target: 8081, protocol: "tcp" },
        ],
        environment: { A: "1", FROM_OUTSIDE: null },
        healthcheck: "defined",
        dependsOn: [{ service: "once", condition: "service_completed_successfully" }],
        restart: "unless-stopped",
        replicas: 1,
      },
      {
        name: "once",
        image: "orc-fixture/base:1",
        hasBuild: true,
        ports: [],
        environment: {},
        healthcheck: "disabled",
        dependsOn: [],
        replicas: 1,
      },
    ]);
  });

  it("knows health checks that are switched off by their test, and scaled services", () => {
    const services = { a: { healthcheck: { test: ["NONE"] }, scale: 3 }, b: { deploy: { replicas: 0 } } };
    const read = parseComposeModel(JSON.stringify({ services }))?.services;
    expect(read?.map((service) => [service.healthcheck, service.replicas])).toEqual([
      ["disabled", 3],
      ["none", 0],
    ]);
  });

  it("is undefined for what is no document", () => {
    expect([parseComposeModel(""), parseComposeModel("[]")]).toEqual([undefined, undefined]);
  });
});

describe("pinImages", () => {
  it("names the image of each service and forbids pulling", () => {
    expect(pinImages({ web: "sha256:1" })).toEqual({ services: { web: { image: "sha256:1", pull_policy: "never" } } });
  });
});
