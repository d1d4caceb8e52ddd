import { describe, expect, it } from "vitest";
import type { ComposeModel, ComposeService } from "../../../src/docker/compose-model.ts";
import { composeOverride } from "../../../src/tasks/deploy/compose-override.ts";
import { matchImages } from "../../../src/tasks/deploy/image-pins.ts";
import type { FoundImage } from "../../../src/tasks/deploy/image-pins.ts";

function aService(name: string, image?: string): ComposeService {
  return {
    name,
    ...(image === undefined ? {} : { image }),
    hasBuild: false,
    ports: [],
    environment: {},
    healthcheck: "none",
    dependsOn: [],
    replicas: 1,
  };
}

function anImage(name: string, tags: readonly string[] = [], composeService = name): FoundImage {
  const observed = { id: `sha256:${name}`, tags, labels: {}, sizeBytes: 1, createdAtMs: 0, lastTaggedAtMs: 0 };
  return {
    image: { service: { name, bakeTarget: name, composeService }, reference: `shop/${name}:latest` },
    found: { ok: true, value: observed },
  };
}

function pinned(services: readonly ComposeService[], images: readonly FoundImage[]): Record<string, string> {
  return Object.fromEntries(
    matchImages({ services }, images).map(([service, { image }]) => [service, image.service.name]),
  );
}

describe("matchImages", () => {
  const images = [
    anImage("backend", ["shop/backend:latest", "registry.test:5000/team/backend:7"]),
    anImage("web", [], "frontend"),
  ];

  it("pins every service that runs one of our images, and no other", () => {
    const services = [
      aService("backend", "shop/backend"),
      aService("migrate", "docker.io/shop/backend:latest"),
      aService("postgres", "postgres:15"),
      aService("nothing"),
    ];
    expect(pinned(services, images)).toEqual({ backend: "backend", migrate: "backend" });
  });

  it("knows an image by any of its tags", () => {
    expect(pinned([aService("job", "registry.test:5000/team/backend:7")], images)).toEqual({ job: "backend" });
    expect(pinned([aService("job", "shop/backend:other")], images)).toEqual({});
  });

  it("falls back to the service that the build config names", () => {
    expect(pinned([aService("frontend", "shop/web:someday"), aService("web")], images)).toEqual({ frontend: "web" });
  });

  it("believes the image rather than the name", () => {
    expect(pinned([aService("frontend", "shop/backend:latest")], images)).toEqual({ frontend: "backend" });
  });
});

describe("composeOverride", () => {
  const model: ComposeModel = {
    name: "shop",
    services: [aService("web"), aService("postgres")],
    networks: [],
    volumes: [],
    document: {},
  };

  it("pins by ID without pulling, and labels every container", () => {
    const labels = { "dev.orchestrate.project": "shop", "dev.orchestrate.environment": "blue" };
    expect(
      composeOverride(
        model,
        { web: "sha256:1" },
        { "dev.orchestrate.project": "shop", "dev.orchestrate.environment": "blue" },
      ),
    ).toEqual({
      services: { web: { image: "sha256:1", pull_policy: "never", labels }, postgres: { labels } },
    });
  });
});
