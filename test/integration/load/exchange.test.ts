import { Agent } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { findFreePorts } from "../../rig/light-project.ts";
import { exchange } from "../../rig/load/exchange.ts";
import type { Exchange, Outcome } from "../../rig/load/exchange.ts";
import { openChunks } from "../../rig/load/streams/chunks.ts";
import { openKeepAlive } from "../../rig/load/streams/keep-alive.ts";
import { openPost } from "../../rig/load/streams/post.ts";
import { openSlow } from "../../rig/load/streams/slow.ts";
import { openUpload } from "../../rig/load/streams/upload.ts";

/** A server that does wrong what the test tells it to: it gets each connection and what arrives on it. */
class WrongServer implements AsyncDisposable {
  readonly #server: Server;
  readonly sockets = new Set<Socket>();

  constructor(server: Server) {
    this.#server = server;
  }

  static async listen(onData: (socket: Socket, text: string) => void): Promise<WrongServer> {
    const server = createServer((socket) => {
      wrong.sockets.add(socket);
      socket.on("data", (data) => onData(socket, data.toString("latin1")));
      socket.on("error", () => {});
      socket.on("close", () => wrong.sockets.delete(socket));
    });
    const wrong = new WrongServer(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return wrong;
  }

  get url(): string {
    // A listening TCP server has an address of this form.
    const address: AddressInfo | string | null = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const OK = "HTTP/1.1 200 OK\r\nx-colour: blue\r\nx-release: 1\r\n";
let server: WrongServer | undefined;

afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = undefined;
});

async function ask(onData: (socket: Socket, text: string) => void, rest: Partial<Exchange> = {}): Promise<Outcome> {
  server = await WrongServer.listen(onData);
  return await exchange(new URL(server.url), {
    agent: false,
    method: "GET",
    path: "/",
    timeoutMs: 5_000,
    read: (identity) => identity,
    ...rest,
  });
}

describe("an exchange", () => {
  it("is good when a 200 is complete and its body is right", async () => {
    expect(await ask((socket) => socket.end(`${OK}content-length: 2\r\n\r\nok`))).toEqual({
      colour: "blue",
      release: "1",
    });
  });

  it.each<[string, string, NonNullable<Outcome["failure"]>]>([
    [
      "another status",
      "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
      { reason: "bad-status", detail: "503" },
    ],
    ["no answer", "", { reason: "reset", detail: "ECONNRESET" }],
    ["a part of a body", `${OK}content-length: 10\r\n\r\nhalf`, { reason: "cut-short", detail: "ECONNRESET" }],
    [
      "a stream without its end",
      `${OK}transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n`,
      { reason: "cut-short", detail: "ECONNRESET" },
    ],
    ["no HTTP", "SSH-2.0-OpenSSH\r\n\r\n", { reason: "other", detail: "HPE_INVALID_CONSTANT" }],
  ])("fails by %s", async (_, answer, failure) => {
    expect((await ask((socket) => socket.end(answer))).failure).toEqual(failure);
  });

  it("fails by a wrong body, and still says whose it was", async () => {
    const outcome = await ask((socket) => socket.end(`${OK}content-length: 2\r\n\r\nok`), {
      read: (identity) => ({ ...identity, problem: "not the page" }),
    });
    expect(outcome).toEqual({
      colour: "blue",
      release: "1",
      failure: { reason: "wrong-body", detail: "not the page" },
    });
  });

  it("fails by silence, and closes the connection", async () => {
    const outcome = await ask(() => {}, { timeoutMs: 50 });
    expect(outcome.failure?.reason).toBe("timed-out");
    await expect.poll(() => server?.sockets.size).toBe(0);
  });

  it("fails when nobody listens", async () => {
    const [port] = await findFreePorts(1);
    const outcome = await openKeepAlive({ url: `http://127.0.0.1:${port}`, timeoutMs: 1_000 }).send(1);
    expect(outcome.failure).toEqual({ reason: "refused", detail: "ECONNREFUSED" });
  });

  it("fails when a kept connection is closed just as it is used; nothing is sent twice", async () => {
    const agent = new Agent({ keepAlive: true });
    let seen = 0;
    const onData = (socket: Socket): void => {
      seen += 1;
      if (seen === 1) socket.write(`${OK}content-length: 2\r\n\r\nok`);
      else socket.destroy();
    };
    expect((await ask(onData, { agent })).failure).toBeUndefined();
    const again = await exchange(new URL(server?.url ?? ""), {
      agent,
      method: "GET",
      path: "/",
      timeoutMs: 5_000,
      read: (identity) => identity,
    });
    expect(again.failure?.reason).toBe("reset");
    expect(again.failure?.detail).toContain("on a kept connection");
    expect(seen).toBe(2);
  });

  it("fails when an upload is answered before it is sent, and leaves no connection behind", async () => {
    server = await WrongServer.listen((socket) => socket.write(`${OK}content-length: 2\r\n\r\nok`));
    const outcome = await openUpload({ url: server.url, timeoutMs: 5_000 }).send(1);
    expect(outcome.failure?.reason).toBe("early-answer");
    await expect.poll(() => server?.sockets.size).toBe(0);
  });

  it("fails when an upload is refused before it is sent, and leaves no connection behind", async () => {
    server = await WrongServer.listen((socket) => socket.write("HTTP/1.1 503 No\r\ncontent-length: 2\r\n\r\nno"));
    const outcome = await openUpload({ url: server.url, timeoutMs: 5_000 }).send(1);
    expect(outcome.failure).toEqual({ reason: "bad-status", detail: "503" });
    await expect.poll(() => server?.sockets.size).toBe(0);
  });
});

describe("a stream", () => {
  const wrongText = (socket: Socket): void => {
    socket.write(`${OK}content-length: 12\r\n\r\nwelcome here`);
  };

  it.each([
    ["pages", openKeepAlive],
    ["posts", openPost],
    ["chunks", openChunks],
  ])("of %s takes no other text for its answer", async (_, open) => {
    server = await WrongServer.listen(wrongText);
    const outcome = await open({ url: server.url, timeoutMs: 5_000 }).send(1);
    expect(outcome.failure?.reason).toBe("wrong-body");
  });

  it("of pages reads those of any application", async () => {
    server = await WrongServer.listen(wrongText);
    const page = { path: "/", pattern: "^welcome (?<colour>\\w+)$" };
    expect(await openKeepAlive({ url: server.url, timeoutMs: 5_000, page }).send(1)).toMatchObject({ colour: "here" });
    const slow = { path: "/slow?1", takesMs: 1_000, pattern: "^welcome" };
    const stream = openSlow({ url: server.url, timeoutMs: 5_000, page: { ...page, slow } });
    expect(stream.asksForMs(3)).toBe(1_000);
    expect(await stream.send(3)).toEqual({ colour: "blue", release: "1" });
    const other = { path: "/", pattern: "^shop of (?<colour>\\w+)$" };
    const outcome = await openKeepAlive({ url: server.url, timeoutMs: 5_000, page: other }).send(2);
    expect(outcome.failure?.reason).toBe("wrong-body");
  });
});
