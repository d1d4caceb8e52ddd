import { describe, expect, it } from "vitest";
import { compileGraph } from "../../../src/graph/compile.ts";
import type { Template } from "../../../src/model/template.ts";
import {
  BLUE,
  GREEN,
  SHOP,
  SHOP_SERVICES,
  bakeFile,
  build,
  buildConfig,
  compile,
  compiled,
  deploy,
  deployPipeline,
  edges,
  pipeline,
  problems,
  service,
  sizes,
} from "./sample.ts";

describe("expanding build tasks", () => {
  it("makes a node of every bake target and of the ones these link to", () => {
    expect(edges(compiled([deployPipeline(BLUE)], buildConfig(SHOP_SERVICES)))).toEqual({
      "make-room": [],
      "images/backend": ["make-room"],
      "images/frontend": ["make-room"],
      "images/base": ["make-room"],
      "images/ml": ["make-room", "images/base"],
      "check-images": ["images/backend", "images/frontend", "images/base", "images/ml"],
      "release@blue": ["check-images"],
      "smoke@blue": ["release@blue"],
      "tell@blue": ["smoke@blue"],
    });
  });

  it.each([
    ["a single target keeps its name in the id", ["frontend"], ["images/frontend"]],
    ["targets come in written order", ["frontend", "backend"], ["images/frontend", "images/backend"]],
    ["a target named twice is one node", ["frontend", "frontend"], ["images/frontend"]],
    ["a group of a group", ["apps"], ["images/backend", "images/frontend", "images/base", "images/ml"]],
    [
      "a target and a group that has it",
      ["frontend", "default"],
      ["images/frontend", "images/backend", "images/base", "images/ml"],
    ],
    ["a pattern", ["*end"], ["images/backend", "images/frontend"]],
    ["a pattern with one free letter", ["m?"], ["images/base", "images/ml"]],
  ])("%s", (_name, targets, ids) => {
    expect(compiled([pipeline("build", { images: { work: build(targets) } })]).order).toEqual(ids);
  });

  it("takes a group that has a target's name for that target, as bake prints it", () => {
    const definition = bakeFile({ app: {}, extra: {} }, { app: ["app", "extra"] });
    expect(compiled([pipeline("build", { i: { work: build(["app"]) } })], buildConfig(), definition).order).toEqual([
      "i/app",
      "i/extra",
    ]);
  });

  it("lets a need name one bake target", () => {
    const graph = compiled([
      pipeline("build", {
        images: { work: build(["default"]) },
        scan: { needs: ["images/ml"] },
        all: { needs: ["images"] },
      }),
    ]);
    expect(edges(graph)["scan"]).toEqual(["images/ml"]);
    expect(edges(graph)["all"]).toEqual(["images/backend", "images/frontend", "images/base", "images/ml"]);
  });

  it("prefers a task's own name to a bake target of a build task", () => {
    const graph = compiled([
      pipeline("p", { db: { work: build(["backend"]) }, "db/migrate": {}, after: { needs: ["db/migrate"] } }),
    ]);
    expect(edges(graph)["after"]).toEqual(["db/migrate"]);
  });

  it("gives a build node its definition, call and service", () => {
    const config = buildConfig(SHOP_SERVICES, ["docker-bake.hcl"]);
    const graph = compiled([pipeline("build", { images: { work: build(["ml"], { noCache: true }) } })], config);
    expect(graph.tasks.get("images/ml")).toMatchObject({
      kind: "build",
      origin: "images",
      bakeTarget: "ml",
      definition: SHOP.target["ml"],
      bake: { files: ["docker-bake.hcl"], noCache: true },
      service: { name: "ml" },
    });
    expect(graph.tasks.get("images/base")).not.toHaveProperty("service");
  });
});

describe("environments", () => {
  it("gives deploy tasks and everything downstream to the environment, and nothing else", () => {
    const graph = compiled([deployPipeline(GREEN)], buildConfig(SHOP_SERVICES));
    const owners = [...graph.tasks.values()].map((task) => [task.id, task.environment?.name]);
    expect(Object.fromEntries(owners)).toMatchObject({
      "make-room": undefined,
      "images/ml": undefined,
      "check-images": undefined,
      "release@green": "green",
      "smoke@green": "green",
      "tell@green": "green",
    });
  });

  it("marks build nodes downstream of a deploy as well", () => {
    const graph = compiled([
      pipeline(
        "d",
        { release: { work: deploy() }, docs: { needs: ["release"], work: build(["ml"]) } },
        { environment: BLUE },
      ),
    ]);
    expect(edges(graph)).toEqual({
      "release@blue": [],
      "docs/base@blue": ["release@blue"],
      "docs/ml@blue": ["release@blue", "docs/base@blue"],
    });
  });
});

describe("order", () => {
  it("is topological, with ties in file order", () => {
    const tasks = { d: { needs: ["b"] }, c: {}, b: { needs: ["a"] }, a: {}, e: { needs: ["c"] } };
    expect(compiled([pipeline("p", tasks)]).order).toEqual(["c", "a", "b", "d", "e"]);
  });

  it("sorts needs by their place in it, each once", () => {
    const tasks = { late: { needs: ["x", "y", "x"] }, y: {}, x: {} };
    expect(edges(compiled([pipeline("p", tasks)]))["late"]).toEqual(["y", "x"]);
  });
});

