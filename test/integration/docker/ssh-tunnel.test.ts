import { execFile, spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineDiskFree } from "../../../src/docker/disk-usage.ts";
import { openEngine } from "../../../src/docker/engine.ts";
import { eventually, findProcesses } from "../../rig/processes.ts";
import { RemoteHost } from "../../rig/remote-host.ts";

const run = promisify(execFile);
const NODE = path.join(import.meta.dirname, "../../../node_modules/node/bin/node");

describe.runIf(RemoteHost.isTested())("a tunnel to a remote engine", () => {
  let host: RemoteHost;
  const before = process.env["PATH"];

  beforeAll(async () => {
    host = await RemoteHost.start();
    process.env["PATH"] = host.environment.PATH;
  });

  afterAll(async () => {
    process.env["PATH"] = before;
    await host?.[Symbol.asyncDispose]();
  });

  async function open(): Promise<Extract<Awaited<ReturnType<typeof openEngine>>, { readonly ok: true }>["value"]> {
    const opened = await openEngine({ ssh: host.ssh });
    if (!opened.ok) throw new Error(JSON.stringify(opened.failure));
    return opened.value;
  }

  it("carries every request and 30 docker commands at once with one login", async () => {
    const logins = await host.logins();
    const [engine, again] = await Promise.all([open(), open()]);
    await using first = engine;
    await using second = again;
    expect(await first.ping()).toMatchObject({ ok: true });
    expect(await second.info()).toMatchObject({ ok: true });
    const environment = { ...process.env, ...first.endpoint.cliEnvironment };
    const ids = await Promise.all(
      Array.from(
        { length: 30 },
        async () => await run("docker", ["info", "--format", "{{.ID}}"], { env: environment }),
      ),
    );
    const [id] = await host.engine.docker("info", "--format", "{{.ID}}");
    expect(new Set(ids.map(({ stdout }) => stdout.trim()))).toEqual(new Set([id]));
    expect((await host.logins()) - logins).toBe(1);
  });

  it("tells the free space of the engine's own disk, with no login more", async () => {
    await using engine = await open();
    const logins = await host.logins();
    const disk = await engineDiskFree(engine);
    const [, columns = ""] = (await run("df", ["-Pk", tmpdir()])).stdout.trim().split("\n");
    // Its data lie in the directory for temporary files of this machine, whose size is known.
    const totalBytes = Number(columns.split(/\s+/)[1]) * 1_024;
    expect(disk).toEqual({ ok: true, value: { totalBytes, freeBytes: expect.any(Number) } });
    expect(await host.logins()).toBe(logins);
  });

  it("is this user's alone", async () => {
    await using engine = await open();
    const { transport } = engine.endpoint;
    if (transport.kind !== "unix") throw new Error(transport.kind);
    expect(statSync(transport.path).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(transport.path)).mode & 0o777).toBe(0o700);
  });

  it("that breaks is unreachable in the words of ssh, and opened again by who asks next", async () => {
    await using engine = await open();
    await host.cut();
    const failed = await eventually(
      async () => await engine.info(),
      (result) => !result.ok,
    );
    expect(failed).toMatchObject({
      ok: false,
      failure: {
        reason: "engine-unreachable",
        endpoint: `ssh://${host.ssh}`,
        error: expect.stringMatching(/clos|reset|terminat|hangup|disconnect|broken pipe|ssh ended/i),
      },
    });
    await using again = await open();
    expect(await again.ping()).toMatchObject({ ok: true });
  });

  it("ends with the process that opened it, even by kill -9", async () => {
    const module = path.join(import.meta.dirname, "../../../src/docker/engine.ts");
    const script = `const { openEngine } = await import(${JSON.stringify(module)});
      const opened = await openEngine({ ssh: ${JSON.stringify(host.ssh)} });
      console.log(opened.ok ? opened.value.endpoint.transport.path : JSON.stringify(opened.failure));
      setInterval(() => {}, 1000);`;
    const child = spawn(NODE, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    const socket = await new Promise<string>((resolve) => {
      child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString("utf8").trim()));
    });
    const carriers = (): number => findProcesses(socket).filter(({ pid }) => pid !== child.pid).length;
    const carried = carriers();
    child.kill("SIGKILL");
    expect(carried).toBeGreaterThan(0);
    expect(await eventually(carriers, (count) => count === 0)).toBe(0);
    expect(existsSync(path.dirname(socket))).toBe(false);
  });
});
