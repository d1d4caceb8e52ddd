import { describe, expect, it } from "vitest";
import type { Task } from "../../../src/model/task.ts";
import { BLUE, SHOP_SERVICES, build, buildConfig, compiled, deploy, pipeline, sizes } from "./sample.ts";

describe("images", () => {
  const config = buildConfig(SHOP_SERVICES);

  it("of a deploy are those of all services, built upstream where they are", () => {
    const graph = compiled(
      [
        pipeline(
          "d",
          { images: { work: build(["ml"]) }, release: { needs: ["images"], work: deploy() } },
          { environment: BLUE },
        ),
      ],
      config,
    );
    expect(imagesOf(graph.tasks.get("release@blue"))).toEqual([
      ["frontend", undefined, "shop/frontend:latest"],
      ["backend", undefined, "shop/backend:latest"],
      ["ml", "images/ml", "shop/ml:latest"],
    ]);
  });

  it("of a size check without names are those built upstream, by however long a way", () => {
    const tasks = {
      images: { work: build(["ml"]) },
      between: { needs: ["images"] },
      check: { needs: ["between"], work: sizes() },
    };
    const check = compiled([pipeline("b", tasks)], config).tasks.get("check");
    expect(imagesOf(check)).toEqual([["ml", "images/ml", "shop/ml:latest"]]);
    expect(check).toMatchObject({ checks: [{ check: "size", services: ["ml"] }] });
  });

  it("of a size check without names and without builds upstream are all", () => {
    const tasks = { images: { work: build(["ml"]) }, check: { work: sizes() } };
    const check = compiled([pipeline("b", tasks)], config).tasks.get("check");
    expect(imagesOf(check)).toEqual([
      ["frontend", undefined, "shop/frontend:latest"],
      ["backend", undefined, "shop/backend:latest"],
      ["ml", undefined, "shop/ml:latest"],
    ]);
  });

  it("of a size check with names are exactly those", () => {
    const tasks = { images: { work: build(["ml"]) }, check: { needs: ["images"], work: sizes("backend", "ml") } };
    expect(imagesOf(compiled([pipeline("b", tasks)], config).tasks.get("check"))).toEqual([
      ["backend", undefined, "shop/backend:latest"],
      ["ml", "images/ml", "shop/ml:latest"],
    ]);
  });

  it("of two builds upstream is the later one", () => {
    const tasks = {
      second: { needs: ["first"], work: build(["ml"], { noCache: true }) },
      first: { work: build(["ml"]) },
      check: { needs: ["first", "second"], work: sizes("ml") },
    };
    expect(imagesOf(compiled([pipeline("b", tasks)], config).tasks.get("check"))[0]?.[1]).toBe("second/ml");
  });

  it("do not leak to siblings that share a need", () => {
    const tasks = {
      start: {},
      ml: { needs: ["start"], work: build(["ml"]) },
      web: { needs: ["start"], work: build(["frontend"]) },
      left: { needs: ["ml"], work: sizes() },
      right: { needs: ["web"], work: sizes() },
      both: { needs: ["ml", "web"], work: sizes() },
    };
    const graph = compiled([pipeline("b", tasks)], config);
    const builders = (id: string) => imagesOf(graph.tasks.get(id)).map(([, builtBy]) => builtBy);
    expect(builders("left")).toEqual(["ml/ml"]);
    expect(builders("right")).toEqual(["web/frontend"]);
    expect(builders("both")).toEqual(["web/frontend", "ml/ml"]);
  });

  function imagesOf(task: Task | undefined): readonly (readonly (string | undefined)[])[] {
    const images = task?.kind === "verify" || task?.kind === "deploy" ? task.images : [];
    return images.map(({ service, builtBy, reference }) => [service.name, builtBy, reference]);
  }
});
