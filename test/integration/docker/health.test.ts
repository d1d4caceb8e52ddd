import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openEngine } from "../../../src/docker/engine.ts";
import { loadEngineEndpoint } from "../../../src/docker/endpoint.ts";
import { engineDiskFree, loadDiskFree } from "../../../src/docker/disk-usage.ts";
import { probeHealth } from "../../../src/docker/health.ts";
import { docker } from "../../rig/light-project.ts";
import { Workbench } from "./workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

describe("probeHealth", () => {
  it("finds everything in order where the tests themselves can run, and leaves no image", async () => {
    const before = new Set(await docker("image", "ls", "-aq", "--filter", "dangling=true"));
    const findings = await probeHealth({ busybox: path.join(bench.directory, "shell/busybox") });
    expect(findings.map(({ probe, state }) => [probe, state])).toEqual([
      ["engine", "ok"],
      ["buildx", "ok"],
      ["compose", "ok"],
      ["disk", expect.stringMatching(/^(ok|warning)$/)],
      ["bridge", "ok"],
    ]);
    const probes = await bench.engine.listImages({ dangling: true });
    const ofProbe = probes.ok ? probes.value.filter((image) => !before.has(image.id) && image.tags.length === 0) : [];
    const histories = await Promise.all(ofProbe.map(async (image) => await bench.engine.imageHistory(image.id)));
    expect(JSON.stringify(histories)).not.toContain('"/busybox" "true"');
  });

  it("says how to start an engine that does not answer, and looks at the rest", async () => {
    const findings = await probeHealth({ environment: { ...process.env, DOCKER_HOST: "unix:///orc-test-none.sock" } });
    expect(findings[0]).toMatchObject({
      probe: "engine",
      state: "failed",
      summary: "no Docker Engine answers at unix:///orc-test-none.sock",
      evidence: [expect.stringContaining("there is no socket")],
      remedy: expect.stringContaining("start it"),
    });
    expect(findings.map((finding) => finding.state)).toEqual(["failed", "ok", "ok", "not-probed", "not-probed"]);
  });

  it("tells a missing plugin and how to get it", async () => {
    const empty = mkdtempSync(path.join(tmpdir(), "orc-test-"));
    const findings = await probeHealth({ environment: { DOCKER_CONTEXT: "orc-test-none", DOCKER_CONFIG: empty } });
    rmSync(empty, { recursive: true });
    expect(findings[0]).toMatchObject({ state: "failed", remedy: expect.stringContaining("docker context ls") });
  });
});

describe("one endpoint for the interface and for the command line", () => {
  it("lets the docker command reach the same engine through a context", async () => {
    const config = mkdtempSync(path.join(tmpdir(), "orc-test-"));
    vi.stubEnv("DOCKER_CONFIG", config);
    try {
      await docker("context", "create", "orc-test", "--docker", "host=unix:///var/run/docker.sock");
      const endpoint = loadEngineEndpoint({ dockerContext: "orc-test" });
      expect(endpoint).toMatchObject({
        ok: true,
        value: { context: "orc-test", cliEnvironment: { DOCKER_CONTEXT: "orc-test" } },
      });
      const opened = await openEngine({ dockerContext: "orc-test" });
      expect(opened.ok).toBe(true);
      if (opened.ok) await opened.value[Symbol.asyncDispose]();
    } finally {
      vi.unstubAllEnvs();
      rmSync(config, { recursive: true });
    }
  });
});

describe("disk space", () => {
  it("is that of the engine's own directory", async () => {
    const disk = await engineDiskFree(bench.engine);
    expect(disk).toMatchObject({ ok: true, value: { freeBytes: expect.any(Number), totalBytes: expect.any(Number) } });
    expect(await loadDiskFree("/orc-test-none")).toBeUndefined();
  });
});
