import { describe, expect, it } from "vitest";
import { DEFAULT_DEPLOY_SETTINGS } from "../../../src/model/release.ts";
import { BLUE_AND_GREEN, diagnose, pipelineOf, problems, resolved, taskOf } from "./written-project.ts";

const NORMAL = {
  maxCacheBytes: 10e9,
  keepImagesPerService: 2,
  minAgeMs: 86_400_000,
  steps: ["stale-sources", "untagged-images", "old-images", "cache"],
};

describe("a pipeline with everything", () => {
  const config = {
    services: { frontend: { size_limit: "60MB" } },
    environments: { blue: { compose: ["docker/blue.yaml"], port: 8081, docker_context: "remote" } },
    build: { files: ["bake.hcl"], builder: "big", cache_from: ["type=local,src=c"] },
  };
  const file = `
description: All of it
environments: [blue]
concurrency: { tasks: 3, pools: { build: 4, net: 1 } }
x-note: free
defaults:
  all: { timeout: 15m, retry: { max: 1, backoff: 1s }, pool: net }
  build: { timeout: 30m, retry: { on: [no-space] }, pool: { build: 2, net: 1 } }
tasks:
  make-room:
    clean: { policy: aggressive, max_cache: 5GB, keep_images: 1, min_age: 0s }
  images:
    description: Build
    needs: make-room
    retry: { max: 3 }
    resources: { memory: 2GB, cpus: 2, disk: 1.5GiB }
    build:
      targets: [web, api]
      variables: { TAG: "\${git.short_sha}" }
      args: { A: "1" }
      contexts: { shared: ./shared }
      secrets: [{ id: npm, src: ../.npmrc }, { id: token, env: TOKEN }]
      network: none
      allow: [network.host]
      no_cache: true
      pull: true
  check:
    needs: [images/web]
    verify:
      - size: { services: [frontend], limit: 50MB }
      - size: {}
  release:
    needs: [check]
    continue_on_error: true
    deploy: { compose: [docker/compose.yaml], health: { timeout: 90s, min_ready: 5s } }
  smoke:
    needs: [release]
    verify:
      - http: { url: "http://localhost:\${environment.port}/\${tasks.release.id}", status: 204, contains: ok, within: 1m, request_timeout: 1s }
      - http: { url: "http://localhost/" }
  tell:
    needs: [smoke]
    if: always()
    run: { command: [echo, "\${run.status}"], env: { A: "b" }, working_directory: scripts }
`;
  const { pipelines, buildConfig } = resolved(
    { "pipelines/all.yaml": file, "docker/build-config.json": JSON.stringify(config) },
    { git: { shortSha: "abc1234" } },
  );
  const [pipeline] = pipelines;
  if (pipeline === undefined) throw new Error("no pipeline");

  it("is called after its file and its environment", () => {
    expect(pipeline).toMatchObject({
      name: "all",
      variant: "all-blue",
      description: "All of it",
      environment: { name: "blue", composeFiles: ["docker/blue.yaml"], port: 8081, dockerContext: "remote" },
      concurrency: { tasks: 3, pools: { build: 4, net: 1 } },
    });
    expect(pipeline.tasks.map(({ name }) => name)).toEqual([
      "make-room",
      "images",
      "check",
      "release",
      "smoke",
      "tell",
    ]);
    expect(buildConfig.project).toBe("project");
  });

  it("layers settings: all, kind, task, key by key within retry", () => {
    expect(taskOf(pipeline, "make-room", "clean")).toMatchObject({
      timeoutMs: 900_000,
      retry: { max: 1, on: ["network", "registry"], backoffMs: 1_000 },
      pools: { net: 1 },
      continueOnError: false,
      resources: {},
      condition: { is: "success" },
      needs: [],
    });
    expect(taskOf(pipeline, "images", "build")).toMatchObject({
      timeoutMs: 1_800_000,
      retry: { max: 3, on: ["no-space"], backoffMs: 1_000 },
      pools: { build: 2, net: 1 },
      resources: { memoryBytes: 2e9, cpus: 2, diskBytes: 1.5 * 2 ** 30 },
    });
  });

  it("takes a task's own setting before its kind's, and that before the one of all", () => {
    const file =
      "defaults: { all: { timeout: 1m }, run: { timeout: 2m } }\n" +
      "tasks:\n  a: { timeout: 3m, run: x }\n  b: { run: x }\n  c: { clean: {} }\n";
    expect(pipelineOf(file).tasks.map(({ timeoutMs }) => timeoutMs / 60_000)).toEqual([3, 2, 1]);
  });

  it("needs a task once, where it is named first", () => {
    const file = "tasks:\n  a: { run: x }\n  b:\n    needs: [a, a]\n    run: [echo, '${tasks.a.out}']\n";
    expect(taskOf(pipelineOf(file), "b", "run").needs).toMatchObject([
      { task: "a", location: { line: 4, column: 13 } },
    ]);
  });

  it("resolves clean and build", () => {
    expect(taskOf(pipeline, "make-room", "clean").clean).toEqual({
      policy: "aggressive",
      maxCacheBytes: 5e9,
      keepImagesPerService: 1,
      minAgeMs: 0,
    });
    const { build } = taskOf(pipeline, "images", "build");
    expect(build.targets.map(({ name, location }) => [name, location.line, location.column])).toEqual([
      ["web", 18, 17],
      ["api", 18, 22],
    ]);
    expect(build.bake).toEqual({
      files: ["bake.hcl"],
      variables: { TAG: "abc1234" },
      args: { A: "1" },
      contexts: { shared: "./shared" },
      secrets: [
        { id: "npm", source: { from: "file", path: "../.npmrc" } },
        { id: "token", source: { from: "environment", name: "TOKEN" } },
      ],
      network: "none",
      allow: ["network.host"],
      noCache: true,
      pull: true,
      builder: "big",
      cacheFrom: ["type=local,src=c"],
      cacheTo: [],
    });
  });

  it("resolves verify, deploy and run", () => {
    expect(taskOf(pipeline, "check", "verify")).toMatchObject({
      needs: [{ task: "images/web", location: { line: 28, column: 13 } }],
      checks: [
        { check: "size", services: ["frontend"], limitBytes: 50e6 },
        { check: "size", services: [] },
      ],
    });
    expect(taskOf(pipeline, "release", "deploy")).toMatchObject({
      continueOnError: true,
      deploy: { composeFiles: ["docker/compose.yaml"], readiness: { timeoutMs: 90_000, minReadyMs: 5_000 } },
    });
    const smoke = taskOf(pipeline, "smoke", "verify");
    expect(smoke.checks).toMatchObject([
      {
        url: { parts: ["http://localhost:8081/", { namespace: "tasks", task: "release", output: "id" }] },
        status: 204,
      },
      { url: { parts: ["http://localhost/"] }, status: 200, withinMs: 30_000, requestTimeoutMs: 5_000 },
    ]);
    expect(smoke.usesEnvironment).toMatchObject({ line: 39, column: 40 });
    expect(taskOf(pipeline, "tell", "run")).toMatchObject({
      condition: { is: "always" },
      run: { workingDirectory: "scripts", command: { form: "arguments" }, environment: { A: { parts: ["b"] } } },
    });
  });
});

