import { describe, expect, it } from "vitest";
import { parseVariableFlag } from "../../../src/config/config-inputs.ts";
import { explainPipeline } from "../../../src/config/explain-pipeline.ts";
import { listPipelines } from "../../../src/config/list-pipelines.ts";
import { BLUE_AND_GREEN, describe as place, NO_INPUTS, writtenProject } from "./written-project.ts";

describe("explainPipeline", () => {
  const project = writtenProject({
    "pipelines/a.yaml": `defaults:
  all: { timeout: 15m, pool: io }
  build: { retry: { max: 2 } }
concurrency: { pools: { io: 1 } }
tasks:
  images:
    timeout: 30m
    resources: { memory: 2GB }
    build: { args: { A: "1" } }
  clean: { needs: images, clean: { max_cache: 5GB } }
  check: { if: always(), verify: [{ size: {} }, { http: { url: "http://x/", within: 1m } }] }
  tell: { run: { command: [echo, "\${run.id}"], env: { B: "2" } } }
  script: { run: "echo \${git.branch}" }
`,
    "docker/build-config.json": '{ "build": { "files": ["bake.hcl"] } }',
  });
  const inputs = { ...NO_INPUTS, git: { branch: "main" } };
  const explained = explainPipeline(project, inputs, "a");

  function settings(name: string): readonly string[] {
    const task = explained.ok ? explained.value.find(({ task }) => task === name) : undefined;
    return (task?.settings ?? []).map(
      ({ key, value, from, location }) =>
        `${key}: ${value} <- ${from}${location === undefined ? "" : ` ${location.line}:${location.column}`}`,
    );
  }

  it("tells for each value which layer decided it, and where", () => {
    expect(settings("images")).toEqual([
      "needs: none <- built-in default",
      "if: success() <- built-in default",
      "timeout: 30m 00s <- task 7:14",
      "continue_on_error: false <- built-in default",
      "retry.max: 2 <- defaults.build 3:26",
      "retry.on: network, registry <- built-in default",
      "retry.backoff: 2.0s <- built-in default",
      "pool: io <- defaults.all 2:30",
      "resources.memory: 2.00 GB <- task 8:26",
      "build.targets: default <- built-in default",
      "build.files: bake.hcl <- docker/build-config.json",
      "build.args: A=1 <- task 9:20",
      "build.no_cache: false <- built-in default",
      "build.pull: false <- built-in default",
    ]);
  });

  it("tells the values of every kind", () => {
    expect(settings("clean").slice(-4)).toEqual([
      "clean.policy: normal <- built-in default",
      "clean.max_cache: 5.00 GB <- task 10:47",
      "clean.keep_images: that of normal <- docker/build-config.json",
      "clean.min_age: that of normal <- docker/build-config.json",
    ]);
    expect(settings("check").slice(-6)).toEqual([
      "verify[0].size.services: those built upstream, else all <- docker/build-config.json",
      "verify[0].size.limit: that of each service <- docker/build-config.json",
      "verify[1].http.url: http://x/ <- task 11:64",
      "verify[1].http.status: 200 <- built-in default",
      "verify[1].http.within: 1m 00s <- task 11:85",
      "verify[1].http.request_timeout: 5.0s <- built-in default",
    ]);
    expect(settings("tell").slice(-3)).toEqual([
      'run.command: "echo" "${run.id}" <- task 12:27',
      "run.env.B: 2 <- task 12:58",
      "run.working_directory: . <- built-in default",
    ]);
    expect(settings("script").slice(-3)).toEqual([
      'run: echo "${ORC_1}" <- task 13:18',
      "run.env.ORC_1: main <- task",
      "run.working_directory: . <- built-in default",
    ]);
  });

  it("gives the problems where the pipeline has some", () => {
    expect(explainPipeline(project, NO_INPUTS, "b")).toMatchObject({ ok: false });
  });
});

describe("listPipelines", () => {
  it("shows what can be read beside what is broken", () => {
    const listing = listPipelines(
      writtenProject({
        "pipelines/a.yaml":
          "name: first\ndescription: The first\ninclude: [{ file: ../lib/x.yaml }]\ntasks: { a: { run: x } }\n",
        "pipelines/b.yaml": "tasks: [",
        "pipelines/c.yml": "environments: [blue, green]\ntasks: { a: { deploy: {} }, b: { run: 5 } }\n",
        "lib/x.yaml": "tasks: { x: { run: x } }\n",
        "docker/build-config.json": BLUE_AND_GREEN,
      }),
    );
    expect(listing.pipelines).toMatchObject([
      {
        name: "first",
        description: "The first",
        file: "pipelines/a.yaml",
        environments: [],
        variants: ["first"],
        taskCount: 2,
      },
      {
        name: "c",
        file: "pipelines/c.yml",
        environments: ["blue", "green"],
        variants: ["c-blue", "c-green"],
        taskCount: 1,
      },
    ]);
    expect(listing.diagnostics.map(place)).toEqual([
      "pipelines/b.yaml:1:9 syntax-invalid",
      "pipelines/c.yml:2:39 value-invalid",
    ]);
  });

  it("is empty where there are no pipelines", () => {
    expect(listPipelines(writtenProject({}))).toEqual({ pipelines: [], diagnostics: [] });
  });
});

describe("parseVariableFlag", () => {
  it("splits at the first equals sign", () => {
    expect(parseVariableFlag("a=b=c\n")).toEqual({ name: "a", value: "b=c\n" });
    expect(parseVariableFlag("a=")).toEqual({ name: "a", value: "" });
    expect(parseVariableFlag("a")).toBeUndefined();
    expect(parseVariableFlag("1a=b")).toBeUndefined();
  });
});
