import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { BakeBuild, BuiltImage } from "../../../src/docker/bake.ts";
import { buildBakeTarget, listBakeTargets, loadBakeDefinition } from "../../../src/docker/bake.ts";
import { liveCommandCount } from "../../../src/docker/command.ts";
import type { BakeTarget } from "../../../src/model/bake-definition.ts";
import type { TaskStep } from "../../../src/model/event.ts";
import type { Failure } from "../../../src/model/failure.ts";
import type { TaskReport } from "../../../src/model/performer.ts";
import type { BakeCall } from "../../../src/model/pipeline.ts";
import { docker } from "../../rig/light-project.ts";
import { findProcesses } from "../../rig/processes.ts";
import { bakeCall } from "../../unit/docker/bake-call.ts";
import { Workbench } from "./workbench.ts";

const BAKE_FILE = `
variable "CONTENT" { default = "plain" }
target "base" {
  context = "shell"
  tags = ["NAME/base:1"]
}
target "_image" {
  contexts = { base = "target:base" }
  labels = { "dev.orchestrate.test" = "NAME" }
  network = "none"
}
target "web" {
  inherits = ["_image"]
  context = "web"
  args = { CONTENT = CONTENT }
  tags = ["NAME/web:1", "NAME/web:latest"]
}
target "twins" {
  name = "twin-\${number}"
  matrix = { number = ["one", "two"] }
  inherits = ["_image"]
  context = "web"
  args = { CONTENT = number }
}
group "default" { targets = ["web", "twins"] }
target "broken" {
  inherits = ["_image"]
  context = "broken"
}
target "slow" {
  inherits = ["_image"]
  context = "slow"
}
target "secret" {
  inherits = ["_image"]
  context = "secret"
}
target "network" {
  inherits = ["_image"]
  network = "default"
  context = "network"
  tags = ["NAME/network:1"]
}
target "outside" {
  inherits = ["_image"]
  context = "web"
  contexts = { more = "../" }
}
target "nothing" {
  inherits = ["_image"]
  context = "web"
  output = ["type=cacheonly"]
}
target "unknown-base" {
  context = "unknown"
}
`;
const FILES = {
  "docker-bake.hcl": BAKE_FILE,
  "web/Dockerfile": "FROM base\nARG CONTENT\nRUN echo building ${CONTENT} NAME; echo ${CONTENT} NAME > /content\n",
  "broken/Dockerfile": "FROM base\nRUN echo NAME; echo about to fail >&2; exit 7\n",
  "slow/Dockerfile": "FROM base\nRUN echo started NAME; busybox sleep 1000\n",
  "secret/Dockerfile":
    "FROM base\nRUN --mount=type=secret,id=file --mount=type=secret,id=variable busybox cat /run/secrets/*; echo NAME\n",
  "network/Dockerfile": "FROM base\nRUN echo NAME; echo interfaces $(busybox ls /sys/class/net | busybox wc -l)\n",
  "unknown/Dockerfile": "FROM orchestrate.invalid/NAME:1\n",
  "secret.txt": "very-secret-file\n",
};

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create(FILES);
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

async function definitionOf(target: string, call: BakeCall): Promise<BakeTarget> {
  const result = await loadBakeDefinition({ workingDirectory: bench.directory, call }, [target]);
  if (!result.ok) throw new Error(JSON.stringify(result.problem));
  return result.definition.target[target] ?? {};
}

interface Outcome {
  readonly image?: BuiltImage;
  readonly failure?: Failure;
  readonly lines: readonly string[];
  readonly steps: readonly TaskStep[];
}

async function build(target: string, call: BakeCall = bakeCall(), parts: Partial<BakeBuild> = {}): Promise<Outcome> {
  const lines: string[] = [];
  const steps: TaskStep[] = [];
  const onReport = (report: TaskReport): void => {
    if (report.type === "output") lines.push(report.line);
    else steps.push(report.step);
  };
  const site = { workingDirectory: bench.directory, call, target, engine: bench.engine, onReport };
  const result = await buildBakeTarget({ ...site, definition: await definitionOf(target, call), ...parts });
  return { lines, steps, ...(result.ok ? { image: result.value } : { failure: result.failure }) };
}