describe("references", () => {
  const location = { file: "pipelines/p.yaml", line: 30, column: 9 };
  const outputOf = (task: string): Template => ({
    parts: ["id=", { namespace: "tasks", task, output: "image_id", location }],
  });
  const user = (task: string) => ({
    needs: ["images"],
    work: {
      kind: "run",
      run: {
        command: { form: "arguments", arguments: [outputOf(task)] },
        environment: { ID: outputOf(task) },
        workingDirectory: ".",
      },
    } as const,
  });

  it.each(["images", "images/frontend"])("%s becomes the id of its only node", (name) => {
    const graph = compiled([pipeline("p", { images: { work: build(["frontend"]) }, use: user(name) })]);
    const [used] = JSON.stringify(graph.tasks.get("use")).match(/"task":"[^"]*"/g) ?? [];
    expect(used).toBe('"task":"images/frontend"');
    expect(JSON.stringify(graph.tasks.get("use"))).not.toContain('"task":"images"');
  });

  it("to a build task of several nodes is ambiguous", () => {
    const [first] = problems([pipeline("p", { images: { work: build(["default"]) }, use: user("images") })]);
    expect(first).toMatchObject({ code: "reference-unknown", location });
    expect(first?.hint).toContain("${tasks.images/frontend.image_id}");
  });
});

describe("what is wrong", () => {
  it("names a bake target that does not exist, with its place and a suggestion", () => {
    const work = build(["fronted"]);
    expect(problems([pipeline("build", { images: { work } })])).toEqual([
      {
        code: "bake-target-unknown",
        severity: "error",
        message: "`images` names the bake target `fronted`, which the bake files do not define",
        location: { file: "pipelines/build.yaml", line: 7, column: 25 },
        hint: "did you mean `frontend`?",
      },
    ]);
  });

  it("lists what bake defines where nothing is similar", () => {
    const [first] = problems([pipeline("build", { images: { work: build(["zzzzzz"]) } })]);
    expect(first?.hint).toBe("bake defines apps, backend, base, default, frontend, ml");
  });

  it("reports every unknown bake target of every task, once for both variants", () => {
    const of = (environment: typeof BLUE) =>
      pipeline(
        "d",
        { one: { work: build(["x1", "ml"]) }, two: { work: build(["x2"]) }, release: { work: deploy() } },
        { environment },
      );
    expect(problems([of(BLUE), of(GREEN)]).map(({ message }) => message)).toEqual([
      "`one` names the bake target `x1`, which the bake files do not define",
      "`two` names the bake target `x2`, which the bake files do not define",
    ]);
  });

  it("reports services whose bake target does not exist when their tags are needed", () => {
    const location = { file: "docker/build-config.json", line: 4, column: 20 };
    const config = buildConfig([{ ...service("frontend", "fronted"), location }]);
    const check = pipeline("check", { sizes: { work: sizes() } });
    expect(problems([check], config)).toMatchObject([
      { code: "bake-target-unknown", location, hint: "did you mean `frontend`?" },
    ]);
  });

  it("does not mind such a service when everything needed is built", () => {
    const config = buildConfig([service("frontend", "fronted"), service("ml")]);
    const tasks = { images: { work: build(["ml"]) }, check: { needs: ["images"], work: sizes() } };
    expect(compile([pipeline("b", tasks)], config).ok).toBe(true);
  });

  it("names an unknown need, and a bake target that is no part of the build task", () => {
    expect(problems([pipeline("p", { images: {}, use: { needs: ["image"] } })])).toMatchObject([
      { code: "task-unknown", location: { line: 13 }, hint: "did you mean `images`?" },
    ]);
    expect(problems([pipeline("p", { i: { work: build(["ml"]) }, use: { needs: ["i/frontend"] } })])).toMatchObject([
      { code: "task-unknown", location: { line: 13 }, hint: "it builds ml, base" },
    ]);
  });

  it("refuses two nodes of one id", () => {
    expect(problems([pipeline("p", { i: { work: build(["ml"]) }, "i/ml": {} })])).toMatchObject([
      { code: "task-duplicate", location: { line: 12 }, related: [{ location: { line: 10 } }] },
    ]);
  });

  it("refuses a shared task that uses the environment", () => {
    const usesEnvironment = { file: "pipelines/d.yaml", line: 5, column: 9 };
    const tasks = { early: { settings: { usesEnvironment } }, release: { needs: ["early"], work: deploy() } };
    expect(problems([pipeline("d", tasks, { environment: BLUE })])).toMatchObject([
      { code: "environment-in-shared-task", location: usesEnvironment },
    ]);
    const late = { release: { work: deploy() }, late: { needs: ["release"], settings: { usesEnvironment } } };
    expect(compile([pipeline("d", late, { environment: BLUE })]).ok).toBe(true);
  });

  it("refuses bake targets that link in a circle", () => {
    const definition = bakeFile({ a: { contexts: { x: "target:b" } }, b: { contexts: { x: "target:a" } } });
    expect(problems([pipeline("p", { i: { work: build(["a"]) } })], buildConfig(), definition)).toMatchObject([
      { code: "bake-definition-invalid" },
    ]);
  });

  it("throws when an answer of bake is missing, since that is a fault of the program", () => {
    const pipelines = [pipeline("p", { i: { work: build(["ml"]) } })];
    expect(() => compileGraph({ pipelines, buildConfig: buildConfig(), bake: new Map() })).toThrow(/no answer of bake/);
  });
});
