import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Failure } from "../../src/model/failure.ts";
import { expectEnding } from "../rig/ending.ts";
import { SecondEngine } from "../rig/second-engine.ts";
import { UserProject } from "../rig/user-project.ts";

let user: UserProject;

const DOCTOR = "next: see what is wrong and how to mend it: `orchestrate doctor`";

/** Why a task of the newest run failed. */
async function failureOf(task: string): Promise<Failure | undefined> {
  for (const event of await user.events()) {
    if (event.type === "task-finished" && event.task === task && event.status === "failed") return event.failure;
  }
  return undefined;
}

describe("an engine that is down before the run", () => {
  beforeAll(async () => {
    user = await UserProject.create();
  });

  afterAll(async () => {
    await user.expectNothingLeft();
    await user[Symbol.asyncDispose]();
  });

  const down = "unix:///nowhere/docker.sock";

  it.each([
    ["run", "deploy-blue"],
    ["build", "--service", "web"],
    ["deploy", "blue"],
    ["verify"],
    ["clean"],
    ["clean", "--dry-run"],
    ["usage"],
  ])("%s %s ends at once: which engine, and what to do", async (...argv) => {
    const runs = user.runCount();
    const result = await user.run(argv, { DOCKER_HOST: down });
    expectEnding(result, {
      exitCode: 2,
      says: [`The Docker Engine at ${down} does not answer: there is no socket`, DOCTOR],
    });
    expect(result.stdout).toBe("");
    expect(user.runCount()).toBe(runs);
  });

  it("--json tells the same to a script", async () => {
    const result = await user.run(["run", "deploy-blue", "--json"], { DOCKER_HOST: "tcp://127.0.0.1:1" });
    expect(result).toMatchObject({ exitCode: 2, stderr: "" });
    expect(JSON.parse(result.stdout)).toMatchObject({ error: { failure: { reason: "engine-unreachable" } } });
  });

  it("doctor names it and how to start one", async () => {
    expectEnding(await user.run(["doctor"], { DOCKER_HOST: down }), {
      exitCode: 2,
      says: [`no Docker Engine answers at ${down}`, "start it", "DOCKER_HOST"],
    });
  });

  it("what needs no engine works", async () => {
    for (const argv of [
      ["validate"],
      ["list"],
      ["graph", "deploy-blue"],
      ["config", "deploy-blue"],
      ["plan", "deploy-blue"],
    ])
      expectEnding(await user.run(argv, { DOCKER_HOST: down }), { exitCode: 0, says: [] });
  });
});

describe.skipIf(!SecondEngine.isPossible())("an engine that fails in the middle", () => {
  let engine: SecondEngine;

  beforeAll(async () => {
    engine = await SecondEngine.start();
    user = await UserProject.create(engine.environment);
    await user.light.edit("docker/store.Dockerfile", (text) => `${text}RUN echo slow step has begun; sleep 600\n`);
  });

  afterEach(async () => {
    await user.expectNothingLeft();
    if (!(await engine.answers())) await engine.start();
  });

  afterAll(async () => {
    await user[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  it("killed during a build: ends the run with the engine as the reason", async () => {
    const command = user.start(["run", "deploy-blue", "--verbose"]);
    await command.waitFor(/^\[images\/store\] slow step has begun$/m);
    await engine.kill();
    expectEnding(await command.done, {
      exitCode: 1,
      says: [
        new RegExp(
          `^\\[images/store\\] failed after .*: The Docker Engine at ${engine.environment.DOCKER_HOST} does not answer: `,
          "m",
        ),
        DOCTOR,
        /^ {2}blocked +check-images +by .*images\/store/m,
        /^deploy-blue failed in /m,
      ],
    });
    expect(await failureOf("images/store")).toMatchObject({ reason: "engine-unreachable" });
    expect(await user.statuses()).toMatchObject({ "release@blue": "blocked", "smoke@blue": "blocked", run: "failed" });
  });

  it("killed while a release becomes ready: the same, and the next run mends it", async () => {
    await user.light.edit("docker/store.Dockerfile", (text) => text.replace(/RUN echo slow.*\n/, ""));
    expectEnding(await user.run(["run", "build"]), { exitCode: 0, says: [] });
    const command = user.start(["deploy", "blue"], { WEB_MODE: "never-ready" });
    await command.waitFor(/Container \S+-blue-web-1 {2}Started/);
    await engine.kill();
    expectEnding(await command.done, {
      exitCode: 1,
      says: [`The Docker Engine at ${engine.environment.DOCKER_HOST} does not answer`, DOCTOR],
    });
    expect(await failureOf("release@blue")).toMatchObject({ reason: "engine-unreachable" });

    await engine.start();
    expectEnding(await user.run(["deploy", "blue"]), { exitCode: 0, says: ["1 succeeded"] });
    const filter = `label=com.docker.compose.project=${user.light.project}-blue`;
    const states = await engine.docker(
      "ps",
      "-a",
      "--filter",
      filter,
      "--format",
      '{{.Label "com.docker.compose.service"}} {{.State}}',
    );
    expect([...states].sort()).toEqual(["api running", "prepare exited", "web running", "worker running"]);
  });
  it("hanging: Ctrl-C ends the run all the same", async () => {
    await user.light.edit("docker/store.Dockerfile", (text) => `${text}RUN echo slow step has begun; sleep 600\n`);
    const command = user.start(["run", "build", "--verbose"]);
    await command.waitFor(/^\[images\/store\] slow step has begun$/m);
    await engine.signal("SIGSTOP");
    command.signal("SIGINT");
    expectEnding(await command.done, { exitCode: 130, says: ["cancelling on SIGINT", "build cancelled (SIGINT)"] });
    expect(await user.statuses()).toMatchObject({ "images/store": "cancelled", run: "cancelled" });
    await engine.kill();
  });
});
