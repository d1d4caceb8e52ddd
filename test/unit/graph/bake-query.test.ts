import { describe, expect, it } from "vitest";
import { bakeQueries, isAnswered } from "../../../src/graph/bake-query.ts";
import { compileGraph } from "../../../src/graph/compile.ts";
import {
  BLUE,
  GREEN,
  SHOP,
  SHOP_SERVICES,
  bakeFile,
  build,
  buildConfig,
  clean,
  command,
  deploy,
  deployPipeline,
  pipeline,
  sizes,
} from "./sample.ts";

describe("bakeQueries", () => {
  const targetsOf = (...input: Parameters<typeof bakeQueries>) =>
    bakeQueries(...input).map(({ targets, required }) => ({ targets: targets.join(" "), required }));

  it("asks nothing for a pipeline without images", () => {
    expect(
      bakeQueries([pipeline("p", { a: { work: clean() }, b: { work: command("true") } })], buildConfig(SHOP_SERVICES)),
    ).toEqual([]);
  });

  it("joins tasks that call bake alike, and keeps `default` apart", () => {
    const tasks = {
      one: { work: build(["ml"]) },
      two: { work: build(["frontend"]) },
      other: { work: build(["ml"], { variables: { TAG: "v2" } }) },
      all: { work: build(["default"]) },
    };
    expect(targetsOf([pipeline("p", tasks)], buildConfig())).toEqual([
      { targets: "frontend ml", required: true },
      { targets: "ml", required: true },
      { targets: "default", required: true },
    ]);
  });

  it("asks the same once for two variants, with a key that does not depend on the order of writing", () => {
    const config = buildConfig(SHOP_SERVICES);
    const both = bakeQueries([deployPipeline(BLUE), deployPipeline(GREEN)], config);
    expect(both).toEqual(bakeQueries([deployPipeline(GREEN)], config));
    const key = (variables: Record<string, string>) =>
      bakeQueries([pipeline("p", { i: { work: build(["ml"], { variables }) } })], config)[0]?.key;
    expect(key({ A: "1", B: "2" })).toBe(key({ B: "2", A: "1" }));
    expect(key({ A: "1" })).not.toBe(key({ A: "2" }));
    expect(key({ location: "x" })).not.toBe(key({ location: "y" }));
  });

  it("looks up the services' tags where a deploy or size check may meet images that nothing builds", () => {
    const config = buildConfig(SHOP_SERVICES);
    const services = "backend frontend ml";
    expect(targetsOf([pipeline("c", { check: { work: sizes() } })], config)).toEqual([
      { targets: services, required: true },
    ]);
    expect(targetsOf([pipeline("c", { i: { work: build(["ml"]) }, check: { work: sizes() } })], config)).toEqual([
      { targets: "ml", required: true },
      { targets: services, required: false },
    ]);
    const whole = { i: { work: build(["ml", "backend", "frontend"]) }, check: { needs: ["i"], work: sizes() } };
    expect(targetsOf([pipeline("c", whole)], config)).toEqual([{ targets: services, required: true }]);
  });

  it("compiles without the answer to a query that is not required", () => {
    const config = buildConfig(SHOP_SERVICES);
    const pipelines = [
      pipeline("d", { i: { work: build(["ml"]) }, release: { needs: ["i"], work: deploy() } }, { environment: BLUE }),
    ];
    const required = bakeQueries(pipelines, config).filter((query) => query.required);
    const bake = new Map(required.map(({ key }) => [key, { found: true, definition: SHOP } as const]));
    const result = compileGraph({ pipelines, buildConfig: config, bake });
    expect(result.ok && result.value.tasks.get("release@blue")).toMatchObject({
      images: [{ service: { name: "frontend" } }, { service: { name: "backend" } }, { builtBy: "i/ml" }],
    });
  });

  it("need not be asked about services when the answers so far define their bake targets", () => {
    const config = buildConfig(SHOP_SERVICES);
    const pipelines = [
      pipeline("d", { i: { work: build(["default"]) }, release: { work: deploy() } }, { environment: BLUE }),
    ];
    const [first, services] = bakeQueries(pipelines, config);
    if (first === undefined || services === undefined) throw new Error("two queries expected");
    expect(isAnswered(first, new Map())).toBe(false);
    expect(isAnswered(services, new Map())).toBe(false);
    const some = new Map([[first.key, { found: true, definition: bakeFile({ ml: {}, backend: {} }) } as const]]);
    expect(isAnswered(services, some)).toBe(false);
    const all = new Map([[first.key, { found: true, definition: SHOP } as const]]);
    expect(isAnswered(services, all)).toBe(true);
    expect(isAnswered({ ...services, required: true }, all)).toBe(false);
    const result = compileGraph({ pipelines, buildConfig: config, bake: all });
    expect(result.ok && result.value.tasks.get("release@blue")).toMatchObject({
      images: [
        { reference: "shop/frontend:latest" },
        { reference: "shop/backend:latest" },
        { reference: "shop/ml:latest" },
      ],
    });
  });
});
