import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectEnding } from "../rig/ending.ts";
import { docker } from "../rig/light-project.ts";
import { UserProject } from "../rig/user-project.ts";

let user: UserProject;

beforeAll(async () => {
  user = await UserProject.create();
  expectEnding(await user.run(["run", "deploy-blue"]), { exitCode: 0, says: [] });
});

afterAll(async () => {
  await user[Symbol.asyncDispose]();
});

afterEach(async () => {
  // Whatever broke: blue answers, and nothing runs on.
  expect(await user.light.page("blue")).toContain("web release 1 in environment blue");
  await user.expectNothingLeft();
});

describe("a broken Dockerfile", () => {
  let dockerfile: string;
  let storeDockerfile: string;

  beforeEach(async () => {
    dockerfile = await user.light.read("docker/service.Dockerfile");
    storeDockerfile = await user.light.read("docker/store.Dockerfile");
  });

  afterEach(async () => {
    await user.light.write("docker/service.Dockerfile", dockerfile);
    await user.light.write("docker/store.Dockerfile", storeDockerfile);
  });

  it("whose RUN fails: the step, its output and the frame, and what depends on it is blocked", async () => {
    const line = dockerfile.split("\n").length;
    const step = `echo compiling; echo 'missing semicolon' >&2; exit 7`;
    await user.light.write("docker/service.Dockerfile", `${dockerfile}RUN ${step}\n`);
    expectEnding(await user.run(["run", "deploy-green"]), {
      exitCode: 1,
      says: [
        /\[images\/web\] failed after .*: The build of web failed at \[web production .*\] RUN echo compiling/,
        "did not complete successfully: exit code: 7",
        /^ {2}\| \$ docker buildx bake web$/m,
        /^ {2}\| missing semicolon$/m,
        `| >>> RUN ${step}`,
        `service.Dockerfile:${line}`,
        /next: mend the step \[web production .*\] RUN echo compiling.* of the Dockerfile of web/,
        /next: read the whole log: `less logs\/docker\/.*\/images\.web\.log`/,
        "next: run it again alone: `orchestrate run deploy-green --only images/web`",
        "deploy-green failed in",
      ],
    });
    expect(await user.statuses()).toMatchObject({
      "images/store": "succeeded",
      "images/web": "failed",
      "check-images": "blocked",
      "release@green": "blocked",
      "smoke@green": "blocked",
      run: "failed",
    });
    expect(user.readLog("images.web.log")).toContain("missing semicolon");
    expect(await user.light.containers("green")).toEqual([]);
  });

  it("that does not parse: BuildKit's error with the line", async () => {
    await user.light.write("docker/service.Dockerfile", `${dockerfile}RUNN true\n`);
    expectEnding(await user.run(["build", "--service", "web", "--clean", "none"]), {
      exitCode: 1,
      says: [
        `dockerfile parse error on line ${dockerfile.split("\n").length}: unknown instruction: RUNN (did you mean RUN?)`,
        "| >>> RUNN true",
        "next: mend the Dockerfile or the bake target web",
      ],
    });
  });

  it("is annotated in GitHub Actions at the task, and is data with --json", async () => {
    await user.light.write("docker/service.Dockerfile", `${dockerfile}RUN exit 7\n`);
    const only = ["run", "build", "--only", "images/web"];
    const line = (await user.light.read("pipelines/build.yaml")).split("\n").indexOf("  images:") + 1;
    expectEnding(await user.run(only, { GITHUB_ACTIONS: "true" }), {
      exitCode: 1,
      says: [new RegExp(`^::error .*file=pipelines/build\\.yaml,line=${line}.*::.*exit code: 7`, "m")],
    });
    const json = await user.run([...only, "--json"]);
    expect(json).toMatchObject({ exitCode: 1, stderr: "" });
    expect(JSON.parse(json.stdout)).toMatchObject({
      status: "failed",
      tasks: [{ id: "images/web", status: "failed", failure: { reason: "build-failed" } }],
    });
  });

  it("whose base image does not exist: which one, and what to check", async () => {
    await user.light.edit("docker/service.Dockerfile", (text) =>
      text.replace("FROM base AS production", "FROM registry.invalid/none:1 AS production"),
    );
    expectEnding(await user.run(["run", "build", "--only", "images/web"]), {
      exitCode: 1,
      says: [
        "registry.invalid/none:1",
        "| >>> FROM registry.invalid/none:1 AS production",
        "next: check that this machine",
      ],
    });
    expect(await user.statuses()).toMatchObject({ "images/web": "failed" });
  });

  it("keep-going finishes what does not depend on it, fail-fast cancels it", async () => {
    await user.light.write("docker/store.Dockerfile", `${storeDockerfile}RUN sleep 600\n`);
    await user.light.write("docker/service.Dockerfile", `${dockerfile}RUN exit 1\n`);
    expectEnding(await user.run(["run", "build", "--fail-fast"]), {
      exitCode: 1,
      says: ["stopping after the first failure", "build failed (fail-fast) in"],
    });
    expect(await user.statuses()).toMatchObject({ "images/store": "cancelled", "check-images": "blocked" });
    await user.light.write("docker/store.Dockerfile", storeDockerfile);
    expectEnding(await user.run(["run", "build"]), { exitCode: 1, says: [/2 succeeded, 3 failed, 1 blocked/] });
  });
});

