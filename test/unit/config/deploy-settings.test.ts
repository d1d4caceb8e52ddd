import { describe, expect, it } from "vitest";
import type { DeploySettings } from "../../../src/model/release.ts";
import buildConfigSchema from "../../../schemas/build-config.schema.json" with { type: "json" };
import { DEFAULT_DEPLOY_SETTINGS } from "../../../src/model/release.ts";
import { explainPipeline } from "../../../src/config/explain-pipeline.ts";
import { parseDuration } from "../../../src/model/duration.ts";
import { NO_INPUTS, diagnose, problems, resolved, writtenProject } from "./written-project.ts";

const ROUTER = { port: 8080, preview_port: 8090, colours: ["blue", "green"], routes: [{ service: "web", port: 80 }] };
const ENVIRONMENTS = { blue: {}, green: {}, development: {} };

function buildConfig(deploy: unknown, router: unknown = ROUTER): string {
  const services = { web: {} };
  return JSON.stringify({ services, environments: ENVIRONMENTS, ...(router === null ? {} : { router }), deploy });
}

/** The settings of a deploy task in an environment. */
function settings(deploy: unknown, task = "{}", environment = "blue", router: unknown = ROUTER): DeploySettings {
  const { pipelines } = resolved({
    "pipelines/a.yaml": `environments: [${environment}]\ntasks: { d: { deploy: ${task} } }\n`,
    "docker/build-config.json": buildConfig(deploy, router),
  });
  const [found] = pipelines[0]?.tasks ?? [];
  if (found?.kind !== "deploy") throw new Error("no deploy task");
  return found.deploy.settings;
}

describe("deploy settings", () => {
  it("have the defaults that the schema names", () => {
    const { Observe, Drain, DeploySettings: own } = buildConfigSchema.definitions;
    expect(settings({})).toEqual(DEFAULT_DEPLOY_SETTINGS);
    expect(DEFAULT_DEPLOY_SETTINGS).toEqual({
      strategy: "blue-green",
      smoke: own.properties.smoke.default,
      observe: {
        forMs: parseDuration(Observe.properties.for.default),
        maxErrorRate: Number.parseFloat(Observe.properties.max_error_rate.default) / 100,
        minRequests: Observe.properties.min_requests.default,
      },
      drain: {
        timeoutMs: parseDuration(Drain.properties.timeout.default),
        websocketMs: parseDuration(Drain.properties.websocket.default),
      },
      keepOld: own.properties.keep_old.default,
      canary: own.properties.canary.default,
    });
  });

  it("are overridden by the task, value by value", () => {
    const project = {
      smoke: [{ path: "/health", host: "shop.example.org", contains: "ok" }],
      observe: { for: "60s", max_error_rate: "0.5%", min_requests: 5, max_latency: "400ms" },
      drain: { timeout: "5s" },
      keep_old: "running",
    };
    const smoke = [{ path: "/health", host: "shop.example.org", contains: "ok", status: 200 }];
    expect(settings(project)).toEqual({
      strategy: "blue-green",
      smoke,
      observe: { forMs: 60_000, maxErrorRate: 0.005, minRequests: 5, maxMeanLatencyMs: 400 },
      drain: { timeoutMs: 5_000, websocketMs: 10_000 },
      keepOld: "running",
      canary: [5, 25, 100],
    });
    const task =
      "{ strategy: canary, canary: [10, 100], observe: { for: 5s }, drain: { websocket: 3s }, keep_old: removed, smoke: [] }";
    expect(settings(project, task)).toEqual({
      strategy: "canary",
      smoke: [],
      observe: { forMs: 5_000, maxErrorRate: 0.005, minRequests: 5, maxMeanLatencyMs: 400 },
      drain: { timeoutMs: 5_000, websocketMs: 3_000 },
      keepOld: "removed",
      canary: [10, 100],
    });
  });

  it("recreate in place where no router switches", () => {
    expect(settings({}, "{}", "development").strategy).toBe("recreate");
    expect(settings({ strategy: "canary" }, "{}", "development").strategy).toBe("recreate");
    expect(settings({}, "{}", "blue", null).strategy).toBe("recreate");
    expect(settings({}, "{ strategy: recreate }").strategy).toBe("recreate");
  });

  it("say in an explanation where each comes from", () => {
    const files = {
      "pipelines/a.yaml":
        "environments: [blue]\ntasks:\n  d:\n    deploy: { strategy: canary, observe: { for: 5s } }\n",
      "docker/build-config.json": buildConfig({ keep_old: "running", smoke: [{ path: "/health" }] }),
    };
    const explained = explainPipeline(writtenProject(files), NO_INPUTS, "a-blue");
    const [task] = explained.ok ? explained.value : [];
    const values = task?.settings.map(({ key, value, from }) => `${key} = ${value} (${from})`);
    expect(values).toEqual(
      expect.arrayContaining([
        "deploy.strategy = canary (task)",
        "deploy.canary = 5 %, 25 %, 100 % (docker/build-config.json)",
        "deploy.smoke = /health (docker/build-config.json)",
        "deploy.observe.for = 5.0s (task)",
        "deploy.observe.max_error_rate = 1 % (docker/build-config.json)",
        "deploy.drain.timeout = 30.0s (docker/build-config.json)",
        "deploy.keep_old = running (docker/build-config.json)",
      ]),
    );
  });

  it("refuse a strategy that is not possible, at its place", () => {
    const pipeline = "environments: [development]\ntasks: { d: { deploy: { strategy: canary } } }\n";
    const files = { "pipelines/a.yaml": pipeline, "docker/build-config.json": buildConfig({}) };
    expect(diagnose(files)).toMatchObject([
      {
        code: "value-invalid",
        message: expect.stringMatching(/^`canary` needs an environment that the router .* `development` is none$/),
        location: { line: 2, column: 35 },
        hint: "its colours are blue, green",
      },
    ]);
    expect(diagnose({ "docker/build-config.json": buildConfig({ strategy: "blue-green" }, null) })).toMatchObject([
      { code: "value-invalid", message: "`blue-green` needs a router, and there is none" },
    ]);
  });

  it.each([
    ["canary: [25, 5, 100]"],
    ["canary: [5, 25]"],
    ["canary: [5, 5, 100]"],
    ["canary: []"],
    ["canary: [0, 100]"],
    ["observe: { max_error_rate: 101% }"],
    ["observe: { max_error_rate: 0.1 }"],
    ["observe: { for: 30 }"],
    ["smoke: [{ path: health }]"],
    ["smoke: [{ status: 200 }]"],
    ["keep_old: forever"],
    ["strategy: rolling"],
  ])("refuse %s", (text) => {
    const files = {
      "pipelines/a.yaml": `environments: [blue]\ntasks:\n  d:\n    deploy: { ${text} }\n`,
      "docker/build-config.json": buildConfig({}),
    };
    const found = problems(files);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^pipelines\/a\.yaml:4:\d+ (value-invalid|duration-invalid|key-missing)$/);
  });
});
