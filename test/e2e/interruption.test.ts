import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectEnding } from "../rig/ending.ts";
import { docker } from "../rig/light-project.ts";
import { eventually, findProcesses } from "../rig/processes.ts";
import { UserProject } from "../rig/user-project.ts";

let user: UserProject;
/** IDs of blue's containers before anything was interrupted. */
let blue: readonly string[];
/** Stands in the command line of a build step that takes ten minutes, and in no other. */
let mark: string;

beforeAll(async () => {
  user = await UserProject.create();
  mark = `slow-step-of-${user.light.project}`;
  expectEnding(await user.run(["run", "deploy-blue"]), { exitCode: 0, says: [] });
  blue = await containerIds("blue");
  await user.light.edit("docker/store.Dockerfile", (text) => `${text}RUN echo ${mark}; sleep 600; true\n`);
  await user.light.write(
    "pipelines/stubborn.yaml",
    `tasks:
  stubborn:
    run: ["sh", "-c", "trap '' TERM INT HUP; echo stubborn is up; while true; do sleep 1; done"]
`,
  );
});

afterAll(async () => {
  await user[Symbol.asyncDispose]();
});

afterEach(async () => {
  await user.expectNothingLeft();
  // What BuildKit ran for us ends too, although it is no child of ours.
  const steps = await eventually(
    () => findProcesses(mark),
    (found) => found.length === 0,
  );
  expect(steps).toEqual([]);
  expect(await containerIds("blue")).toEqual(blue);
  expect(await user.light.page("blue")).toContain("environment blue");
});

async function containerIds(environment: "blue" | "green"): Promise<readonly string[]> {
  const filter = `label=com.docker.compose.project=${user.light.project}-${environment}`;
  return (await docker("ps", "-aq", "--no-trunc", "--filter", filter)).sort();
}

describe("a signal during a build", () => {
  it.each([
    { signal: "SIGINT", exitCode: 130 },
    { signal: "SIGTERM", exitCode: 143 },
    { signal: "SIGHUP", exitCode: 129 },
  ] as const)("$signal ends it with $exitCode and leaves nothing", async ({ signal, exitCode }) => {
    const command = user.start(["run", "deploy-green", "--verbose"]);
    await command.waitFor(new RegExp(String.raw`^\[images/store\] ${mark}$`, "m"));
    expect(findProcesses(mark).map(({ command: line }) => line)).toContain(`/bin/sh -c echo ${mark}; sleep 600; true`);
    expect(
      findProcesses(user.light.directory)
        .map(({ command: line }) => line)
        .join("\n"),
    ).toContain("buildx bake");
    const asked = performance.now();
    command.signal(signal);
    const result = await command.done;
    // Bake ends by itself when asked: the grace of ten seconds, after which it would be killed, is not needed.
    expect(performance.now() - asked).toBeLessThan(8_000);
    expectEnding(result, {
      exitCode,
      says: [
        `cancelling on ${signal}: ending what runs (once more to kill it)`,
        /^\[images\/store\] cancelled after/m,
        new RegExp(String.raw`^deploy-green cancelled \(${signal}\) in`, "m"),
      ],
    });
    expect(await user.statuses()).toMatchObject({
      "images/base": "succeeded",
      "images/store": "cancelled",
      "check-images": "blocked",
      "release@green": "blocked",
      run: "cancelled",
    });
    expect(await containerIds("green")).toEqual([]);
  });

  it("the recorded run is replayed as it was printed", async () => {
    const command = user.start(["run", "deploy-green", "--verbose"]);
    await command.waitFor(new RegExp(String.raw`^\[images/store\] ${mark}$`, "m"));
    command.signal("SIGINT");
    const { stdout } = await command.done;
    expect(await user.run(["replay", "--verbose"])).toMatchObject({ exitCode: 0, stdout, stderr: "" });
  });
});

