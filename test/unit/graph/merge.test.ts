import { describe, expect, it } from "vitest";
import { bakeQueries } from "../../../src/graph/bake-query.ts";
import { compileGraph } from "../../../src/graph/compile.ts";
import {
  BLUE,
  GREEN,
  SHOP_SERVICES,
  bakeFile,
  build,
  buildConfig,
  clean,
  command,
  compiled,
  deployPipeline,
  edges,
  pipeline,
} from "./sample.ts";
import type { SampleTask } from "./sample.ts";

const CONFIG = buildConfig(SHOP_SERVICES);

describe("several pipelines in one graph", () => {
  it("run what blue and green share once", () => {
    const graph = compiled([deployPipeline(BLUE), deployPipeline(GREEN)], CONFIG);
    expect(graph.variants).toEqual(["deploy-blue", "deploy-green"]);
    expect(graph.order).toEqual([
      "make-room",
      "images/backend",
      "images/frontend",
      "images/base",
      "images/ml",
      "check-images",
      "release@blue",
      "smoke@blue",
      "tell@blue",
      "release@green",
      "smoke@green",
      "tell@green",
    ]);
    expect(graph.tasks.get("images/ml")?.variants).toEqual(["deploy-blue", "deploy-green"]);
    expect(graph.tasks.get("release@green")).toMatchObject({ variants: ["deploy-green"], needs: ["check-images"] });
  });

  it("qualify the ids of different tasks of one name, and of what needs them", () => {
    const deepClean = pipeline("deep-clean", {
      "make-room": { work: clean("aggressive") },
      report: { needs: ["make-room"], work: command("df") },
    });
    const upkeep = pipeline("upkeep", {
      "make-room": { work: clean("normal") },
      report: { needs: ["make-room"], work: command("df") },
      tell: { needs: ["report"] },
    });
    expect(edges(compiled([deepClean, upkeep]))).toEqual({
      "deep-clean:make-room": [],
      "deep-clean:report": ["deep-clean:make-room"],
      "upkeep:make-room": [],
      "upkeep:report": ["upkeep:make-room"],
      tell: ["upkeep:report"],
    });
  });

  it("join tasks that mean the same, wherever and however they are described", () => {
    const one = pipeline("one", { a: {}, b: { needs: ["a"], settings: { description: "first" } } });
    const two = pipeline("two", { z: {}, a: {}, b: { needs: ["a"], settings: { description: "second" } } });
    expect(edges(compiled([one, two]))).toEqual({ a: [], b: ["a"], z: [] });
  });

  it("keep apart what differs in when it may start", () => {
    const free = pipeline("free", { lint: {}, test: {} });
    const strict = pipeline("strict", { lint: {}, test: { needs: ["lint"] } });
    expect(edges(compiled([free, strict]))).toEqual({ lint: [], "free:test": [], "strict:test": ["lint"] });
  });

  it("need each other's opposite without a cycle", () => {
    const one = pipeline("one", { a: {}, b: { needs: ["a"] } });
    const two = pipeline("two", { b: {}, a: { needs: ["b"] } });
    expect(edges(compiled([one, two]))).toEqual({ "one:a": [], "one:b": ["one:a"], "two:b": [], "two:a": ["two:b"] });
  });

  it("share single bake targets of build tasks that differ", () => {
    const some = pipeline("some", { images: { work: build(["frontend"]) } });
    const all = pipeline("all", { images: { work: build(["default"]) }, use: { needs: ["images/frontend"] } });
    const graph = compiled([some, all]);
    expect(graph.order).toEqual(["images/frontend", "images/backend", "images/base", "images/ml", "use"]);
    expect(graph.tasks.get("images/frontend")?.variants).toEqual(["some", "all"]);
    expect(
      compiled([some, pipeline("fresh", { images: { work: build(["frontend"], { noCache: true }) } })]).order,
    ).toEqual(["some:images/frontend", "fresh:images/frontend"]);
  });

  it("qualify by the file's name, which two variants of it share", () => {
    const deepClean = pipeline("deep-clean", { "make-room": { work: clean("aggressive") } });
    const graph = compiled([deployPipeline(BLUE), deployPipeline(GREEN), deepClean], CONFIG);
    expect(graph.tasks.get("deploy:make-room")?.variants).toEqual(["deploy-blue", "deploy-green"]);
    expect(graph.tasks.get("deep-clean:make-room")?.variants).toEqual(["deep-clean"]);
    expect(graph.tasks.get("release@green")?.needs).toEqual(["check-images"]);
  });

  it("keep apart what bake resolves differently for each", () => {
    const one = pipeline("one", { images: { work: build(["default"]) } });
    const two = pipeline("two", { images: { work: build(["base"]) } });
    const pipelines = [one, two];
    const bake = new Map(
      bakeQueries(pipelines, CONFIG).map(({ key, targets }) => {
        const base = targets.includes("base") ? {} : { output: [{ type: "cacheonly" }] };
        return [key, { found: true, definition: bakeFile({ base }, { default: ["base"] }) } as const];
      }),
    );
    const result = compileGraph({ pipelines, buildConfig: CONFIG, bake });
    expect(result.ok && result.value.order).toEqual(["one:images/base", "two:images/base"]);
  });

  it.each([
    ["timeout", { timeoutMs: 1_000 }],
    ["condition", { condition: { is: "always" } }],
    ["retry", { retry: { max: 2, on: ["network"], backoffMs: 5_000 } }],
    ["pool", { pools: { build: 1 } }],
    ["continue_on_error", { continueOnError: true }],
  ] as const)("tell tasks apart by their %s", (_name, settings) => {
    const ids = compiled([pipeline("one", { a: {} }), pipeline("two", { a: { settings } })]).order;
    expect(ids).toEqual(["one:a", "two:a"]);
  });

  it("are the same when one of them is named twice", () => {
    const once = compiled([deployPipeline(BLUE)], CONFIG);
    expect(compiled([deployPipeline(BLUE), deployPipeline(BLUE)], CONFIG)).toEqual(once);
  });

  const use = (line: number): SampleTask => {
    const location = { file: "pipelines/p.yaml", line, column: 1 };
    const reference = { parts: [{ namespace: "tasks", task: "make", output: "x", location }] } as const;
    const command = { form: "arguments", arguments: [reference] } as const;
    return { needs: ["make"], work: { kind: "run", run: { command, environment: {}, workingDirectory: "." } } };
  };

  it("resolve references in the words of their own pipeline", () => {
    const graph = compiled([
      pipeline("one", { make: { work: command("1") }, use: use(1) }),
      pipeline("two", { make: { work: command("2") }, use: use(1) }),
    ]);
    expect(JSON.stringify(graph.tasks.get("one:use"))).toContain('"task":"one:make"');
    expect(JSON.stringify(graph.tasks.get("two:use"))).toContain('"task":"two:make"');
  });

  it("join tasks whose references stand on different lines", () => {
    expect(
      compiled([pipeline("one", { make: {}, use: use(1) }), pipeline("two", { make: {}, use: use(2) })]).order,
    ).toEqual(["make", "use"]);
  });
});

describe("limits of several pipelines", () => {
  it("are the smallest of each, so that no promise is broken", () => {
    const graph = compiled([
      pipeline("one", { a: {} }, { concurrency: { tasks: 8, pools: { build: 2, disk: 3 } } }),
      pipeline("two", { b: {} }, { concurrency: { tasks: 3, pools: { build: 4, net: 1 } } }),
    ]);
    expect(graph.concurrency).toEqual({ tasks: 3, pools: { build: 2, disk: 3, net: 1 } });
  });

  it("let every task start", () => {
    const heavy = { a: { settings: { pools: { build: 3 } } } };
    const graph = compiled([
      pipeline("one", { b: {} }, { concurrency: { tasks: 8, pools: { build: 1 } } }),
      pipeline("two", heavy, { concurrency: { tasks: 8, pools: { build: 4 } } }),
    ]);
    expect(graph.concurrency.pools).toEqual({ build: 3 });
  });
});