describe("docker/build-config.json", () => {
  it("has a default for everything", () => {
    const { buildConfig } = resolved({ "pipelines/a.yaml": "tasks: { a: { run: x } }\n" });
    expect(buildConfig).toEqual({
      project: "project",
      services: [],
      environments: [],
      sharedCompose: [],
      deploy: { ...DEFAULT_DEPLOY_SETTINGS, strategy: "recreate" },
      cleanup: {
        normal: NORMAL,
        aggressive: {
          maxCacheBytes: 5e9,
          keepImagesPerService: 1,
          minAgeMs: 3_600_000,
          steps: [...NORMAL.steps, "cache-mounts", "young-cache"],
        },
        custom: NORMAL,
      },
      bake: { files: [], cacheFrom: [], cacheTo: [] },
    });
  });

  it("is resolved with environment variables, and reports where they are missing", () => {
    const text =
      '{ "environments": { "blue": { "port": "${BLUE_PORT:-8081}", "compose": ["./docker/../c.yaml"] } },\n  "cleanup": { "normal": { "min_age": "${AGE}" } } }';
    const files = { "docker/build-config.json": text };
    const { buildConfig } = resolved(files, { environment: { AGE: "0s" } });
    expect(buildConfig.environments).toMatchObject([{ port: 8081, composeFiles: ["c.yaml"] }]);
    expect(buildConfig.cleanup.normal.minAgeMs).toBe(0);
    expect(problems(files, { environment: { BLUE_PORT: "x" } })).toEqual([
      "docker/build-config.json:1:39 value-invalid",
      "docker/build-config.json:2:40 variable-unset",
    ]);
  });
});

