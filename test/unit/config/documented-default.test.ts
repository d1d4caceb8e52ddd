import { describe, expect, it } from "vitest";
import pipelineSchema from "../../../schemas/pipeline.schema.json" with { type: "json" };
import buildConfigSchema from "../../../schemas/build-config.schema.json" with { type: "json" };
import { parseByteSize } from "../../../src/model/byte-size.ts";
import { parseDuration } from "../../../src/model/duration.ts";
import { pipelineOf, resolved, taskOf } from "./written-project.ts";

const PIPELINE = pipelineSchema.definitions;
const BUILD_CONFIG = buildConfigSchema.definitions;

describe("the defaults that schemas and references name", () => {
  it("are those that a task gets", () => {
    const pipeline = pipelineOf(
      "tasks:\n  c: { clean: {} }\n  b: { build: {} }\n  v: { verify: [{ http: { url: x } }] }\n  r: { run: { command: x } }\n",
    );
    const settings = PIPELINE.Settings.properties;
    const retry = PIPELINE.Retry.properties;
    expect(pipeline.concurrency.tasks).toBe(PIPELINE.Concurrency.properties.tasks.default);
    expect(taskOf(pipeline, "c", "clean")).toMatchObject({
      clean: { policy: PIPELINE.Clean.properties.policy.default },
      timeoutMs: parseDuration(settings.timeout.default),
      continueOnError: settings.continue_on_error.default,
      retry: {
        max: retry.max.default,
        on: retry.on.default,
        backoffMs: parseDuration(retry.backoff.default),
      },
    });
    const build = PIPELINE.Build.properties;
    expect(taskOf(pipeline, "b", "build").build).toMatchObject({
      targets: build.targets.default.map((name) => ({ name })),
      bake: { noCache: build.no_cache.default, pull: build.pull.default },
    });
    const http = PIPELINE.HttpCheck.properties;
    expect(taskOf(pipeline, "v", "verify").checks).toMatchObject([
      {
        status: http.status.default,
        withinMs: parseDuration(http.within.default),
        requestTimeoutMs: parseDuration(http.request_timeout.default),
      },
    ]);
    const command = PIPELINE.Command.properties;
    expect(taskOf(pipeline, "r", "run").run.workingDirectory).toBe(command.working_directory.default);
  });

  it("are those that a deploy and the clean-up policies get", () => {
    const { pipelines, buildConfig } = resolved({
      "pipelines/a.yaml": "environments: [blue]\ntasks: { d: { deploy: {} } }\n",
      "docker/build-config.json": '{ "environments": { "blue": {} } }',
    });
    const health = PIPELINE.Health.properties;
    expect(pipelines[0]?.tasks[0]).toMatchObject({
      deploy: {
        readiness: {
          timeoutMs: parseDuration(health.timeout.default),
          minReadyMs: parseDuration(health.min_ready.default),
        },
      },
    });
    const { NormalCleanup: normal, AggressiveCleanup: aggressive } = BUILD_CONFIG;
    const documented = ({ properties }: typeof normal | typeof aggressive) => ({
      maxCacheBytes: parseByteSize(properties.max_cache.default),
      keepImagesPerService: properties.keep_images.default,
      minAgeMs: parseDuration(properties.min_age.default),
      steps: properties.steps.default,
    });
    expect(buildConfig.cleanup).toEqual({
      normal: documented(normal),
      aggressive: documented(aggressive),
      custom: documented(normal),
    });
  });
});
