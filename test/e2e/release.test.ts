import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunEvent, TaskFact } from "../../src/model/event.ts";
import { expectEnding, expectNoStackTrace } from "../rig/ending.ts";
import type { CliResult } from "../rig/cli.ts";
import { docker } from "../rig/light-project.ts";
import { eventually } from "../rig/processes.ts";
import { UserProject } from "../rig/user-project.ts";

let user: UserProject;
let blue: CliResult;

beforeAll(async () => {
  user = await UserProject.create();
  blue = await user.run(["run", "deploy-blue"]);
});

afterAll(async () => {
  await user[Symbol.asyncDispose]();
});

const ALL_SUCCEEDED = {
  "images/base": "succeeded",
  "images/api": "succeeded",
  "images/store": "succeeded",
  "images/web": "succeeded",
  "images/worker": "succeeded",
  "check-images": "succeeded",
};

describe("run deploy-blue", () => {
  it("builds, checks and releases, told line by line in a pipe", async () => {
    expectEnding(blue, {
      exitCode: 0,
      says: [
        /^run \S+: deploy-blue, 8 tasks, 4 at a time/m,
        /^\[images\/web\] succeeded in .*: 1\.9\d MB/m,
        /^\[check-images\] succeeded in .*web .* of 4\.00 MB/m,
        `[release@blue] succeeded in `,
        `blue at http://127.0.0.1:${user.light.ports.blue}, 3 containers`,
        /^deploy-blue succeeded in .*: 8 succeeded$/m,
      ],
    });
    expect(blue.stderr).toBe("");
    expect(blue.stdout).not.toContain("\u001B");
    expect(await user.statuses()).toEqual({
      ...ALL_SUCCEEDED,
      "release@blue": "succeeded",
      "smoke@blue": "succeeded",
      run: "succeeded",
    });
    await user.expectNothingLeft();
  });

  it("puts a page in place that answers through all services", async () => {
    expect(await user.light.page("blue")).toContain("environment blue");
    expect(await user.light.page("blue", "/cgi-bin/api")).toContain("api release 1");
    expect(await user.light.containers("blue")).toEqual([
      "api:running",
      "prepare:exited",
      "web:running",
      "worker:running",
    ]);
  });

  it("runs exactly the images that it built", async () => {
    const built = builtImages(await user.events()).map(({ bakeTarget, imageId }) => [bakeTarget, imageId] as const);
    const containers = await docker(
      "ps",
      "--no-trunc",
      "--filter",
      `label=com.docker.compose.project=${user.light.project}-blue`,
      "--format",
      '{{.Label "com.docker.compose.service"}} {{.Image}}',
    );
    const images = Object.fromEntries(built);
    expect(containers.sort()).toEqual(["api", "web", "worker"].map((service) => `${service} ${images[service]}`));
  });

  it("keeps a log directory with events, a summary and the output of each task", () => {
    expect(user.logFiles()).toEqual(
      expect.arrayContaining(["events.ndjson", "release@blue.log", "summary.json", "summary.md", "summary.txt"]),
    );
    expect(user.readLog("release@blue.log")).toContain(`Container ${user.light.project}-blue-web-1  Started`);
    expect(user.readLog("summary.txt")).toContain("deploy-blue succeeded");
    expect(JSON.parse(user.readLog("summary.json"))).toMatchObject({ status: "succeeded" });
  });

  it("is replayed byte for byte as it was printed", async () => {
    const replayed = await user.run(["replay"]);
    expect(replayed).toMatchObject({ exitCode: 0, stdout: blue.stdout, stderr: "" });
  });
});

