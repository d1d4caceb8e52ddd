import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BakeBuild, BuiltImage } from "../../../src/docker/bake.ts";
import { buildBakeTarget } from "../../../src/docker/bake.ts";
import type { EngineEvent } from "../../../src/docker/engine-answers.ts";
import type { Engine } from "../../../src/docker/engine.ts";
import { openEngine } from "../../../src/docker/engine.ts";
import type { BakeTarget } from "../../../src/model/bake-definition.ts";
import type { Result } from "../../../src/model/failure.ts";
import { bakeCall } from "../../unit/docker/bake-call.ts";
import { SecondEngine } from "../../rig/second-engine.ts";
import { Workbench } from "./workbench.ts";

const FILES = {
  "docker-bake.hcl": `
    target "base" { context = "shell" }
    target "_all" { contexts = { base = "target:base" } }
    target "small" {
      inherits = ["_all"]
      context = "small"
      tags = ["NAME/small:1"]
    }
    target "slow" {
      inherits = ["_all"]
      context = "slow"
    }
    target "large-run" {
      inherits = ["_all"]
      context = "large-run"
    }
    target "large-copy" {
      inherits = ["_all"]
      context = "large-copy"
    }
  `,
  "small/Dockerfile": "FROM base\nRUN echo small\n",
  "slow/Dockerfile": "FROM base\nRUN echo started; busybox sleep 1000\n",
  "large-run/Dockerfile": "FROM base\nRUN busybox dd if=/dev/zero of=/large bs=1M count=400\n",
  "large-copy/Dockerfile": `FROM base\n${Array.from({ length: 20 }, (_, index) => `COPY large /${index}\n`).join("")}`,
  "large-copy/large": "0123456789abcdef".repeat(1_000_000),
};
const DEFINITION: BakeTarget = { context: "." };

describe.skipIf(!SecondEngine.isPossible())("an engine in trouble", () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await Workbench.create(FILES);
  });
  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
  });

  async function build(host: string, target: string, parts: Partial<BakeBuild> = {}): Promise<Result<BuiltImage>> {
    const environment = { DOCKER_HOST: host };
    const site = { workingDirectory: bench.directory, call: bakeCall(), target, definition: DEFINITION, environment };
    return await buildBakeTarget({ ...site, ...parts });
  }

  async function open(host: string): Promise<Engine> {
    const opened = await openEngine({ environment: { DOCKER_HOST: host } });
    if (!opened.ok) throw new Error(JSON.stringify(opened.failure));
    return opened.value;
  }

  it("is unreachable when it dies during a build, and so is every request after", async () => {
    await using engine = await SecondEngine.start({ diskBytes: 200_000_000 });
    await using client = await open(engine.environment.DOCKER_HOST);
    const events: EngineEvent[] = [];
    const listening = (async () => {
      for await (const event of client.events({})) events.push(event);
    })();
    const failed = await build(engine.environment.DOCKER_HOST, "slow", {
      onReport: (report) => {
        if (report.type === "output" && report.line === "started") void engine.kill();
      },
    });
    expect(failed).toMatchObject({
      ok: false,
      failure: { reason: "engine-unreachable", endpoint: engine.environment.DOCKER_HOST },
    });
    await listening;
    expect(events.at(-1)?.type).toBe("connection-lost");
    expect(await client.listImages()).toMatchObject({ ok: false, failure: { reason: "engine-unreachable" } });
    expect(await build(engine.environment.DOCKER_HOST, "small")).toMatchObject({
      failure: { reason: "engine-unreachable" },
    });
  });

  it("has no space left, whether a RUN finds out or BuildKit, and builds again after the RUN that filled it", async () => {
    await using engine = await SecondEngine.start({ diskBytes: 200_000_000 });
    expect(await build(engine.environment.DOCKER_HOST, "large-run")).toMatchObject({
      failure: { reason: "no-space", error: expect.stringMatching(/RUN busybox dd.*no space left on device/i) },
    });
    // BuildKit has removed what the RUN wrote.
    expect(await build(engine.environment.DOCKER_HOST, "small")).toMatchObject({ ok: true });
    expect(await build(engine.environment.DOCKER_HOST, "large-copy")).toMatchObject({
      failure: { reason: "no-space", error: expect.stringMatching(/COPY large .*no space left on device/) },
    });
  });

  it("gives an unchanged image the same id with the containerd store", async () => {
    await using engine = await SecondEngine.start({ diskBytes: 300_000_000, containerdStore: true });
    await using client = await open(engine.environment.DOCKER_HOST);
    expect(await client.info()).toMatchObject({ value: { imageStore: "containerd" } });
    const first = await build(engine.environment.DOCKER_HOST, "small", { engine: client });
    const second = await build(engine.environment.DOCKER_HOST, "small", { engine: client });
    const imageId = first.ok ? first.value.imageId : "";
    expect(second).toMatchObject({ ok: true, value: { imageId } });
    expect(await client.inspectImage(`${bench.name}/small:1`)).toMatchObject({ value: { id: imageId } });
  });
});
