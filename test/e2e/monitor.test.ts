import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectEnding } from "../rig/ending.ts";
import { SecondEngine } from "../rig/second-engine.ts";
import { startOnTerminal } from "../rig/terminal.ts";
import { UserProject } from "../rig/user-project.ts";

describe.skipIf(!SecondEngine.isPossible())("looking at disk use, on an engine that nobody else uses", () => {
  let engine: SecondEngine;
  let user: UserProject;

  beforeAll(async () => {
    engine = await SecondEngine.start();
    user = await UserProject.create(engine.environment);
    expectEnding(await user.run(["build", "--clean", "none"]), { exitCode: 0, says: [] });
  });

  afterEach(async () => {
    await user.expectNothingLeft();
  });

  afterAll(async () => {
    await user[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  it("usage tells what docker tells, where docker is right, and promises what a clean-up keeps", async () => {
    const before = await user.run(["usage", "--json"]);
    expect(before).toMatchObject({ exitCode: 0, stderr: "" });
    const usage = JSON.parse(before.stdout);
    const ids = await engine.docker("image", "ls", "--no-trunc", "--quiet");
    expect(usage.images.own + usage.images.others).toBe(new Set(ids).size);
    const [cacheSize] = await engine.docker(
      "system",
      "df",
      "--format",
      '{{if eq .Type "Build Cache"}}{{.Size}}{{end}}',
    );
    expect(Math.abs(usage.cache.privateBytes - parseDockerSize(cacheSize ?? "0B"))).toBeLessThanOrEqual(
      usage.cache.privateBytes / 100,
    );
    expect(usage.services.map(({ service }: { service: string }) => service)).toEqual(["web", "api", "worker"]);
    expect(usage.services[0].images[0].kept).toMatchObject({ because: "newest-of-service", rank: 1 });
    const preview = await user.run(["clean", "--aggressive", "--dry-run", "--json"]);
    expect(usage.cleanable[1]).toMatchObject({ bytes: JSON.parse(preview.stdout).predictedBytes });
  });

  it("usage is one screen on a terminal, with bars, and plain in a pipe", async () => {
    const session = startOnTerminal(["usage"], { cwd: user.light.directory, env: user.environment });
    expect((await session.done).exitCode).toBe(0);
    expect(session.screen.text).toMatch(/^cache .*[█░]{20} \d+ %$/m);
    expect(session.screen.scrollback.trimEnd().split("\n").length).toBeLessThanOrEqual(24);
    const piped = await user.run(["usage"]);
    expect(piped.stdout).not.toMatch(/[█░]/);
    expect(piped.stdout).toMatch(/^cache .* \(\d+ %\)$/m);
  });

  it("monitor --sizes ends with 1 when a limit is broken, and monitor says by how much", async () => {
    expectEnding(await user.run(["monitor", "--sizes"]), { exitCode: 0, says: [/^web .* of 4\.00 MB/m] });
    const config = "docker/build-config.json";
    await user.light.edit(config, (text) =>
      text.replace('"web": { "size_limit": "4MB" }', '"web": { "size_limit": "1MB" }'),
    );
    expectEnding(await user.run(["monitor", "--sizes"]), { exitCode: 1, says: [/^web .*TOO LARGE$/m] });
    expectEnding(await user.run(["monitor"]), {
      exitCode: 1,
      says: [/^✖ web .* is .* over its limit of 1\.00 MB/m, /over by .*: docker history \S+\/web:latest$/m],
    });
    const json = await user.run(["monitor", "--sizes", "--json"]);
    expect(JSON.parse(json.stdout).sizes[0]).toMatchObject({ service: "web", limitBytes: 1e6, verdict: "broken" });
    await user.light.edit(config, (text) =>
      text.replace('"web": { "size_limit": "1MB" }', '"web": { "size_limit": "4MB" }'),
    );
  });

  it.each([
    ["markdown", ".md", /^# Disk use of orc-test-.*\n[\s\S]*^## Recommendations$/m],
    ["json", ".json", /"recommendations": \[/],
  ])("monitor --report %s leaves a whole file under logs/docker and names it", async (format, ending, content) => {
    const result = await user.run(["monitor", "--report", format]);
    expect(result.exitCode).toBe(0);
    const file = /^Report: (logs\/docker\/monitor-\d{8}-\d{6}\.\w+)$/m.exec(result.stdout)?.[1] ?? "";
    expect(file.endsWith(ending)).toBe(true);
    expect(readFileSync(path.join(user.light.directory, file), "utf8")).toMatch(content);
    const left = readdirSync(path.join(user.light.directory, "logs/docker")).filter((name) =>
      /monitor-.*\.\d+$/.test(name),
    );
    expect(left).toEqual([]);
  });

  it("refuses two ways at once", async () => {
    expectEnding(await user.run(["monitor", "--sizes", "--watch"]), { exitCode: 2, says: ["--sizes and --watch"] });
  });

  it("monitor --watch tells what happens, survives a restart of the engine, and ends with 130", async () => {
    const { project } = user.light;
    const container = ["--label", `dev.orchestrate.project=${project}`, "--network", "none", "--name", "watched"];
    const image = `${project}/web:latest`;
    const watch = user.start(["monitor", "--watch"]);
    await watch.waitFor(/watching {3}orc-test-\S+ on unix:.*images \d+, cache .* of 10\.0 GB/);
    await engine.docker("tag", image, `${project}/web:second`);
    await watch.waitFor(/^\S+Z image {6}\S+\/web:second is [0-9a-f]{12}$/m);
    await engine.docker("image", "rm", `${project}/web:second`);
    await watch.waitFor(/web:second no longer names [0-9a-f]{12}$/m);
    await engine.docker("run", "--detach", ...container, "--entrypoint", "sleep", image, "600");
    await watch.waitFor(/container {2}watched running$/m);
    await engine.kill();
    await watch.waitFor(/engine {5}connection lost: .*; waiting for it to come back$/m);
    await engine.start();
    // The engine forgot its announcements with the restart: that the container ended can only be observed.
    await watch.waitFor(/engine {5}back after [\s\S]*container {2}watched exited \(\d+\)$/m);
    await engine.docker("rm", "watched");
    await watch.waitFor(/container {2}watched removed$/m);
    watch.signal("SIGINT");
    const { exitCode, stderr } = await watch.done;
    expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr: "" });
  });

  it("monitor --watch on a terminal is a view that goes when Ctrl-C ends it", async () => {
    const { project } = user.light;
    const session = startOnTerminal(["monitor", "--watch"], { cwd: user.light.directory, env: user.environment });
    await session.waitFor(/^orc-test-\S+ {2}\S watching unix:.*\n\ncache|^orc-test-\S+ {2}\S watching unix:.*\ncache/m);
    await engine.docker("tag", `${project}/api:latest`, `${project}/api:second`);
    await session.waitFor(/^\d\d:\d\d:\d\d image {6}\S+\/api:second is/m);
    session.type("\u0003");
    expect((await session.done).exitCode).toBe(130);
    expect(session.screen.cursorVisible).toBe(true);
    expect(session.screen.text).not.toMatch(/watching unix/);
    expect(session.screen.text).toMatch(/api:second is [0-9a-f]{12}$/m);
    await engine.docker("image", "rm", `${project}/api:second`);
  });
});

/** `52.9MB`, as docker prints sizes. */
function parseDockerSize(text: string): number {
  const [, amount = "0", unit = "B"] = /^([\d.]+)(\w+)$/.exec(text.trim()) ?? [];
  return Number(amount) * ({ B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }[unit] ?? Number.NaN);
}
