import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Failure } from "../../../src/model/failure.ts";
import type { TaskResult } from "../../../src/model/performer.ts";
import { LightProject, docker } from "../../rig/light-project.ts";
import { LightTasks } from "./light-tasks.ts";

let light: LightProject;
let tasks: LightTasks;

beforeAll(async () => {
  light = await LightProject.create();
  tasks = await LightTasks.open(light);
  await tasks.build();
});

afterAll(async () => {
  await tasks[Symbol.asyncDispose]();
  await light[Symbol.asyncDispose]();
});

function failureOf(result: TaskResult): Failure {
  if (result.ok) throw new Error(`succeeded: ${JSON.stringify(result.outputs)}`);
  return result.failure;
}

const RUNNING = ["api:running", "prepare:exited", "web:running", "worker:running"];
const STOPPED = ["api:exited", "prepare:exited", "web:exited", "worker:exited"];

describe("a deploy", () => {
  afterEach(async () => {
    // What a test broke is gone before the next one; blue and green start from nothing.
    for (const environment of ["blue", "green"]) {
      const ids = await docker(
        "ps",
        "-aq",
        "--filter",
        `label=com.docker.compose.project=${light.project}-${environment}`,
      );
      if (ids.length > 0) await docker("rm", "--force", ...ids);
    }
  });

  it("starts blue, then green beside it, each with exactly the images that were built", async () => {
    const attempt = tasks.attempt();
    const result = await tasks.perform(tasks.deployTask("blue"), attempt);
    expect(result).toEqual({
      ok: true,
      outputs: {
        project: `${light.project}-blue`,
        environment: "blue",
        containers: "3",
        url: `http://127.0.0.1:${light.ports.blue}`,
      },
      facts: [
        {
          fact: "deployed",
          environment: "blue",
          project: `${light.project}-blue`,
          containers: 3,
          url: `http://127.0.0.1:${light.ports.blue}`,
        },
      ],
    });
    expect(await light.page("blue")).toContain("web release 1 in environment blue");
    expect(await light.containers("shared")).toEqual(["store:running"]);
    expect(attempt.steps.map((step) => step.name)).toContain(`${light.project}-blue-web-1: healthy`);

    expect((await tasks.perform(tasks.deployTask("green"))).ok).toBe(true);
    expect(await light.page("green", "/cgi-bin/api")).toContain("api release 1 in environment green");
    expect(await light.page("blue")).toContain("environment blue");
    expect(await light.containers("blue")).toEqual(RUNNING);
    const format =
      '{{.Label "com.docker.compose.service"}} {{.Image}} {{.Label "dev.orchestrate.project"}} {{.Label "dev.orchestrate.environment"}}';
    const filter = `label=com.docker.compose.project=${light.project}-green`;
    const api = tasks.attempt().outputs("images/api")?.["image_id"];
    const shown = await docker("ps", "-a", "--no-trunc", "--filter", filter, "--format", format);
    // The one-shot service runs from the image of the api: it is pinned as well.
    expect(shown).toContain(`prepare ${api} ${light.project} green`);
    expect(shown).toContain(`api ${api} ${light.project} green`);
  });

  it("starts both colours at once, and what they share once", async () => {
    const shared = await docker("ps", "-aq", "--filter", `label=com.docker.compose.project=${light.project}-shared`);
    if (shared.length > 0) await docker("rm", "--force", ...shared);
    const tools = tasks.tools();
    const both = (["blue", "green"] as const).map(
      async (name) => await tasks.perform(tasks.deployTask(name), tasks.attempt(), tools),
    );
    expect((await Promise.all(both)).map((result) => (result.ok ? "ok" : result.failure))).toEqual(["ok", "ok"]);
    expect(await light.containers("shared")).toEqual(["store:running"]);
    expect(await light.page("blue")).toContain("environment blue");
    expect(await light.page("green")).toContain("environment green");
  });

  it("changes no running container when done again", async () => {
    await tasks.perform(tasks.deployTask("blue"));
    const running = ["ps", "-q", "--filter", `label=com.docker.compose.project=${light.project}-blue`];
    const before = await docker(...running);
    expect((await tasks.perform(tasks.deployTask("blue"))).ok).toBe(true);
    expect(await docker(...running)).toEqual(before);
  });

  it("names a container that never gets ready, quotes its log and leaves the other colour answering", async () => {
    await tasks.perform(tasks.deployTask("blue"));
    const attempt = tasks.attempt();
    const variables = { WEB_MODE: "never-ready", HEALTH_START_PERIOD: "120s" };
    const result = await tasks.perform(
      tasks.deployTask("green", { variables, readiness: { timeoutMs: 3_000 } }),
      attempt,
    );
    expect(failureOf(result)).toEqual({
      reason: "not-ready",
      project: `${light.project}-green`,
      service: "web",
      container: `${light.project}-green-web-1`,
      state: expect.stringMatching(/^still starting.* after 3\.0s$/),
      // One line goes to standard error: the engine copies the two streams side by side, in no certain order.
      lastLines: expect.toSatisfy(
        (lines: readonly string[]) =>
          lines.toSorted().join("\n") ===
          "web is starting: mode never-ready, environment green\nweb waits for something that never comes",
      ),
    });
    expect(await light.containers("green")).toEqual(STOPPED);
    expect(attempt.steps.at(-1)?.name).toBe(`stop ${light.project}-green; its containers are kept for inspection`);
    expect(await light.page("blue")).toContain("environment blue");
    expect(await light.containers("blue")).toEqual(RUNNING);
    expect(await light.containers("shared")).toEqual(["store:running"]);
  });

  it("does not wait for the timeout when a container is unhealthy", async () => {
    const variables = {
      WEB_MODE: "unhealthy",
      HEALTH_START_PERIOD: "0s",
      HEALTH_INTERVAL: "200ms",
      HEALTH_RETRIES: "2",
    };
    const failure = failureOf(await tasks.perform(tasks.deployTask("green", { variables })));
    expect(failure).toMatchObject({ reason: "not-ready", service: "web", state: expect.stringMatching(/^unhealthy/) });
  });

  it.each([
    ["exits at its start", "exit", "no", "exited with code 3", "web cannot start: setting LIGHT_SECRET is missing"],
    ["keeps crashing", "crash-loop", "unless-stopped", "restarted 3 times", "web crashed: invariant broken"],
  ])("reports at once a container that %s", async (_, mode, restart, state, line) => {
    const variables = { WEB_MODE: mode, WEB_RESTART: restart };
    const failure = failureOf(await tasks.perform(tasks.deployTask("green", { variables })));
    expect(failure).toMatchObject({ reason: "not-ready", service: "web", state });
    expect(failure).toHaveProperty("lastLines", expect.arrayContaining([line]));
    expect(await light.containers("green")).not.toContain("web:running");
  });

  it("blames the one-shot container that others wait for, and not compose", async () => {
    const failure = failureOf(await tasks.perform(tasks.deployTask("green", { variables: { PREPARE_EXIT: "7" } })));
    expect(failure).toMatchObject({
      reason: "not-ready",
      service: "prepare",
      state: "exited with code 7",
      lastLines: ["prepared"],
    });
  });

  it("says which port is taken", async () => {
    await tasks.perform(tasks.deployTask("blue"));
    const variables = { WEB_PORT: String(light.ports.blue) };
    const failure = failureOf(await tasks.perform(tasks.deployTask("green", { variables })));
    expect(JSON.stringify(failure)).toMatch(/port is already allocated|address already in use/);
    expect(await light.page("blue")).toContain("environment blue");
  });

  it("recovers from a failed start with the next good one", async () => {
    const variables = { WEB_MODE: "exit", WEB_RESTART: "no" };
    failureOf(await tasks.perform(tasks.deployTask("green", { variables })));
    expect((await tasks.perform(tasks.deployTask("green"))).ok).toBe(true);
    expect(await light.containers("green")).toEqual(RUNNING);
  });

  it("stops what it started when it is aborted", async () => {
    const attempt = tasks.attempt();
    const deploying = tasks.perform(tasks.deployTask("green", { variables: { WEB_MODE: "never-ready" } }), attempt);
    await attempt.saw(`${light.project}-green-web-1: starting`);
    attempt.abort();
    await expect(deploying).rejects.toThrow("the test aborted the attempt");
    expect((await light.containers("green")).filter((container) => container.endsWith(":running"))).toEqual([]);
    expect(await light.containers("green")).toContain("web:exited");
  });

  it("starts nothing when an image is missing", async () => {
    const task = tasks.deployTask("green");
    if (task.kind !== "deploy") throw new Error("not a deploy");
    const images = task.images.map((image) =>
      image.service.name === "api" ? { service: image.service, reference: `${light.project}/api:gone` } : image,
    );
    const failure = failureOf(await tasks.perform({ ...task, images }));
    expect(failure).toEqual({ reason: "image-missing", service: "api", reference: `${light.project}/api:gone` });
    expect(await light.containers("green")).toEqual([]);
  });

  it("reports compose's own words for a file that it refuses", async () => {
    const task = tasks.deployTask("green");
    if (task.kind !== "deploy") throw new Error("not a deploy");
    const deploy = { ...task.deploy, composeFiles: ["docker/nowhere.yaml"] };
    const failure = failureOf(await tasks.perform({ ...task, deploy }));
    expect(failure).toMatchObject({ reason: "compose-failed", project: `${light.project}-green` });
    expect(JSON.stringify(failure)).toContain("nowhere.yaml");
  });
});
