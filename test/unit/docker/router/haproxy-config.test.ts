import { describe, expect, it } from "vitest";
import { renderHaproxyConfig } from "../../../../src/docker/router/haproxy-config.ts";
import { renderNginxConfig } from "../../../../src/docker/router/nginx-config.ts";
import { renderRouterDocument, routerConfigVersion, versionOf } from "../../../../src/docker/router/router-document.ts";
import { SAMPLE } from "./sample.ts";

const CONFIG = renderHaproxyConfig(SAMPLE);

/** The lines of a section. */
function section(text: string, head: string): readonly string[] {
  return (text.split("\n\n").find((part) => part.split("\n")[0] === head) ?? "").split("\n").slice(1);
}

describe("renderHaproxyConfig", () => {
  it("is what was reviewed", async () => {
    await expect(CONFIG).toMatchFileSnapshot("haproxy.cfg.snapshot");
  });

  it("keeps the runtime API inside the container", () => {
    const sockets = CONFIG.split("\n").filter((line) => line.includes("stats socket"));
    expect(sockets).toEqual(["  stats socket ipv4@127.0.0.1:9999 level admin"]);
  });

  it("lets nobody stand by for a settled colour, and the other one for an observed one", () => {
    expect(section(CONFIG, "backend be_web.blue").join("\n")).not.toContain("green");
    const observed = section(CONFIG, "backend be_web.blue_fb");
    expect(observed.filter((line) => line.includes("  server-template ")).map((line) => line.split(" ")[3])).toEqual([
      "blue.",
      "green.",
    ]);
    expect(observed.join("\n")).toMatch(/server-template blue\. .* observe layer4 error-limit 3 on-error mark-down/);
    expect(observed.join("\n")).toMatch(/server-template green\. .* backup/);
  });

  it("repeats a request only where that is harmless", () => {
    const backends = CONFIG.split("\n\n").filter((part) => part.includes("retry-on"));
    expect(backends).toHaveLength(12);
    for (const backend of backends) {
      expect(backend).toContain("disable-l7-retry unless METH_GET or METH_OPTIONS");
    }
  });

  it("asks the first route that fits first, by host and by whole parts of the path", () => {
    const choices = section(CONFIG, "frontend users").filter((line) => line.includes("use_backend be_"));
    expect(choices).toEqual([
      "  use_backend be_api.%[var(txn.to)] if route_0_host",
      "  use_backend be_api.%[var(txn.to)] if route_1_path",
      "  use_backend be_web.%[var(txn.to)]",
    ]);
    expect(CONFIG).toContain("acl route_1_path path /api\n");
    expect(CONFIG).toContain("acl route_1_path path_beg /api/\n");
  });

  it("tells two ports of a service apart", () => {
    const [first, , last] = SAMPLE.routes;
    if (first === undefined || last === undefined) throw new Error("no routes");
    const config = renderHaproxyConfig({ ...SAMPLE, routes: [{ ...first, port: 81 }, { ...first, port: 82 }, last] });
    expect(config).toContain("backend be_api:81.blue\n");
    expect(config).toMatch(/backend be_api:82\.green\n[^]*?server-template green\. 1-8 api-green:82 /);
  });
});

describe("renderNginxConfig", () => {
  it("is what was reviewed", async () => {
    await expect(renderNginxConfig({ ...SAMPLE, driver: "nginx" })).toMatchFileSnapshot("nginx.conf.snapshot");
  });
});

describe("renderRouterDocument", () => {
  const plain = { files: [] };

  it("publishes the two entrances, the preview on the loopback address alone, and nothing of the administration", () => {
    const document = renderRouterDocument("shop", SAMPLE, plain);
    expect(document.services?.["router"]?.["ports"]).toEqual([
      { target: 8080, published: "8080" },
      { target: 8090, published: "8090", host_ip: "127.0.0.1" },
    ]);
    expect(document.services?.["router"]).toMatchObject({ stop_signal: "SIGTERM", restart: "always" });
  });

  it("keeps compose from replacing dollar signs", () => {
    const document = renderRouterDocument("shop", SAMPLE, { fragment: "# $HOME", files: [] });
    expect(document["configs"]).toMatchObject({ file2: { content: "# $$HOME" } });
  });

  it("has another version for every change, and the same for the same", () => {
    const versions = [
      renderRouterDocument("shop", SAMPLE, plain),
      renderRouterDocument("shop", SAMPLE, { ...plain, fragment: "a" }),
      renderRouterDocument("shop", SAMPLE, { ...plain, fragment: "b" }),
      renderRouterDocument("shop", SAMPLE, { files: [{ name: "x.pem", content: "1" }] }),
      renderRouterDocument("shop", { ...SAMPLE, port: 81 }, plain),
      renderRouterDocument("shop", { ...SAMPLE, routes: SAMPLE.routes.slice(1) }, plain),
    ].map(versionOf);
    expect(new Set(versions).size).toBe(versions.length);
    expect(versionOf(renderRouterDocument("shop", { ...SAMPLE }, { files: [] }))).toBe(versions[0]);
    expect(routerConfigVersion(SAMPLE)).not.toBe(routerConfigVersion({ ...SAMPLE, routes: SAMPLE.routes.slice(1) }));
  });
});
