import { afterEach, describe, expect, it } from "vitest";
import { DiskProject } from "../rig/disk-project.ts";
import type { DiskProjectOptions } from "../rig/disk-project.ts";
import { soakDisk, soakPlainBake } from "../rig/disk-soak.ts";
import { expectEnding } from "../rig/ending.ts";
import { SecondEngine } from "../rig/second-engine.ts";

// The short form of bench/disk-soak.ts: as many builds as would need the disk more than once.
const SHORT = {
  runs: 8,
  diskBytes: 700e6,
  sourceBytes: 60e6,
  minFreeBytes: 100e6,
  containerdStore: false,
  builds: 1,
  apart: false,
};

describe("builds on a small disk", () => {
  it("run out of space with plain bake: the control", { timeout: 60_000 }, async () => {
    const failed = await soakPlainBake({ ...SHORT, runs: 14 });
    expect(failed?.said).toMatch(/no space left on device/);
  });

  it.each([
    ["on the graph driver", SHORT],
    ["two at once, in two processes", { ...SHORT, builds: 2, apart: true, runs: 4, diskBytes: 900e6 }],
    [
      "two at once, on the containerd store",
      // An image that stays is there twice, unpacked and compressed, and its shared cache records stay with it: 640 MB for four.
      { ...SHORT, builds: 2, containerdStore: true, sourceBytes: 40e6, diskBytes: 1_500e6, runs: 6 },
    ],
  ])("never go below the minimum free space, and keep every image that must stay: %s", async (_, options) => {
    const rounds = await soakDisk(options);
    expect(rounds.map(({ output }) => output).join("")).toBe("");
    expect(rounds).toHaveLength(options.runs);
    expect(rounds.flatMap(({ missing }) => missing)).toEqual([]);
    expect(Math.min(...rounds.map(({ leastFreeBytes }) => leastFreeBytes))).toBeGreaterThanOrEqual(
      options.minFreeBytes,
    );
  });
});

describe("a build that finds no room", () => {
  let stack = new AsyncDisposableStack();
  afterEach(async () => {
    await stack.disposeAsync();
    stack = new AsyncDisposableStack();
  });

  async function create(
    over: Partial<DiskProjectOptions>,
  ): Promise<{ readonly engine: SecondEngine; readonly project: DiskProject }> {
    const engine = stack.use(await SecondEngine.start({ diskBytes: over.services === undefined ? 300e6 : 480e6 }));
    const defaults = { services: ["part"], sourceBytes: 20e6, minFree: { low: "30MB", high: "60MB" } };
    const project = stack.use(await DiskProject.create({ ...defaults, environment: engine.environment, ...over }));
    await project.change();
    return { engine, project };
  }

  it("fails before it starts, with what it needs, what is free and what can be done; and leaves no reservation", async () => {
    const { engine, project } = await create({ declaredDisk: "500MB" });
    const planned = await project.start(["plan", "build"]).done;
    expectEnding(planned, { exitCode: 0, says: ["takes up to 500 MB of the engine's disk (as its task declares)"] });
    const ended = await project.start(["run", "build"]).done;
    expectEnding(ended, {
      exitCode: 1,
      says: [
        /waiting: 500 MB of disk are needed, .* are free, of which 30\.0 MB stay free; cleaning by the policy normal/,
        /cleaning by the policy aggressive/,
        /Not enough room on the engine's disk to build part: .* are missing/,
        "needed: 500 MB (as its task declares)",
        "`orchestrate usage`",
      ],
    });
    expect(ended.output).not.toContain("build started");
    expect(await engine.docker("volume", "ls", "--quiet")).toEqual([]);
  });

  it("is tried once more after a clean-up when it ran out of space all the same, and then fails clearly", async () => {
    const { engine, project } = await create({ declaredDisk: "10MB", sourceBytes: 160e6 });
    const ended = await project.start(["run", "build"]).done;
    expectEnding(ended, {
      exitCode: 1,
      says: [
        "the build ran out of disk space; making room to try once more",
        "attempt 1 failed: The engine's disk is full",
        "build started (attempt 2)",
        /The engine's disk is full: .*no space left on device/i,
      ],
    });
    expect(ended.output).not.toContain("attempt 3");
    expect(await engine.docker("volume", "ls", "--quiet")).toEqual([]);
  });

  it("never loses a result that a later build of the run shares to the clean-up between them", async () => {
    const services = ["base", "one", "two"];
    const { project } = await create({ services, declaredDisk: "150MB", sourceBytes: 30e6 });
    const shared = (service: string): string =>
      `target "${service}" {\n  context = "${service}"\n  contexts = { base = "target:base" }\n` +
      `  tags = ["${project.name}/${service}:\${VERSION}"]\n}\n`;
    const base = `target "base" {\n  context = "base"\n  output = ["type=cacheonly"]\n}\n`;
    await project.write("docker-bake.hcl", `variable "VERSION" {}\n${base}${shared("one")}${shared("two")}`);
    await project.write(
      "pipelines/build.yaml",
      "name: build\nconcurrency: { tasks: 1 }\ntasks:\n  images:\n    resources: { disk: 60MB }\n    build: { targets: [one, two] }\n",
    );
    for (const service of ["one", "two"]) {
      await project.write(`${service}/Dockerfile`, "FROM base\nCOPY source /own\n");
    }
    let between = false;
    for (let round = 1; round <= 5; round += 1) {
      await project.change();
      const { exitCode, output } = await project.start(["run", "build", "--verbose"]).done;
      expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
      const [first = "", second = ""] = output.match(/^\[images\/(one|two)\] build started/gm) ?? [];
      const cleaned = output.lastIndexOf("clean-up removed");
      between ||= cleaned > output.indexOf(first) && cleaned < output.indexOf(second);
      // BuildKit names the step of the base after the bake target for which it looked.
      expect(output.match(/\[\w+ 1\/1\] COPY source \/source \(cached\)$/gm) ?? []).toHaveLength(2);
      const builtAnew = output.match(/\[(\w+ )?1\/1\] COPY source \/source \(\d/g) ?? [];
      expect(builtAnew).toHaveLength(1);
    }
    expect(between).toBe(true);
  });

  it("is held up by no process that was killed", async () => {
    const { engine, project } = await create({ declaredDisk: "200MB" });
    await project.write("part/Dockerfile", 'FROM scratch\nCOPY source /source\nRUN ["/nothing/that/exists"]\n');
    const killed = project.start(["run", "build"]);
    await killed.waitFor(/build started/);
    killed.signal("SIGKILL");
    await killed.done;
    expect(await engine.docker("volume", "ls", "--quiet")).not.toEqual([]);
    await project.write("part/Dockerfile", "FROM scratch\nCOPY source /source\n");
    expectEnding(await project.start(["run", "build"]).done, { exitCode: 0, says: [] });
    expect(await engine.docker("volume", "ls", "--quiet")).toEqual([]);
  });
});