describe("selections", () => {
  const files = {
    "pipelines/good.yaml": "tasks: { a: { run: x } }\n",
    "pipelines/deploy.yaml": "environments: [blue, green]\ntasks: { a: { deploy: {} } }\n",
    "pipelines/bad.yaml": "tasks: { a: { run: x, timeout: 5 } }\n",
    "pipelines/broken.yaml": "tasks: [\n",
    "docker/build-config.json": BLUE_AND_GREEN,
  };

  it("keep their order and are not concerned with other files", () => {
    const { pipelines } = resolved(files, {}, ["deploy-green", "good", "deploy-blue", "good"]);
    expect(pipelines.map(({ variant }) => variant)).toEqual(["deploy-green", "good", "deploy-blue"]);
  });

  it("report problems of the files that take part", () => {
    expect(problems(files, {}, ["bad"])).toEqual(["pipelines/bad.yaml:1:32 duration-invalid"]);
    expect(problems(files, {}, "all")).toHaveLength(2);
  });

  it("report an unknown name, with what may have hidden it", () => {
    const found = diagnose(files, {}, ["god"]);
    expect(found.map(({ code, hint }) => [code, hint])).toEqual([
      ["pipeline-unknown", "did you mean `good`?"],
      ["syntax-invalid", "close the bracket or quote, or indent the line"],
    ]);
    const [plain] = diagnose(files, {}, ["deploy"]);
    expect(plain).toMatchObject({
      code: "pipeline-unknown",
      hint: "it has environments: run `deploy-blue` or `deploy-green`",
    });
    expect(diagnose({}, {}, ["x"])).toMatchObject([{ hint: "there are no pipelines in pipelines/" }]);
  });

  it("take --var, and refuse one that nothing declares", () => {
    const file =
      "variables: { tag: a, other: '${var.tag}-x' }\ntasks: { a: { run: [echo, '${var.tag}', '${var.other}'] } }\n";
    const { run } = taskOf(pipelineOf(file, { variables: { tag: "b" } }), "a", "run");
    expect(run.command).toMatchObject({ arguments: [{}, { parts: ["b"] }, { parts: ["b-x"] }] });
    const found = diagnose({ "pipelines/a.yaml": file }, { variables: { tga: "b" } });
    expect(found).toMatchObject([{ code: "reference-unknown", hint: "did you mean `tag`?" }]);
  });
});

describe("a pipeline of 10,000 tasks", () => {
  it("is read and resolved", { timeout: 60_000 }, () => {
    const lines = ["tasks:", "  t0: { run: x }"];
    for (let i = 1; i < 10_000; i += 1) lines.push(`  t${i}: { needs: [t${i - 1}, t${i >> 1}], run: [echo, "\${X}"] }`);
    const { tasks } = pipelineOf(lines.join("\n"), { environment: { X: "1" } });
    expect(tasks).toHaveLength(10_000);
    expect(tasks.at(-1)?.needs.map(({ task }) => task)).toEqual(["t9998", "t4999"]);
  });
});
