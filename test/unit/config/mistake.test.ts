import { describe, expect, it } from "vitest";
import { BLUE_AND_GREEN, diagnose, pipelineOf, problems } from "./written-project.ts";

describe("one mistake does not cause a second message", () => {
  it.each([
    [
      "a broken task is still known",
      "tasks:\n  a: { run: x, buid: {} }\n  b: { build: 5 }\n  c: { needs: [a, b], run: x }\n",
      2,
    ],
    [
      "a misspelt needs does not move a task out of its environment",
      "environments: [blue]\ntasks:\n  a: { deploy: {} }\n  b: { need: a, run: [echo, '${environment.port}'] }\n",
      1,
    ],
    [
      "misspelt environments",
      "enviroments: [blue]\ntasks:\n  a: { deploy: {} }\n  b: { needs: a, run: [echo, '${environment.port}'] }\n",
      1,
    ],
    [
      "an unknown environment",
      "environments: [red]\ntasks:\n  a: { deploy: {} }\n  b: { needs: a, run: [echo, '${environment.variables.X}'] }\n",
      1,
    ],
    ["misspelt variables", "varables: { x: a }\ntasks: { a: { run: [echo, '${var.x}'] } }\n", 1],
    ["misspelt pools", "concurrency: { pool: { a: 1 } }\ntasks: { a: { pool: a, run: x } }\n", 1],
    ["a broken pool", "concurrency: { pools: { a: 0 } }\ntasks: { a: { pool: a, run: x } }\n", 1],
    ["a misspelt kind", "tasks:\n  a: { biuld: {} }\n  b: { needs: a, run: x }\n", 1],
    ["misspelt tasks", "task: { a: { run: x } }\n", 1],
    ["a mistake in both variants", "environments: [blue, green]\ntasks:\n  a: { deploy: {}, pool: none }\n", 1],
    ["an unreadable include", "include: [{ file: none.yaml, prefix: n }]\ntasks: { a: { needs: n/x, run: x } }\n", 1],
  ])("%s", (_name, file, count) => {
    expect(diagnose({ "pipelines/a.yaml": file, "docker/build-config.json": BLUE_AND_GREEN })).toHaveLength(count);
  });

  it("a misspelt key of an environment is not told again where its value is used", () => {
    const pipeline =
      "environments: [blue]\ntasks:\n  a: { deploy: {} }\n  b: { needs: a, run: [echo, '${environment.port}'] }\n";
    const config = '{ "environments": { "blue": { "prot": 8081 } } }';
    expect(problems({ "pipelines/a.yaml": pipeline, "docker/build-config.json": config })).toEqual([
      "docker/build-config.json:1:31 key-unknown",
    ]);
  });

  it("a broken build configuration is not told again by each pipeline", () => {
    const pipeline =
      "environments: [blue]\ntasks:\n  a: { deploy: {} }\n  b: { verify: [{ size: { services: [x] } }] }\n";
    expect(problems({ "pipelines/a.yaml": pipeline, "docker/build-config.json": "{ oops" })).toEqual([
      "docker/build-config.json:1:3 syntax-invalid",
    ]);
  });
});

describe("pools", () => {
  it("refuse a weight that never fits", () => {
    const file =
      "concurrency: { pools: { a: 2 } }\ntasks:\n  x: { pool: { a: 3 }, run: x }\n  y: { pool: { a: 2 }, run: x }\n";
    expect(problems({ "pipelines/a.yaml": file })).toEqual(["pipelines/a.yaml:3:16 pool-unknown"]);
  });
});

describe("pools with interpolated weights", () => {
  it("refuse a weight of nothing", () => {
    const file = "concurrency: { pools: { a: 2 } }\ntasks: { x: { pool: { a: '${W:-0}' }, run: x } }\n";
    expect(problems({ "pipelines/a.yaml": file })).toEqual(["pipelines/a.yaml:2:26 value-invalid"]);
  });
});

describe("names that objects have by themselves", () => {
  it("are ordinary names", () => {
    const file =
      "concurrency: { pools: { constructor: 1 } }\ntasks:\n  constructor: { run: x }\n  valueOf: { needs: constructor, pool: constructor, run: x }\n";
    expect(pipelineOf(file).tasks.map(({ name, pools }) => [name, pools])).toEqual([
      ["constructor", {}],
      ["valueOf", { constructor: 1 }],
    ]);
    expect(
      problems({
        "pipelines/a.yaml":
          "tasks: { a: { needs: toString, pool: toString, run: ['${toString}', '${var.toString}'] } }\n",
      }),
    ).toHaveLength(4);
    expect(
      problems({ "pipelines/a.yaml": "tasks: { a: { run: x, toString: 1 }, __proto__: { run: x } }\n" }),
    ).toHaveLength(2);
  });
});

describe("names of pipelines", () => {
  it("clash with the plain name of one that has environments, which means its idle colour", () => {
    const files = {
      "pipelines/a.yaml": "name: deploy\nenvironments: [blue]\ntasks: { a: { deploy: {} } }\n",
      "pipelines/b.yaml": "name: deploy\ntasks: { a: { run: x } }\n",
      "docker/build-config.json": BLUE_AND_GREEN,
    };
    expect(problems(files)).toEqual(["pipelines/b.yaml:1:7 pipeline-duplicate"]);
  });

  it("are judged also where they come from the file's name", () => {
    const files = {
      "pipelines/build.yaml": "tasks: { a: { run: x } }\n",
      "pipelines/build.yml": "tasks: { a: { run: x } }\n",
    };
    expect(problems(files)).toEqual(["pipelines/build.yml:1:1 pipeline-duplicate"]);
    expect(problems(files, {}, ["build"])).toEqual(["pipelines/build.yml:1:1 pipeline-duplicate"]);
  });
});