async function contentOf(image: string): Promise<string[]> {
  return await docker(
    "run",
    "--rm",
    "--label",
    `dev.orchestrate.test=${bench.name}`,
    image,
    "/bin/busybox",
    "cat",
    "/content",
  );
}

describe("loadBakeDefinition", () => {
  it("resolves groups, matrices and linked targets, with the variables and settings of the call", async () => {
    const call = bakeCall({
      variables: { CONTENT: "varied" },
      args: { MORE: "a=b" },
      contexts: { extra: "docker-image://x" },
      secrets: [{ id: "s", source: { from: "file", path: "secret.txt" } }],
      network: "host",
    });
    const result = await loadBakeDefinition({ workingDirectory: bench.directory, call }, ["default"]);
    expect(result).toMatchObject({
      ok: true,
      definition: {
        target: {
          base: { context: "shell" },
          web: {
            args: { CONTENT: "varied", MORE: "a=b" },
            contexts: { base: "target:base", extra: "docker-image://x" },
            secret: [{ id: "s", src: "secret.txt" }],
            network: "host",
          },
          "twin-one": { args: { CONTENT: "one" } },
        },
      },
    });
  });

  it("tells an unknown target and what there is", async () => {
    const site = { workingDirectory: bench.directory, call: bakeCall() };
    expect(await loadBakeDefinition(site, ["web", "wep"])).toMatchObject({
      ok: false,
      problem: { problem: "target-unknown", target: "wep" },
    });
    expect(await listBakeTargets(site)).toEqual(expect.arrayContaining(["base", "default", "twin-two", "web"]));
  });

  it("tells file, line and column of a mistake", async () => {
    await bench.write("mistake.hcl", 'target "x" {\n  args = { A = nothing }\n}\n');
    const site = { workingDirectory: bench.directory, call: bakeCall({ files: ["mistake.hcl"] }) };
    expect(await loadBakeDefinition(site, ["x"])).toMatchObject({
      ok: false,
      problem: { problem: "file-invalid", file: "mistake.hcl", line: 2, column: 16, message: /Unknown variable/ },
    });
    const missing = { ...site, call: bakeCall({ files: ["none.hcl"] }) };
    expect(await loadBakeDefinition(missing, ["x"])).toMatchObject({ problem: { problem: "file-invalid" } });
  });
});

