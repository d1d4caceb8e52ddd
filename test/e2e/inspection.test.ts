import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectEnding } from "../rig/ending.ts";
import { docker } from "../rig/light-project.ts";
import { UserProject } from "../rig/user-project.ts";

let user: UserProject;

beforeAll(async () => {
  user = await UserProject.create();
  expectEnding(await user.run(["run", "build"]), { exitCode: 0, says: ["6 succeeded"] });
});

afterAll(async () => {
  await user.expectNothingLeft();
  await user[Symbol.asyncDispose]();
});

/** Everything on the engine that carries the project's name, with its ID and state. */
async function engineListing(): Promise<readonly string[]> {
  const name = user.light.project;
  // No column that tells an age: it changes by itself.
  const image = ["--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"];
  const lists = await Promise.all([
    docker("ps", "-a", "--no-trunc", "--filter", `name=${name}`, "--format", "{{.ID}} {{.Names}} {{.State}}"),
    docker("image", "ls", "-a", "--filter", `reference=${name}/*`, ...image),
    docker("image", "ls", "-a", "--filter", `label=dev.orchestrate.project=${name}`, ...image),
    docker("network", "ls", "--no-trunc", "--filter", `name=${name}`),
    docker("volume", "ls", "--filter", `name=${name}`),
  ]);
  return lists.flat().sort();
}

describe("what only looks", () => {
  it("plan, run --dry-run, clean --dry-run, build --dry-run and deploy --dry-run change nothing on the engine", async () => {
    const before = await engineListing();
    expect(before.length).toBeGreaterThan(5);
    expectEnding(await user.run(["plan", "deploy-blue"]), {
      exitCode: 0,
      says: [
        "plan for deploy-blue: 8 tasks",
        /\d\. images\/web \(build, after images\/base\)/,
        "docker buildx bake web",
        `compose project ${user.light.project}-blue`,
        `GET http://127.0.0.1:${user.light.ports.blue}/`,
        "nothing was changed",
      ],
    });
    for (const argv of [
      ["run", "deploy-blue", "--dry-run"],
      ["build", "--dry-run"],
      ["deploy", "green", "--dry-run"],
    ])
      expectEnding(await user.run(argv), { exitCode: 0, says: ["nothing was changed"] });
    expectEnding(await user.run(["clean", "--aggressive", "--dry-run", "--max-cache", "1kB", "--keep-images", "1"]), {
      exitCode: 0,
      says: [/keep .* image \S+\/web:latest/, "Would free"],
    });
    expect(await engineListing()).toEqual(before);
    expect(user.runCount()).toBe(1);
  });

  it("plan --json is for scripts", async () => {
    const result = await user.run(["plan", "deploy-blue", "deploy-green", "--json"]);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    const plan = JSON.parse(result.stdout);
    expect(plan.tasks.map(({ id }: { id: string }) => id)).toContain("release@green");
  });

  it("list names every pipeline and its environments", async () => {
    expectEnding(await user.run(["list"]), { exitCode: 0, says: [/^build\b/m, /^deploy-blue\b/m, /^deploy-green\b/m] });
  });

  it("validate counts what it checked", async () => {
    expectEnding(await user.run(["validate"]), { exitCode: 0, says: ["3 pipelines", "no problems"] });
  });

  it("config --explain says where each setting comes from", async () => {
    expectEnding(await user.run(["config", "deploy-blue", "--explain"]), {
      exitCode: 0,
      says: [
        /timeout\s+5m 00s\s+# defaults\.all \(pipelines\/deploy\.yaml:7\)/,
        /retry\.max\s+2\s+# defaults\.build \(pipelines\/deploy\.yaml:8\)/,
        /continue_on_error\s+false\s+# built-in default/,
      ],
    });
    expectEnding(await user.run(["config", "deploy-blue"]), { exitCode: 0, says: ["check-images"] });
  });

  it("usage --json tells every image against its limit", async () => {
    const result = await user.run(["usage", "--json"]);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(result.stdout)).toMatchObject({
      version: 1,
      project: user.light.project,
      services: expect.arrayContaining([
        expect.objectContaining({
          service: "web",
          limitBytes: 4_000_000,
          images: [expect.objectContaining({ overLimit: false, tags: [`${user.light.project}/web:latest`] })],
        }),
      ]),
    });
  });

  it("doctor finds everything that a run needs, a build with a RUN included", async () => {
    expectEnding(await user.run(["doctor"]), { exitCode: 0, says: [/engine/i, /buildx/i, /compose/i] });
  });
});

describe("graph", () => {
  const draw = async (format: string) => await user.run(["graph", "deploy-blue", "--format", format]);

  it("is drawn as text by default", async () => {
    const result = await user.run(["graph", "deploy-blue"]);
    expectEnding(result, {
      exitCode: 0,
      says: [/^1 {2}images\/base\s+build$/m, /release@blue\s+deploy\s+needs check-images/],
    });
    expect((await draw("text")).stdout).toBe(result.stdout);
  });

  it("is drawn as Mermaid, DOT and JSON", async () => {
    expectEnding(await draw("mermaid"), { exitCode: 0, says: [/^(flowchart|graph) /m, "-->", "release@blue"] });
    expectEnding(await draw("dot"), { exitCode: 0, says: [/^digraph /m, "->", "release@blue"] });
    const json = await draw("json");
    expect(json).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.stringify(JSON.parse(json.stdout))).toContain("release@blue");
  });
});

describe("commands of one kind", () => {
  it("verify checks the sizes of the images that exist", async () => {
    expectEnding(await user.run(["verify"]), { exitCode: 0, says: [/web .* of 4\.00 MB/, "1 succeeded"] });
  });

  it("build --service builds that service and what it stands on", async () => {
    expectEnding(await user.run(["build", "--service", "web", "--clean", "none"]), {
      exitCode: 0,
      says: ["2 succeeded"],
    });
    expect(await user.statuses()).toEqual({ "images/base": "succeeded", "images/web": "succeeded", run: "succeeded" });
  });

  it("deploy starts an environment from the images that exist, and only that", async () => {
    expectEnding(await user.run(["deploy", "green"]), { exitCode: 0, says: ["deploy-green succeeded", "1 succeeded"] });
    expect(await user.light.page("green")).toContain("environment green");
    expect(await user.light.containers("blue")).toEqual([]);
  });

  it("build --no-cache takes no step of the service from the cache", async () => {
    const result = await user.run(["build", "--service", "api", "--no-cache", "--clean", "none"]);
    expectEnding(result, { exitCode: 0, says: ["2 succeeded"] });
    const steps = (await user.events()).flatMap((event) => (event.type === "task-step" ? [event.step] : []));
    const own = steps.filter(({ name, state }) => /^\[(api|base) .*\] (COPY|RUN)/.test(name) && state !== "running");
    expect(own.length).toBeGreaterThan(4);
    // Within the build of api the steps of base come from the task that has just built base anew.
    const cached = own.filter(({ state }) => state === "cached").map(({ name }) => name);
    expect(cached.filter((name) => !/^\[(base|\w+ stage-0) /.test(name))).toEqual([]);
  });
});
