import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { request } from "node:https";
import path from "node:path";
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { routerUpgrade } from "../../../src/docker/router/router-project.ts";
import type { RouterSite } from "../../../src/docker/router/router-project.ts";
import { docker, findFreePorts } from "../../rig/light-project.ts";
import { RoutedColours, ask, valueOf } from "./routed-colours.ts";

const run = promisify(execFile);
const DOCS = path.join(import.meta.dirname, "../../../docs/router.md");

/** The fragment as users copy it. */
async function documentedFragment(): Promise<string> {
  const found = /```haproxy\n([\s\S]*?)```/.exec(await readFile(DOCS, "utf8"))?.[1];
  if (found === undefined) throw new Error("docs/router.md has no fragment for TLS");
  return found;
}

/** A certificate signed by itself, with its key in one file, as HAProxy takes it. */
async function certify(colours: RoutedColours, name: string, host: string): Promise<string> {
  const file = (ending: string): string => path.join(colours.workbench.directory, `${name}.${ending}`);
  const subject = ["-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`];
  const words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
  await run("openssl", [...words, ...subject, "-keyout", file("key"), "-out", file("crt")]);
  const certificate = await readFile(file("crt"), "utf8");
  await colours.workbench.write(`${name}.pem`, certificate + (await readFile(file("key"), "utf8")));
  return certificate;
}

describe("a fragment that terminates TLS", () => {
  let colours: RoutedColours;
  let site: RouterSite;
  let tls: number;
  let plain: number;
  /** By host name. */
  const certificates = new Map<string, string>();

  beforeAll(async () => {
    colours = await RoutedColours.create();
    [tls = 0, plain = 0] = await findFreePorts(2);
    certificates.set("shop.example", await certify(colours, "shop", "shop.example"));
    certificates.set("api.example", await certify(colours, "api", "api.example"));
    await colours.workbench.write("tls.cfg", await documentedFragment());
    await colours.start();
    valueOf(await colours.router.direct({ to: "colour", colour: "green", standby: false }));
    site = colours.siteOf({
      fragment: "tls.cfg",
      fragmentFiles: ["shop.pem", "api.pem"],
      fragmentPorts: [`127.0.0.1:${tls}:8443`, `127.0.0.1:${plain}:8000`],
    });
    expect(valueOf(await routerUpgrade(site)).outcome).toBe("upgraded");
  });

  afterAll(async () => {
    await colours[Symbol.asyncDispose]();
  });

  const trust = (host: string) => ({ servername: host, ca: certificates.get(host) ?? "" });

  /** What is answered to a client that trusts the host's own certificate and nothing else. */
  async function askSecurely(
    host: string,
    at: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const options = { host: "127.0.0.1", port: tls, path: at, agent: false, ...trust(host) };
    const call = request({ ...options, headers: { host, ...headers } });
    call.once("error", reject);
    call.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    });
    call.end();
    return await promise;
  }

  it("shows each host name its own certificate and leads to its service", async () => {
    expect(await askSecurely("shop.example", "/page")).toBe("green web /page https");
    expect(await askSecurely("shop.example", "/api/x")).toBe("green api /api/x https");
    expect(await askSecurely("api.example", "/x")).toBe("green api /x https");
    const wrong = askSecurely("other.example", "/");
    await expect(wrong).rejects.toThrow(/self-signed certificate/);
  });

  it("follows a switch, as the plain entrance does", async () => {
    valueOf(await colours.router.direct({ to: "colour", colour: "blue", standby: false }));
    expect(await askSecurely("shop.example", "/")).toBe("blue web / https");
    expect((await ask(colours.config.port)).body).toBe("blue web / http");
    valueOf(await colours.router.direct({ to: "colour", colour: "green", standby: false }));
  });

  it("sends plain HTTP to TLS with method and path kept", async () => {
    const { promise, resolve } = Promise.withResolvers<Readonly<Record<string, unknown>>>();
    const { request: requestPlain } = await import("node:http");
    const options = { host: "127.0.0.1", port: plain, path: "/basket?x=1", method: "POST", agent: false };
    const call = requestPlain({ ...options, headers: { host: "shop.example" } });
    call.once("response", ({ statusCode, headers }) => resolve({ statusCode, location: headers.location }));
    call.end();
    expect(await promise).toEqual({ statusCode: 308, location: "https://shop.example/basket?x=1" });
  });

  it("tells services the user's address once, and does not believe what a client says of TLS", async () => {
    const [gateway] = await docker(
      "network",
      "inspect",
      "--format",
      "{{(index .IPAM.Config 0).Gateway}}",
      `${colours.workbench.name}-router`,
    );
    const secure = await askSecurely("shop.example", "/from", { "x-forwarded-proto": "spoofed" });
    expect(secure).toBe(`green web /from https [${gateway}]`);
    expect((await ask(colours.config.port, "/from")).body).toBe(`green web /from http [${gateway}]`);
  });

  it("speaks HTTP/2", async () => {
    const session = connectHttp2(`https://shop.example:${tls}`, {
      createConnection: () =>
        connect({ host: "127.0.0.1", port: tls, ALPNProtocols: ["h2"], ...trust("shop.example") }),
    });
    const stream = session.request({ ":path": "/two" });
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(stream, "end");
    session.destroy();
    expect(Buffer.concat(chunks).toString("utf8")).toBe("green web /two https");
  });

  it("lets websockets through, over a switch, and counts them", async () => {
    const socket: TLSSocket = connect({ host: "127.0.0.1", port: tls, ...trust("shop.example") });
    await once(socket, "secureConnect");
    const head = "GET / HTTP/1.1\r\nhost: shop.example\r\nconnection: Upgrade\r\nupgrade: websocket\r\n";
    socket.write(`${head}sec-websocket-version: 13\r\nsec-websocket-key: b3JjaGVzdHJhdGUtdGVzdA==\r\n\r\n`);
    expect(String((await once(socket, "data"))[0])).toContain("101");
    const closed = once(socket, "close");
    valueOf(await colours.router.direct({ to: "colour", colour: "blue", standby: false }));
    expect(valueOf(await colours.router.count("green"))).toMatchObject({ openWebsockets: 1, openRequests: 0 });
    socket.write("still here");
    expect(String((await once(socket, "data"))[0])).toBe("still here");
    valueOf(await colours.router.closeWebsockets("green"));
    await closed;
    valueOf(await colours.router.direct({ to: "colour", colour: "green", standby: false }));
  });

  it("keeps the keys from everybody but root in the container, and takes a new certificate by an upgrade", async () => {
    const router = await colours.container("router", "router");
    const look = "stat -c '%a %U' /etc/orchestrate/files/shop.pem";
    const seen = valueOf(await site.engine.runScript(router, { script: look, words: [] }));
    expect(seen.stdout.trim()).toBe("400 root");
    certificates.set("shop.example", await certify(colours, "shop", "shop.example"));
    await expect(askSecurely("shop.example", "/")).rejects.toThrow(/self-signed certificate/);
    expect(valueOf(await routerUpgrade(site)).outcome).toBe("upgraded");
    expect(await askSecurely("shop.example", "/")).toBe("green web / https");
  });
});
