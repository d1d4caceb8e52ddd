import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Check } from "../../../src/model/pipeline.ts";
import type { TaskResult } from "../../../src/model/performer.ts";
import { LightProject, docker, findFreePorts } from "../../rig/light-project.ts";
import { TaskAttempt } from "../../rig/task-attempt.ts";
import { LightTasks } from "./light-tasks.ts";

let light: LightProject;
let tasks: LightTasks;

beforeAll(async () => {
  light = await LightProject.create();
  tasks = await LightTasks.open(light);
});

afterAll(async () => {
  await tasks[Symbol.asyncDispose]();
  await light[Symbol.asyncDispose]();
});

describe("a build", () => {
  it("builds one bake target, labels its image and hands on what was built", async () => {
    // Nobody has built this source before: BuildKit names only some of the steps that it finds in its cache.
    await light.write("services/web/release", `${light.project}\n`);
    const attempt = tasks.attempt();
    const result = await tasks.perform(tasks.buildTask("web"), attempt);
    const [line] = await docker(
      "image",
      "inspect",
      `${light.project}/web:latest`,
      "--format",
      "{{.Id}} {{.Size}} {{json .Config.Labels}}",
    );
    const [id, size, labels] = line?.split(" ") ?? [];
    expect(result).toEqual({
      ok: true,
      outputs: { image_id: id, image: `${light.project}/web:latest`, size_bytes: size },
      facts: [
        {
          fact: "image-built",
          bakeTarget: "web",
          service: "web",
          imageId: id,
          sizeBytes: Number(size),
          limitBytes: 4_000_000,
          cachedSteps: expect.any(Number),
          steps: expect.any(Number),
        },
        {
          fact: "disk-written",
          bakeTarget: "web",
          imageStore: expect.stringMatching(/^(graph-driver|containerd)$/),
          contextBytes: expect.any(Number),
          layerBytes: expect.any(Number),
        },
      ],
    });
    expect(labels).toBe(`{"dev.orchestrate.project":"${light.project}","dev.orchestrate.service":"web"}`);
    expect(attempt.steps.some((step) => step.name.includes("COPY . /source"))).toBe(true);
  });

  it("gives the same image when nothing has changed, and another when something has", async () => {
    const first = await tasks.perform(tasks.buildTask("api"));
    const again = await tasks.perform(tasks.buildTask("api"));
    await light.write("services/api/release", "2\n");
    const changed = await tasks.perform(tasks.buildTask("api"));
    const id = (result: TaskResult) => (result.ok ? result.outputs["image_id"] : result.failure.reason);
    expect(id(again)).toBe(id(first));
    expect(id(changed)).toMatch(/^sha256:/);
    expect(id(changed)).not.toBe(id(first));
  });

  it("has no outputs where the bake target is only a stage for others", async () => {
    const untagged = [
      "image",
      "ls",
      "-q",
      "--filter",
      `label=dev.orchestrate.project=${light.project}`,
      "--filter",
      "label=dev.orchestrate.service=base",
    ];
    expect(await tasks.perform(tasks.buildTask("base"))).toEqual({ ok: true, outputs: {}, facts: [] });
    expect(await docker(...untagged)).toEqual([]);
  });

  it("fails with the step of the Dockerfile that failed", async () => {
    await light.edit("docker/service.Dockerfile", (text) =>
      text.replace("RUN mkdir -p /out", "RUN nothing-like-this && mkdir -p /out"),
    );
    const result = await tasks.perform(tasks.buildTask("worker"));
    await light.edit("docker/service.Dockerfile", (text) => text.replace("nothing-like-this && ", ""));
    expect(result).toMatchObject({
      ok: false,
      failure: {
        reason: "build-failed",
        bakeTarget: "worker",
        step: expect.stringContaining("RUN nothing-like-this"),
        evidence: { lastLines: expect.arrayContaining([expect.stringContaining("not found")]) },
      },
    });
  });
});

describe("a size check", () => {
  beforeAll(async () => {
    await tasks.build(["web", "api"]);
    await tasks.build(["worker"], { LIGHT_PADDING_KB: "3000" });
  });

  it("measures every image", async () => {
    const result = await tasks.perform(tasks.verifyTask([{ check: "size", services: ["web", "api"] }]));
    expect(result).toMatchObject({
      ok: true,
      facts: [
        {
          fact: "image-size",
          service: "web",
          imageId: expect.stringMatching(/^sha256:/),
          sizeBytes: expect.any(Number),
          limitBytes: 4_000_000,
        },
        {
          fact: "image-size",
          service: "api",
          imageId: expect.stringMatching(/^sha256:/),
          sizeBytes: expect.any(Number),
          limitBytes: 4_000_000,
        },
      ],
    });
  });

  it("names the image that is over its limit, and still measures the others", async () => {
    const result = await tasks.perform(tasks.verifyTask([{ check: "size", services: [] }]));
    expect(result).toMatchObject({
      ok: false,
      failure: {
        reason: "size-limit-exceeded",
        images: [{ service: "worker", reference: `${light.project}/worker:latest`, limitBytes: 4_000_000 }],
      },
    });
    expect(result.facts.length).toBe(3);
  });

  it("puts all oversized images into one failure", async () => {
    const result = await tasks.perform(tasks.verifyTask([{ check: "size", services: [], limitBytes: 1_000 }]));
    if (result.ok || result.failure.reason !== "size-limit-exceeded") throw new Error("no size failure");
    expect(result.failure.images.map((image) => image.service)).toEqual(["web", "api", "worker"]);
  });

  it("fails for an image that grew more than its service allows since the one before", async () => {
    const task = tasks.verifyTask([{ check: "size", services: ["web"] }]);
    if (task.kind !== "verify") throw new Error("not a verify task");
    const images = task.images.map((image) => ({ ...image, service: { ...image.service, growthLimit: 0.1 } }));
    const grown = { ...task, images };
    const sizeBytes = 1_500_000;
    const failing = await tasks.perform(grown, tasks.attempt(), tasks.tools({ previousSizeBytes: () => sizeBytes }));
    expect(failing).toMatchObject({
      ok: false,
      failure: {
        reason: "size-limit-exceeded",
        images: [{ service: "web", limitBytes: 1_650_000, previousBytes: sizeBytes }],
      },
    });
    const passing = await tasks.perform(grown, tasks.attempt(), tasks.tools({ previousSizeBytes: () => 3_000_000 }));
    expect(passing).toMatchObject({ ok: true });
    expect(await tasks.perform(grown)).toMatchObject({ ok: true });
  });

  it("fails for an image that is not there", async () => {
    const task = tasks.verifyTask([{ check: "size", services: ["web"] }]);
    if (task.kind !== "verify") throw new Error("not a verify task");
    const images = task.images.map(({ service }) => ({ service, reference: `${light.project}/gone:1` }));
    expect(await tasks.perform({ ...task, images })).toEqual({
      ok: false,
      failure: { reason: "image-missing", service: "web", reference: `${light.project}/gone:1` },
      facts: [],
    });
  });
});

