import { describe, expect, it } from "vitest";
import {
  parseEngineEvent,
  parseEngineInfo,
  parseEngineVersion,
  parseImageHistory,
  parseInspectedContainer,
  parseInspectedImage,
  parseLayeredImage,
  parseListedContainer,
  parseListedImage,
} from "../../../src/docker/engine-answers.ts";
import { resolveLayers } from "../../../src/docker/images.ts";
import { recordedJson, recordedLines } from "./recorded-output.ts";

function listed(name: string): readonly unknown[] {
  const value = recordedJson(name);
  return Array.isArray(value) ? value : [];
}

describe("images", () => {
  it("reads a listed image", () => {
    expect(listed("images.json").map(parseListedImage)[1]).toEqual({
      id: "sha256:72b61c16f72f3aa779e291707aee97ba31acc89678870d2681f854c9467eaed9",
      tags: ["orc-fixture/base:1"],
      labels: { "dev.orchestrate.test": "docker" },
      sizeBytes: 3_964_512,
      createdAtMs: 1_795_470_551_000,
      lastTaggedAtMs: 0,
    });
  });

  it("reads a listed image that has neither tags nor labels", () => {
    expect(parseListedImage({ Id: "sha256:1", RepoTags: null, Labels: null })).toMatchObject({ tags: [], labels: {} });
    expect(parseListedImage({ Id: "sha256:1", RepoTags: ["<none>:<none>"] })).toMatchObject({ tags: [] });
  });

  it("reads an inspected image with the time of its last tag", () => {
    expect(parseInspectedImage(recordedJson("image-inspect.json"))).toEqual({
      id: "sha256:c6f1da8ead557c1a0758289dd34affb0166a1bfbe25cd2bb57d2cc4a501c3d0b",
      tags: ["orc-fixture/ok:1", "orc-fixture/second:2"],
      labels: { a: "b", "dev.orchestrate.test": "fixtures" },
      sizeBytes: 6,
      createdAtMs: Date.parse("2026-11-23T21:58:57.371Z"),
      lastTaggedAtMs: Date.parse("2026-11-23T22:20:50.950Z"),
    });
  });

  it("gives each layer its size and the chain ID of all below it", () => {
    const inspected = recordedJson("image-layers.json");
    const layers = resolveLayers(
      parseLayeredImage(inspected).layerDigests,
      parseImageHistory(recordedJson("image-history.json")),
    );
    expect(layers?.map((layer) => layer.sizeBytes).reduce((sum, size) => sum + size, 0)).toBe(220_323_463);
    expect(layers?.[0]?.chainId).toBe("sha256:b6129e06b15a0001e85b7d85bbd2cfacb9de93716e940ed9a5af354e822aaadd");
    expect(new Set(layers?.map((layer) => layer.chainId)).size).toBe(7);
  });

  it("computes chain IDs as the image specification does", () => {
    const entry = { createdBy: "COPY", sizeBytes: 1, createdAtMs: 0 };
    const layers = resolveLayers(["sha256:aa", "sha256:bb"], [entry, entry]);
    // printf 'sha256:aa sha256:bb' | sha256sum
    expect(layers?.[1]?.chainId).toBe("sha256:b68ad689d6d1ec110ea1c13617437ad6f3766d4b3b309f6a603a222e07a0164f");
  });

  it("says nothing where history and layers do not fit", () => {
    const entry = { createdBy: "COPY", sizeBytes: 1, createdAtMs: 0 };
    expect(resolveLayers(["sha256:aa", "sha256:bb", "sha256:cc"], [entry, entry])).toBeUndefined();
  });

  it("counts a WORKDIR as a layer and an ENV as none, whatever their size of 0", () => {
    const entry = (
      createdBy: string,
      sizeBytes: number,
    ): { createdBy: string; sizeBytes: number; createdAtMs: number } => ({
      createdBy,
      sizeBytes,
      createdAtMs: 0,
    });
    const history = [entry('CMD ["x"]', 0), entry("WORKDIR /app", 0), entry("ENV A=b", 0), entry("COPY . .", 9)];
    expect(resolveLayers(["sha256:aa", "sha256:bb"], history)?.map((layer) => layer.sizeBytes)).toEqual([9, 0]);
  });
});

describe("containers", () => {
  it("reads listed ones", () => {
    const [first] = listed("containers.json").map(parseListedContainer);
    expect(first).toMatchObject({ name: "orc-test-fixture-api-1", state: "running" });
    expect(first?.labels["com.docker.compose.service"]).toBe("api");
  });

  it("reads state, health, ports and addresses of an inspected one", () => {
    const container = parseInspectedContainer(recordedJson("container-inspect.json"));
    expect(container).toMatchObject({
      name: "orc-test-fixture-api-1",
      state: "running",
      restartCount: 0,
      health: "unhealthy",
      healthLog: ["probe", "probe"],
      finishedAtMs: 0,
      oomKilled: false,
      error: "",
    });
    expect(container.exitCode).toBeUndefined();
    expect(container.ports).toContainEqual({
      containerPort: 80,
      protocol: "tcp",
      hostIp: "127.0.0.1",
      hostPort: 18_998,
    });
    expect(Object.keys(container.ipAddresses)).toEqual(["orc-test-fixture_default"]);
  });

  it("has an exit code only when it has ended", () => {
    const read = (State: object): number | undefined => parseInspectedContainer({ State }).exitCode;
    expect(read({ Status: "exited", Running: false, ExitCode: 0 })).toBe(0);
    expect(read({ Status: "restarting", Running: true, ExitCode: 3 })).toBeUndefined();
    expect(read({ Status: "created", Running: false, ExitCode: 0 })).toBeUndefined();
  });
});

describe("the engine itself", () => {
  it("reads its version", () => {
    expect(parseEngineVersion(recordedJson("engine-version.json"))).toMatchObject({ apiVersion: "1.51", os: "linux" });
  });

  it("tells the two image stores apart", () => {
    expect(parseEngineInfo({ DriverStatus: [["Backing Filesystem", "extfs"]] }).imageStore).toBe("graph-driver");
    const status = [["driver-type", "io.containerd.snapshotter.v1"]];
    expect(parseEngineInfo({ DriverStatus: status }).imageStore).toBe("containerd");
    expect(parseEngineInfo({ DriverStatus: null }).imageStore).toBe("graph-driver");
  });

  it("reads events and passes over what is none", () => {
    const events = recordedLines("events.ndjson").map((line) => parseEngineEvent(JSON.parse(line)));
    expect(events[0]).toMatchObject({ type: "container", attributes: { "com.docker.compose.service": "api" } });
    expect(events.every((event) => event !== undefined && "atMs" in event && event.atMs > 1.7e12)).toBe(true);
    expect(parseEngineEvent("text")).toBeUndefined();
  });
});