describe("a broken release of green", () => {
  /** Names of green's containers that run. */
  const running = async (): Promise<readonly string[]> =>
    (await user.light.containers("green")).filter((container) => container.endsWith(":running"));

  it.each([
    {
      trouble: "a health check that fails",
      environment: {
        WEB_MODE: "unhealthy",
        HEALTH_INTERVAL: "500ms",
        HEALTH_RETRIES: "1",
        HEALTH_START_PERIOD: "500ms",
      },
      blame: "web",
      says: ["unhealthy", "web answers, but not as its health check expects"],
    },
    {
      trouble: "a container that exits",
      environment: { WEB_MODE: "exit", WEB_RESTART: "no" },
      blame: "web",
      says: ["exited with code 3", "web cannot start: setting LIGHT_SECRET is missing"],
    },
    {
      trouble: "a container that keeps crashing",
      environment: { API_MODE: "crash-loop" },
      blame: "api",
      says: ["restarted 3 times", "api crashed: invariant broken"],
    },
    {
      trouble: "a migration that fails",
      environment: { PREPARE_EXIT: "3" },
      blame: "prepare",
      says: ["exited with code 3", "prepared"],
    },
  ])("$trouble: whose log, what was seen, nothing of green runs on", async ({ environment, blame, says }) => {
    const container = `${user.light.project}-green-${blame}-1`;
    expectEnding(await user.run(["run", "deploy-green", "--from", "release"], environment), {
      exitCode: 1,
      says: [
        `The service ${blame} of ${user.light.project}-green did not become ready: `,
        ...says,
        `next: read its log: \`docker logs ${container}\``,
        "deploy-green failed in",
      ],
    });
    expect(await user.statuses()).toEqual({ "release@green": "failed", "smoke@green": "blocked", run: "failed" });
    expect(await running()).toEqual([]);
    // Kept, so that the next step works.
    expect(await docker("ps", "-a", "--filter", `name=^${container}$`, "--format", "{{.Names}}")).toEqual([container]);
  });

  it("one that never becomes ready ends with its timeout", async () => {
    await user.light.edit("pipelines/deploy.yaml", (text) => text.replace("timeout: 60s", "timeout: 6s"));
    const result = await user.run(["run", "deploy-green", "--from", "release"], { WEB_MODE: "never-ready" });
    expectEnding(result, {
      exitCode: 1,
      says: [
        /did not become ready: still starting .*after 6\.0s/,
        "web waits for something that never comes",
        /next: if it only needs longer, raise `health\.timeout` of task release@green in pipelines\/deploy\.yaml:\d+/,
      ],
    });
    expect(await running()).toEqual([]);
  });

  it("is mended by the next deploy", async () => {
    expectEnding(await user.run(["deploy", "green"]), { exitCode: 0, says: ["1 succeeded"] });
    expect(await user.light.page("green")).toContain("environment green");
  });

  it("without images says how to build them", async () => {
    await docker("image", "rm", "--force", `${user.light.project}/api:latest`);
    expectEnding(await user.run(["deploy", "green"]), {
      exitCode: 1,
      says: [
        `The image of api does not exist on the engine: ${user.light.project}/api:latest`,
        "next: build it: `orchestrate build --service api`",
      ],
    });
  });
});

describe("an image over its limit", () => {
  it("fails the check, says by how much, and releases nothing", async () => {
    const before = await user.light.containers("green");
    expectEnding(await user.run(["run", "deploy-green"], { LIGHT_PADDING_KB: "3000" }), {
      exitCode: 1,
      says: [
        /^\[check-images\] failed after .*: 3 images exceed their size limits: web, api, worker$/m,
        new RegExp(String.raw`${user.light.project}/web:latest: 5\.0\d MB of 4\.00 MB \(12\d %\), 1\.0\d MB over`),
        `next: see which layer is large: \`docker history ${user.light.project}/web:latest\``,
        "raise `size_limit` of the service in docker/build-config.json",
        /^ {2}blocked +release@green +by check-images$/m,
      ],
    });
    expect(await user.light.containers("green")).toEqual(before);
  });

  it("fails verify with the same words", async () => {
    expectEnding(await user.run(["verify", "--service", "web"]), {
      exitCode: 1,
      says: [/The image of web is 5\.0\d MB, 1\.0\d MB \(2\d %\) over its limit of 4\.00 MB/],
    });
  });
});
