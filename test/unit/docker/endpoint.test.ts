import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isLocalEngine, loadEngineEndpoint, publishedHost, tunnelEndpoint } from "../../../src/docker/endpoint.ts";
import { tunnelArguments } from "../../../src/docker/ssh-tunnel.ts";

let homeDirectory = "";
beforeEach(() => {
  homeDirectory = mkdtempSync(path.join(tmpdir(), "orchestrate-test-"));
});
afterEach(() => rmSync(homeDirectory, { recursive: true }));

function writeConfig(file: string, content: unknown): void {
  const target = path.join(homeDirectory, ".docker", file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, typeof content === "string" ? content : JSON.stringify(content));
}

function writeContext(name: string, host: string): void {
  const id = createHash("sha256").update(name).digest("hex");
  writeConfig(`contexts/meta/${id}/meta.json`, { Name: name, Endpoints: { docker: { Host: host } } });
}

function load(environment: Record<string, string> = {}, dockerContext?: string): unknown {
  const result = loadEngineEndpoint({
    homeDirectory,
    environment,
    ...(dockerContext === undefined ? {} : { dockerContext }),
  });
  return result.ok ? result.value : result.failure;
}

const DEFAULT = {
  url: "unix:///var/run/docker.sock",
  cliEnvironment: {},
  transport: { kind: "unix", path: "/var/run/docker.sock" },
};

describe("loadEngineEndpoint", () => {
  it("falls back to the default socket, also with a configuration that cannot be read", () => {
    expect(load()).toEqual(DEFAULT);
    writeConfig("config.json", "{");
    expect(load()).toEqual(DEFAULT);
    writeConfig("config.json", { currentContext: "default" });
    expect(load()).toEqual(DEFAULT);
  });

  it("follows explicit context, DOCKER_HOST, DOCKER_CONTEXT and current context, in this order", () => {
    for (const name of ["explicit", "environment", "current"]) writeContext(name, `unix:///${name}.sock`);
    writeConfig("config.json", { currentContext: "current" });
    expect(load()).toMatchObject({ url: "unix:///current.sock", context: "current" });
    expect(load({ DOCKER_CONTEXT: "environment" })).toMatchObject({ url: "unix:///environment.sock" });
    const environment = { DOCKER_CONTEXT: "environment", DOCKER_HOST: "unix:///host.sock" };
    expect(load(environment)).toMatchObject({
      url: "unix:///host.sock",
      cliEnvironment: { DOCKER_HOST: "unix:///host.sock" },
    });
    expect(load(environment, "explicit")).toEqual({
      url: "unix:///explicit.sock",
      context: "explicit",
      cliEnvironment: { DOCKER_CONTEXT: "explicit", DOCKER_HOST: "" },
      transport: { kind: "unix", path: "/explicit.sock" },
    });
  });

  it("looks where DOCKER_CONFIG points", () => {
    writeContext("elsewhere", "unix:///e.sock");
    const DOCKER_CONFIG = path.join(homeDirectory, ".docker");
    const result = loadEngineEndpoint({
      homeDirectory: "/nowhere",
      environment: { DOCKER_CONFIG },
      dockerContext: "elsewhere",
    });
    expect(result.ok).toBe(true);
  });

  it("reaches the host of an ssh address, whatever else is set", () => {
    const result = loadEngineEndpoint({ homeDirectory, environment: { DOCKER_HOST: "tcp://h" }, ssh: "me@shop:2222" });
    const endpoint = result.ok ? result.value : undefined;
    expect(endpoint).toMatchObject({ url: "ssh://me@shop:2222", transport: { kind: "command" } });
    const url = endpoint?.transport.kind === "command" ? endpoint.transport.ssh : undefined;
    if (endpoint === undefined || url === undefined) throw new Error("no ssh address");
    const words = tunnelArguments(url, "/t/docker.sock");
    expect(words.slice(-6)).toEqual(["-l", "me", "-p", "2222", "--", "shop"]);
    expect(words).toContain("/t/docker.sock:/var/run/docker.sock");
    expect(words).toContain("BatchMode=yes");
    expect(isLocalEngine(endpoint)).toBe(false);
    const tunnel = {
      socketPath: "/t/docker.sock",
      ended: () => undefined,
      forward: async (port: number) => `${port}`,
      runThere: async () => await Promise.resolve(undefined),
    };
    const tunnelled = tunnelEndpoint(endpoint, tunnel, "shop");
    expect(tunnelled.cliEnvironment).toEqual({ DOCKER_HOST: "unix:///t/docker.sock", DOCKER_CONTEXT: "" });
    expect([isLocalEngine(tunnelled), publishedHost(tunnelled)]).toEqual([false, "shop"]);
  });

  it("reaches tcp hosts, with certificates when TLS is asked for", () => {
    expect(load({ DOCKER_HOST: "tcp://h" })).toMatchObject({ transport: { kind: "tcp", host: "h", port: 2375 } });
    expect(load({ DOCKER_HOST: "tcp://[::1]:99" })).toMatchObject({ transport: { host: "::1", port: 99 } });
    writeConfig("ca.pem", "ca");
    writeConfig("key.pem", "key");
    expect(load({ DOCKER_HOST: "tcp://h", DOCKER_TLS_VERIFY: "1" })).toMatchObject({
      transport: {
        port: 2376,
        tls: {
          verify: true,
          caPath: path.join(homeDirectory, ".docker/ca.pem"),
          keyPath: path.join(homeDirectory, ".docker/key.pem"),
        },
      },
    });
    const withoutCheck = load({ DOCKER_HOST: "tcp://h", DOCKER_TLS: "1", DOCKER_CERT_PATH: "/nowhere" });
    expect(withoutCheck).toMatchObject({ transport: { tls: { verify: false } } });
  });

  it("reaches ssh hosts as the docker command line does", () => {
    expect(load({ DOCKER_HOST: "ssh://me@host:2222" })).toMatchObject({
      transport: {
        kind: "command",
        arguments: [
          "ssh",
          "-l",
          "me",
          "-p",
          "2222",
          "-o",
          "ConnectTimeout=30",
          "-T",
          "--",
          "host",
          "docker",
          "system",
          "dial-stdio",
        ],
      },
    });
  });

  it("says so when a context does not exist or an address has no known form", () => {
    expect(load({ DOCKER_CONTEXT: "gone" })).toMatchObject({
      reason: "engine-unreachable",
      error: expect.stringContaining('the docker context "gone" does not exist'),
    });
    expect(load({ DOCKER_HOST: "npipe:////./pipe/docker" })).toMatchObject({ reason: "engine-unreachable" });
  });
});