describe("buildBakeTarget", () => {
  it("builds an image with its linked target, labels it, and finds it unchanged the second time", async () => {
    const labels = { "dev.orchestrate.project": bench.name };
    const first = await build("web", bakeCall(), { labels });
    expect(first.lines).toContain(`building plain ${bench.name}`);
    expect(first.image?.tags).toEqual([`${bench.name}/web:1`, `${bench.name}/web:latest`]);
    expect(first.image?.steps.map((step) => step.state)).toContain("done");
    const inspected = await bench.engine.inspectImage(`${bench.name}/web:1`);
    expect(inspected).toMatchObject({ value: { id: first.image?.imageId, labels } });
    expect(await contentOf(first.image?.imageId ?? "")).toEqual([`plain ${bench.name}`]);
    expect(await bench.engine.inspectImage(`${bench.name}/base:1`)).toEqual({ ok: true, value: undefined });

    const second = await build("web", bakeCall(), { labels });
    expect(second.image?.imageId).toBe(first.image?.imageId);
    // Not a number of steps: BuildKit also names equal steps of builds that run at the same time.
    const { steps = [], cachedSteps } = second.image ?? {};
    expect(steps.length).toBeGreaterThanOrEqual(3);
    expect(cachedSteps).toBe(steps.length);
    expect(second.lines).toEqual([]);
  });

  it("builds again what is asked for without cache, and the linked target from the cache", async () => {
    await build("web");
    const again = await build("web", bakeCall({ noCache: true }));
    expect(again.image?.cachedSteps).toBe((again.image?.steps.length ?? 0) - 1);
    expect(again.lines).toContain(`building plain ${bench.name}`);
  });

  it("passes variables, arguments and contexts", async () => {
    await bench.write("other-shell/Dockerfile", "FROM base\nRUN echo NAME > /other\n");
    const varied = await build("web", bakeCall({ variables: { CONTENT: "varied" } }));
    expect(await contentOf(varied.image?.imageId ?? "")).toEqual([`varied ${bench.name}`]);
    const argued = await build("web", bakeCall({ variables: { CONTENT: "varied" }, args: { CONTENT: "argued" } }));
    expect(await contentOf(argued.image?.imageId ?? "")).toEqual([`argued ${bench.name}`]);
    const replaced = await build("web", bakeCall({ contexts: { base: `docker-image://${bench.name}/web:1` } }));
    expect(replaced.image?.steps.some((step) => step.name.includes("COPY busybox"))).toBe(false);
  });

  it("obeys the network of the call, which --set does not carry", async () => {
    expect((await build("network")).lines).toContain("interfaces 2");
    expect((await build("network", bakeCall({ network: "none", noCache: true }))).lines).toContain("interfaces 1");
  });

  it("reports no value of a secret, wherever it comes from", async () => {
    const call = bakeCall({
      variables: { SECRET_TEXT: "very-secret-variable" },
      secrets: [
        { id: "file", source: { from: "file", path: "secret.txt" } },
        { id: "variable", source: { from: "environment", name: "SECRET_TEXT" } },
      ],
    });
    const outcome = await build("secret", call);
    expect(outcome.failure).toBeUndefined();
    expect(outcome.lines.join("\n")).toMatch(/\*\*\*/);
    expect(JSON.stringify(outcome)).not.toContain("very-secret");
  });

  it("names step, error and output of a RUN that fails", async () => {
    const { failure, steps } = await build("broken");
    expect(failure).toMatchObject({
      reason: "build-failed",
      bakeTarget: "broken",
      step: expect.stringMatching(/^\[.*\] RUN echo .*exit 7$/),
      error: expect.stringContaining("exit code: 7"),
      evidence: { command: "docker buildx bake broken", exitCode: 1 },
    });
    const lines = failure?.reason === "build-failed" ? failure.evidence.lastLines : [];
    expect(lines).toEqual(expect.arrayContaining(["about to fail", expect.stringMatching(/>>> RUN/)]));
    expect(steps.filter(({ state }) => state === "failed")).toMatchObject([{ name: expect.stringMatching(/exit 7$/) }]);
  });

  it("classifies a base image that cannot be fetched", async () => {
    expect((await build("unknown-base")).failure?.reason).toMatch(/^(network|registry)$/);
  });

  it("classifies an engine that is not there", async () => {
    const environment = { DOCKER_HOST: "unix:///orc-test-none.sock" };
    expect(await build("web", bakeCall(), { environment })).toMatchObject({
      failure: { reason: "engine-unreachable", error: /Cannot connect to the Docker daemon/ },
    });
  });

  it("refuses what the bake file asks for and the pipeline does not allow, before anything starts", async () => {
    const refused = await build("outside");
    expect(refused.failure).toMatchObject({
      reason: "build-failed",
      error: "the bake file asks for what the pipeline does not allow (fs.read=../)",
      evidence: { lastLines: ['nothing was built; to allow it, add to the build task: allow: ["fs.read=../"]'] },
    });
    expect(refused.steps).toEqual([]);
    expect((await build("outside", bakeCall({ allow: ["fs.read=.."] }))).failure).toBeUndefined();
  });

  it("has no image id where the bake target exports no image", async () => {
    const { image, failure } = await build("nothing");
    expect([failure, image?.imageId, image?.tags]).toEqual([undefined, undefined, []]);
  });

  it("leaves no process and no file when it is cancelled", async () => {
    await bench.write("tmp/empty", "");
    vi.stubEnv("TMPDIR", path.join(bench.directory, "tmp"));
    const mark = `${bench.name}-cancelled`;
    const controller = new AbortController();
    const lines: string[] = [];
    const call = bakeCall({ variables: { MARK: mark } });
    const outcome = await build("slow", call, {
      signal: controller.signal,
      onReport: (report) => {
        if (report.type !== "output") return;
        lines.push(report.line);
        if (report.line.startsWith("started")) controller.abort();
      },
    });
    expect(lines).toContain(`started ${bench.name}`);
    expect(outcome.failure).toMatchObject({ reason: "command-failed", evidence: { signal: "SIGTERM" } });
    expect([findProcesses(mark), liveCommandCount()]).toEqual([[], 0]);
    expect(readdirSync(tmpdir())).toEqual(["empty"]);
    vi.unstubAllEnvs();
  });
});
