import { createServer as createHttpServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { connect, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EngineTransport } from "../../../src/docker/endpoint.ts";
import type { EngineEvent } from "../../../src/docker/engine-answers.ts";
import { Engine, openEngine } from "../../../src/docker/engine.ts";
import { loadLayeredImage, observeEngine } from "../../../src/docker/images.ts";
import type { Result } from "../../../src/model/failure.ts";
import { docker } from "../../rig/light-project.ts";
import { Workbench } from "./workbench.ts";

let bench: Workbench;
let engine: Engine;
beforeAll(async () => {
  bench = await Workbench.create();
  engine = bench.engine;
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

async function value<T>(result: Promise<Result<T>>): Promise<T> {
  const settled = await result;
  if (!settled.ok) throw new Error(JSON.stringify(settled.failure));
  return settled.value;
}

function through(transport: EngineTransport): Engine {
  return new Engine({ url: "test://engine", cliEnvironment: {}, transport });
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("an engine that answers", () => {
  it("tells version, host and stores", async () => {
    expect((await value(engine.ping())).apiVersion).toMatch(/^1\.\d+$/);
    expect((await value(engine.version())).version).toMatch(/^\d+\./);
    const info = await value(engine.info());
    expect(info.rootDirectory).toMatch(/^\//);
    expect(["graph-driver", "containerd"]).toContain(info.imageStore);
  });

  it("lists images by label and inspects them by name, id or not at all", async () => {
    const id = await bench.image("list");
    const listed = await value(engine.listImages({ labels: [`dev.orchestrate.test=${bench.name}`] }));
    expect(listed.map((image) => image.id)).toContain(id);
    const inspected = await value(engine.inspectImage(`${bench.name}/image:list`));
    expect(inspected).toMatchObject({ id, tags: [`${bench.name}/image:list`] });
    expect(inspected?.lastTaggedAtMs).toBeGreaterThan(Date.now() - 3_600_000);
    expect((await value(engine.inspectImage(id)))?.id).toBe(id);
    expect(await value(engine.inspectImage(`${bench.name}/none:1`))).toBeUndefined();
  });

  it("knows the layers of an image, and their sizes add up to the image's", async () => {
    const id = await bench.image("layers", "some content");
    const layers = (await value(loadLayeredImage(engine, id)))?.layers;
    const size = layers?.reduce((sum, layer) => sum + layer.sizeBytes, 0);
    expect([layers?.length, size]).toEqual([3, (await value(engine.inspectImage(id)))?.sizeBytes]);
    expect(await value(loadLayeredImage(engine, `${bench.name}/none:1`))).toBeUndefined();
  });

  it("observes images, containers and cache at once", async () => {
    const id = await bench.image("observed");
    const [container] = await docker("create", "--label", `dev.orchestrate.test=${bench.name}`, id, "/bin/sh");
    const observed = await value(observeEngine(engine, { nowMs: 42, layers: true }));
    expect(observed.nowMs).toBe(42);
    expect(observed.images.find((image) => image.id === id)?.layers).toHaveLength(3);
    expect(observed.containers.find((entry) => entry.id === container)).toMatchObject({
      imageId: id,
      state: "created",
    });
    expect(observed.cache.length).toBeGreaterThan(0);
  });

  it("streams events until it is told to stop", async () => {
    const id = await bench.image("events");
    const controller = new AbortController();
    const seen: EngineEvent[] = [];
    const filters = { type: ["image"], event: ["tag"], label: [`dev.orchestrate.test=${bench.name}`] };
    // From a second ago, so that the test need not know when the engine has begun to listen.
    const events = engine.events({ signal: controller.signal, filters, sinceMs: Date.now() - 1_000 });
    await value(engine.tagImage(id, `${bench.name}/second:events`));
    for await (const event of events) {
      seen.push(event);
      if ("attributes" in event && event.attributes["name"] === `${bench.name}/second:events`) controller.abort();
    }
    expect(seen.at(-1)).toMatchObject({ type: "image", action: "tag", actorId: id });
  });
});

describe("removing images", () => {
  it("untags first and deletes with the last tag", async () => {
    const id = await bench.image("removed", "removed");
    await value(engine.tagImage(id, `${bench.name}/image:removed-too`));
    expect(await value(engine.removeImage(`${bench.name}/image:removed-too`))).toEqual({
      removal: "removed",
      deleted: [],
      untagged: [`${bench.name}/image:removed-too`],
    });
    const removal = await value(engine.removeImage(`${bench.name}/image:removed`));
    expect(removal).toMatchObject({ removal: "removed", untagged: [`${bench.name}/image:removed`] });
    expect(removal.removal === "removed" && removal.deleted).toContain(id);
    expect(await value(engine.removeImage(id))).toEqual({ removal: "missing" });
  });

  it("is refused by the engine for two tags, a stopped and a running container, and is never forced", async () => {
    const id = await bench.image("kept", "kept");
    await value(engine.tagImage(id, `${bench.name}/image:kept-too`));
    expect(await value(engine.removeImage(id))).toMatchObject({ removal: "refused", because: /multiple repositories/ });
    await value(engine.removeImage(`${bench.name}/image:kept-too`));
    const label = ["--label", `dev.orchestrate.test=${bench.name}`];
    const [stopped] = await docker("create", ...label, id, "/bin/sh");
    for (const reference of [id, `${bench.name}/image:kept`]) {
      expect(await value(engine.removeImage(reference))).toMatchObject({ removal: "refused" });
    }
    const [running] = await docker("run", "-d", ...label, id, "/bin/busybox", "sleep", "1000");
    await docker("rm", stopped ?? "");
    expect(await value(engine.removeImage(id))).toMatchObject({ removal: "refused", because: /running container/ });
    await docker("rm", "--force", running ?? "");
    expect(await value(engine.removeImage(`${bench.name}/image:kept`))).toMatchObject({ removal: "removed" });
  });
});

describe("containers", () => {
  it("are found by label, inspected and read, whether they run or not", async () => {
    const id = await bench.image("container");
    const script = "echo out; echo err >&2; exit 3";
    const label = `dev.orchestrate.test=${bench.name}`;
    const [container = ""] = await docker(
      "create",
      "--label",
      label,
      "--label",
      "kind=logs",
      id,
      "/bin/sh",
      "-c",
      script,
    );
    await docker("start", container);
    expect(await docker("wait", container)).toEqual(["3"]);
    expect((await value(engine.listContainers({ labels: [label, "kind=logs"] }))).map((entry) => entry.id)).toEqual([
      container,
    ]);
    expect(await value(engine.listContainers({ labels: [label, "kind=logs"], runningOnly: true }))).toEqual([]);
    expect(await value(engine.inspectContainer(container))).toMatchObject({
      state: "exited",
      exitCode: 3,
      health: "none",
    });
    expect([...(await value(engine.containerLogTail(container, 5)))].sort()).toEqual(["err", "out"]);
    expect(await value(engine.containerLogTail(container, 1))).toHaveLength(1);
  });

  it("are undefined, and without a log, when they do not exist", async () => {
    expect(await value(engine.inspectContainer(`${bench.name}-none`))).toBeUndefined();
    expect(await value(engine.containerLogTail(`${bench.name}-none`, 5))).toEqual([]);
  });
});

describe("pruning the cache", () => {
  it("removes exactly the records that are named", async () => {
    const content = `pruned-${bench.name}`;
    await bench.image("pruned", content);
    await value(engine.removeImage(`${bench.name}/image:pruned`));
    const before = await value(engine.listCacheRecords());
    const ours = before.filter((record) => record.description.includes(content));
    expect(ours).toHaveLength(1);
    const ids = ours.map((record) => record.id);
    expect(await value(engine.pruneCacheRecords([...ids, "orc-test-unknown"]))).toMatchObject({ removed: ids });
    expect((await value(engine.listCacheRecords())).filter((record) => record.description.includes(content))).toEqual(
      [],
    );
    expect(await value(engine.pruneCacheRecords([]))).toEqual({ removed: [], reportedBytes: 0 });
  });
});

describe("ways to the engine", () => {
  it("goes through tcp, and again when the other side has closed the kept connection", async () => {
    const proxy = createServer((client) => {
      const upstream = connect("/var/run/docker.sock");
      client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) socket.on("error", () => undefined);
    });
    const port = await listen(proxy);
    await using remote = through({ kind: "tcp", host: "127.0.0.1", port });
    expect((await value(remote.version())).version).toBe((await value(engine.version())).version);
    expect(await Promise.all(Array.from({ length: 30 }, async () => (await remote.version()).ok))).not.toContain(false);
    proxy.close();
  });

  it("goes through the standard streams of a command", async () => {
    await using remote = through({ kind: "command", arguments: ["docker", "system", "dial-stdio"] });
    expect((await value(remote.version())).version).toBe((await value(engine.version())).version);
  });

  it("tells the last words of a command that fails", async () => {
    const failing = "echo 'me@host: Permission denied (publickey).' >&2; exit 255";
    await using remote = through({ kind: "command", arguments: ["sh", "-c", failing] });
    expect(await remote.ping()).toEqual({
      ok: false,
      failure: {
        reason: "engine-unreachable",
        endpoint: "test://engine",
        error: "me@host: Permission denied (publickey).",
      },
    });
  });

  it.each([
    ["no socket", { DOCKER_HOST: "unix:///orc-test-none.sock" }, /there is no socket/],
    ["a closed port", { DOCKER_HOST: "tcp://127.0.0.1:1" }, /nothing listens there/],
    ["an unknown context", { DOCKER_CONTEXT: "orc-test-none" }, /does not exist/],
  ])("says engine-unreachable for %s", async (_what, environment, error) => {
    const opened = await openEngine({ environment });
    expect(opened).toMatchObject({ ok: false, failure: { reason: "engine-unreachable", error } });
  });

  it("asks again when a kept connection was closed meanwhile", async () => {
    let requests = 0;
    const server = createHttpServer((request, response) => {
      requests += 1;
      // The second request finds its connection closed without an answer, as after a restart of the engine.
      if (requests === 2) request.socket.destroy();
      else response.setHeader("api-version", "1.44").end('{"Version":"1.2.3"}');
    });
    const port = await listen(server);
    await using remote = through({ kind: "tcp", host: "127.0.0.1", port });
    await value(remote.ping());
    expect((await value(remote.version())).version).toBe("1.2.3");
    expect(requests).toBe(3);
    server.close();
  });

  it("speaks the older of both API versions", async () => {
    const asked: string[] = [];
    const server = createHttpServer((request, response) => {
      asked.push(request.url ?? "");
      response.setHeader("api-version", "1.44").end("{}");
    });
    const port = await listen(server);
    await using remote = through({ kind: "tcp", host: "127.0.0.1", port });
    await value(remote.info());
    expect(asked).toEqual(["/_ping", "/v1.44/info"]);
    server.close();
  });

  it("carries the engine's own words when it refuses", async () => {
    const refused = await engine.tagImage("sha256:0", "not a reference:1");
    expect(refused).toMatchObject({
      ok: false,
      failure: { reason: "engine-refused", request: "POST /images/sha256%3A0/tag", status: expect.any(Number) },
    });
  });

  it("names a full disk, which makes most requests fail", async () => {
    const error =
      "error getting build cache usage: write /var/lib/docker/buildkit/snapshots.db: no space left on device";
    const server = createHttpServer((request, response) => {
      response.statusCode = request.url === "/_ping" ? 200 : 500;
      response.end(JSON.stringify({ message: error }));
    });
    const port = await listen(server);
    await using remote = through({ kind: "tcp", host: "127.0.0.1", port });
    expect(await remote.listCacheRecords()).toEqual({
      ok: false,
      failure: { reason: "no-space", error, evidence: { command: "GET /system/df", lastLines: [error] } },
    });
    server.close();
  });

  it("ends a request that is aborted", async () => {
    const server = createHttpServer((request, response) => {
      if (request.url === "/_ping") response.end();
    });
    const port = await listen(server);
    await using remote = through({ kind: "tcp", host: "127.0.0.1", port });
    const controller = new AbortController();
    server.on("request", (request) => {
      if (request.url !== "/_ping") controller.abort();
    });
    expect(await remote.info({ signal: controller.signal })).toMatchObject({
      ok: false,
      failure: { reason: "engine-unreachable", error: "cancelled" },
    });
    server.closeAllConnections();
    server.close();
  });
});