describe("after blue", () => {
  it("deploy-green puts green beside it, and blue stays as it is", async () => {
    const before = await containerIds("blue");
    const green = await user.run(["run", "deploy-green"]);
    expectEnding(green, { exitCode: 0, says: [/^deploy-green succeeded/m] });
    expect(await user.light.page("green")).toContain("environment green");
    expect(await user.light.page("blue")).toContain("environment blue");
    expect(await containerIds("blue")).toEqual(before);
  });

  it("a second run takes every build step from the cache and leaves the containers alone", async () => {
    // Whoever else uses the engine may have cleaned in between: then the run after this one has it all.
    const built = await eventually(
      async () => {
        expectEnding(await user.run(["run", "deploy-blue"]), { exitCode: 0, says: [/^deploy-blue succeeded/m] });
        return builtImages(await user.events());
      },
      (images) => images.every(({ cachedSteps, steps }) => cachedSteps === steps),
      30_000,
    );
    expect(built.map(({ bakeTarget }) => bakeTarget).sort()).toEqual(["api", "store", "web", "worker"]);
    for (const { cachedSteps, steps } of built) expect(cachedSteps).toBe(steps);
    const before = await containerIds("blue");
    expectEnding(await user.run(["run", "deploy-blue", "--from", "release"]), { exitCode: 0, says: ["2 succeeded"] });
    expect(await containerIds("blue")).toEqual(before);
  });

  it("--json prints one document and nothing else", async () => {
    const result = await user.run(["run", "deploy-blue", "--only", "check-images", "--json"]);
    expectNoStackTrace(result);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(result.stdout)).toMatchObject({
      version: 1,
      status: "succeeded",
      tasks: [{ id: "check-images", status: "succeeded" }],
    });
  });

  it("--reporter ndjson prints the events that are recorded", async () => {
    const result = await user.run(["run", "deploy-blue", "--only", "check-images", "--reporter", "ndjson"]);
    expect(result).toMatchObject({ exitCode: 0, stderr: "", stdout: user.readLog("events.ndjson") });
  });

  it("two pipelines at once run what they share once", async () => {
    const result = await user.run(["run", "deploy-blue", "deploy-green"]);
    expectEnding(result, { exitCode: 0, says: [/10 tasks, 4 at a time/, /10 succeeded/] });
    expect(await user.statuses()).toEqual({
      ...ALL_SUCCEEDED,
      "release@blue": "succeeded",
      "release@green": "succeeded",
      "smoke@blue": "succeeded",
      "smoke@green": "succeeded",
      run: "succeeded",
    });
    const started = (await user.events()).filter((event) => event.type === "task-started");
    expect(started).toHaveLength(10);
  });

  it("--only runs the named tasks alone, --from what follows them too", async () => {
    expectEnding(await user.run(["run", "deploy-blue", "--only", "images/web"]), {
      exitCode: 0,
      says: ["1 succeeded"],
    });
    expect(await user.statuses()).toEqual({ "images/web": "succeeded", run: "succeeded" });
    expectEnding(await user.run(["run", "deploy-blue", "--from", "smoke"]), { exitCode: 0, says: ["1 succeeded"] });
    expect(await user.statuses()).toEqual({ "smoke@blue": "succeeded", run: "succeeded" });
    expectEnding(await user.run(["run", "deploy-blue", "--from", "release"]), { exitCode: 0, says: ["2 succeeded"] });
    expect(await user.statuses()).toEqual({ "release@blue": "succeeded", "smoke@blue": "succeeded", run: "succeeded" });
  });

  it("leaves no process and no temporary file", async () => {
    await user.expectNothingLeft();
  });
});

function builtImages(events: readonly RunEvent[]): readonly Extract<TaskFact, { readonly fact: "image-built" }>[] {
  return events
    .flatMap((event) => (event.type === "task-finished" && event.status === "succeeded" ? event.facts : []))
    .filter((fact) => fact.fact === "image-built");
}

async function containerIds(environment: "blue" | "green"): Promise<readonly string[]> {
  const filter = `label=com.docker.compose.project=${user.light.project}-${environment}`;
  return (await docker("ps", "-aq", "--no-trunc", "--filter", filter)).sort();
}
