import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openEngine } from "../../../src/docker/engine.ts";
import { findPlugin } from "../../../src/docker/plugins.ts";
import { runCommand } from "../../../src/docker/command.ts";
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
      ["files", expect.stringMatching(/^(ok|warning|not-probed)$/)],
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
    expect(findings.map((finding) => finding.state)).toEqual([
      "failed",
      "ok",
      "ok",
      "not-probed",
      "not-probed",
      "not-probed",
    ]);
  });

  it("tells a missing plugin and how to get it", async () => {
    const empty = mkdtempSync(path.join(tmpdir(), "orc-test-"));
    const findings = await probeHealth({ environment: { DOCKER_CONTEXT: "orc-test-none", DOCKER_CONFIG: empty } });
    rmSync(empty, { recursive: true });
    expect(findings[0]).toMatchObject({ state: "failed", remedy: expect.stringContaining("docker context ls") });
  });
});

describe("one endpoint for the interface and for the command line", () => {
  it("reaches the engine of a context through all of them, whatever DOCKER_HOST says", async () => {
    const config = mkdtempSync(path.join(tmpdir(), "orc-test-"));
    vi.stubEnv("DOCKER_CONFIG", config);
    await docker("context", "create", "orc-test", "--docker", "host=unix:///var/run/docker.sock");
    vi.stubEnv("DOCKER_HOST", "unix:///orc-test-none.sock");
    const opened = await openEngine({ dockerContext: "orc-test" });
    const environment = opened.ok ? opened.value.endpoint.cliEnvironment : {};
    const commands = [
      ["docker", "version", "--format", "{{.Server.Version}}"],
      [...findPlugin("buildx").command, "du", "--filter", "id=none"],
      [...findPlugin("compose").command, "ls"],
    ] as const;
    const results = [];
    for (const [program, ...rest] of commands) {
      results.push(await runCommand({ arguments: [program ?? "", ...rest], environment }));
    }
    vi.unstubAllEnvs();
    rmSync(config, { recursive: true });
    expect(opened).toMatchObject({ ok: true, value: { endpoint: { context: "orc-test" } } });
    expect(results.map((result) => [result.evidence.exitCode, result.evidence.lastLines])).toMatchObject([
      [0, [expect.stringMatching(/^\d+\./)]],
      [0, expect.anything()],
      [0, expect.anything()],
    ]);
    if (opened.ok) await opened.value[Symbol.asyncDispose]();
  });
});

describe("disk space", () => {
  it("is that of the engine's own directory", async () => {
    const disk = await engineDiskFree(bench.engine);
    expect(disk).toMatchObject({ ok: true, value: { freeBytes: expect.any(Number), totalBytes: expect.any(Number) } });
    expect(await loadDiskFree("/orc-test-none")).toBeUndefined();
  });
});