describe("a second Ctrl-C", () => {
  it("kills at once what does not heed the first", async () => {
    const command = user.start(["run", "stubborn", "--verbose"]);
    await command.waitFor(/^\[stubborn\] stubborn is up$/m);
    command.signal("SIGINT");
    await command.waitFor(/cancelling on SIGINT/);
    const asked = performance.now();
    command.signal("SIGINT");
    expectEnding(await command.done, { exitCode: 130, says: [] });
    // The grace of the first one is ten seconds.
    expect(performance.now() - asked).toBeLessThan(5_000);
  });
});

describe("Ctrl-C while a release becomes ready", () => {
  it("stops what was started, and the next deploy works", async () => {
    const command = user.start(["deploy", "green"], { WEB_MODE: "never-ready" });
    await command.waitFor(/Container \S+-green-web-1 {2}Started/);
    command.signal("SIGINT");
    expectEnding(await command.done, {
      exitCode: 130,
      says: [
        "cancelling on SIGINT",
        `stop ${user.light.project}-green; its containers are kept for inspection`,
        /^\[release@green\] cancelled after/m,
      ],
    });
    expect(await user.statuses()).toEqual({ "release@green": "cancelled", run: "cancelled" });
    expect((await user.light.containers("green")).filter((container) => container.endsWith(":running"))).toEqual([]);
    expect(await user.light.containers("shared")).toEqual(["store:running"]);
    expectEnding(await user.run(["deploy", "green"]), { exitCode: 0, says: ["1 succeeded"] });
    expect(await user.light.page("green")).toContain("environment green");
  });
});

describe("Ctrl-C at any moment of a release", () => {
  it("leaves green as it is before anything of it was touched", async () => {
    expectEnding(await user.run(["deploy", "green"]), { exitCode: 0, says: ["1 succeeded"] });
    const before = await containerIds("green");
    const command = user.start(["deploy", "green"]);
    await command.waitFor(/^\[release@green\] deploy started$/m);
    command.signal("SIGINT");
    expectEnding(await command.done, { exitCode: 130, says: [/^deploy-green cancelled \(SIGINT\) in/m] });
    expect(await containerIds("green")).toEqual(before);
    expect(await user.light.page("green")).toContain("environment green");
  });

  it.each([
    /^\[release@green\] deploy started$/m,
    /-shared-store-1: healthy$/m,
    /-green-prepare-1 {2}(Creating|Recreate|Starting)$/m,
    /-green-web-1 {2}Starting$/m,
    /-green-prepare-1: exited with code 0$/m,
    /-green-api-1: healthy$/m,
  ])("after %s leaves nothing of green running", async (moment) => {
    const before = await containerIds("green");
    if (before.length > 0) await docker("rm", "--force", ...before);
    const command = user.start(["run", "deploy-green", "--from", "release", "--verbose"]);
    await command.waitFor(moment);
    command.signal("SIGINT");
    expectEnding(await command.done, { exitCode: 130, says: [/^deploy-green cancelled \(SIGINT\) in/m] });
    expect((await user.light.containers("green")).filter((container) => container.endsWith(":running"))).toEqual([]);
    expect(await user.statuses()).toMatchObject({ "release@green": "cancelled", run: "cancelled" });
  });
});

describe("a signal before the first task", () => {
  it("ends what is being asked, and starts nothing", async () => {
    // A buildx of the user's own that takes its time to say what the bake targets are.
    const plugin = path.join(user.light.directory, ".docker/cli-plugins/docker-buildx");
    const asked = path.join(user.light.directory, "asked");
    await mkdir(path.dirname(plugin), { recursive: true });
    await writeFile(plugin, `#!/bin/sh\ntouch '${asked}'\nexec sleep 600\n`, { mode: 0o755 });
    const runs = user.runCount();
    const command = user.start(["run", "build"], { DOCKER_CONFIG: path.join(user.light.directory, ".docker") });
    expect(await eventually(() => existsSync(asked), Boolean)).toBe(true);
    command.signal("SIGINT");
    expectEnding(await command.done, { exitCode: 130, says: [/^cancelled on SIGINT: nothing was started$/m] });
    expect(user.runCount()).toBe(runs);
  });
});