describe("an HTTP check", () => {
  let server: Server;
  let url: string;
  let answer: (request: number, response: ServerResponse) => void;
  let requests = 0;

  beforeAll(async () => {
    server = createServer((_request, response) => {
      requests += 1;
      answer(requests, response);
    });
    const [port] = await findFreePorts(1);
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${port}/page`;
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function check(change: Partial<Extract<Check, { check: "http" }>> = {}): Check {
    requests = 0;
    const times = { withinMs: 5_000, requestTimeoutMs: 1_000 };
    return { check: "http", url: { parts: [url] }, status: 200, ...times, ...change };
  }

  it("repeats the request until it answers as expected", async () => {
    answer = (request, response) => {
      response.statusCode = request < 3 ? 503 : 200;
      response.end("the page");
    };
    const result = await tasks.perform(tasks.verifyTask([check({ contains: "page" })]));
    expect(result).toMatchObject({ ok: true, facts: [{ fact: "http-answered", url, status: 200 }] });
    expect(requests).toBe(3);
  });

  it("tells the status and the body that it got instead", async () => {
    answer = (_, response) => {
      response.statusCode = 500;
      response.end("it is\nbroken");
    };
    const result = await tasks.perform(tasks.verifyTask([check({ withinMs: 1_000 })]));
    expect(result).toMatchObject({
      ok: false,
      failure: {
        reason: "http-check-failed",
        url,
        expected: "status 200",
        actual: "status 500: it is broken",
        attempts: requests,
      },
    });
  });

  it("tells that the body lacks the text", async () => {
    answer = (_, response) => response.end("green");
    const result = await tasks.perform(tasks.verifyTask([check({ withinMs: 1_000, contains: "blue" })]));
    expect(result).toMatchObject({
      failure: { expected: 'status 200 with the text "blue"', actual: "status 200 without the text: green" },
    });
  });

  it("does not follow a redirect: its status is the answer", async () => {
    answer = (_, response) => {
      response.writeHead(302, { location: "http://127.0.0.1:1/" });
      response.end();
    };
    expect(await tasks.perform(tasks.verifyTask([check({ status: 302 })]))).toMatchObject({ ok: true });
  });

  it("gives up a request that hangs and tries again", async () => {
    answer = (request, response) => {
      if (request > 1) response.end("at last");
    };
    const result = await tasks.perform(tasks.verifyTask([check({ requestTimeoutMs: 200 })]));
    expect(result).toMatchObject({ ok: true });
    expect(requests).toBe(2);
  });

  it("says why nobody could be reached", async () => {
    const [port] = await findFreePorts(1);
    const nowhere = { parts: [`http://127.0.0.1:${port}/`] };
    const result = await tasks.perform(tasks.verifyTask([check({ url: nowhere, withinMs: 1_000 })]));
    expect(result).toMatchObject({
      failure: { reason: "http-check-failed", actual: expect.stringContaining("ECONNREFUSED") },
    });
  });

  it("ends at once when it is aborted", async () => {
    const attempt = new TaskAttempt();
    answer = () => attempt.abort();
    const started = performance.now();
    const checking = tasks.perform(tasks.verifyTask([check({ withinMs: 60_000, requestTimeoutMs: 60_000 })]), attempt);
    await expect(checking).rejects.toThrow("the test aborted the attempt");
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it("fills in what an earlier task handed on, and fails where it did not", async () => {
    answer = (_, response) => response.end();
    const reference = {
      namespace: "tasks",
      task: "release",
      output: "url",
      location: { file: "f", line: 1, column: 1 },
    } as const;
    const task = tasks.verifyTask([check({ url: { parts: [reference] } })]);
    expect(await tasks.perform(task, new TaskAttempt({ values: { "release.url": url } }))).toMatchObject({ ok: true });
    expect(await tasks.perform(task, new TaskAttempt())).toMatchObject({
      failure: { reason: "reference-unresolved", reference: "${tasks.release.url}" },
    });
  });
});
