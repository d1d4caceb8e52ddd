import { describe, expect, it } from "vitest";
import { exportGraph } from "../../../src/graph/export/json.ts";
import { GRAPH_FORMATS, renderGraph } from "../../../src/graph/export/render.ts";
import {
  BLUE,
  GREEN,
  SHOP_SERVICES,
  bakeFile,
  build,
  buildConfig,
  compiled,
  deployPipeline,
  environment,
  deploy,
  pipeline,
} from "./sample.ts";

const DEPLOY = compiled([deployPipeline(BLUE), deployPipeline(GREEN)], buildConfig(SHOP_SERVICES));

/** Names that mean something to Mermaid and DOT; bake targets and tasks may not have them all, an export must bear them. */
const HOSTILE = compiled(
  [
    pipeline(
      "p",
      {
        'say "hi"': {},
        end: { needs: ['say "hi"'] },
        "a[b](c){d}": { needs: ["end"] },
        "back\\slash\\": { needs: ["end"] },
        "x --> y; z": {},
        "<b>#1</b>`": { work: build(['"'], {}) },
        grün_日本: { needs: ["x --> y; z"] },
        release: { work: deploy() },
      },
      { environment: environment('li"la', 1) },
    ),
  ],
  buildConfig(),
  bakeFile({ '"': {} }),
);

describe("text", () => {
  it("groups tasks by level and says what each needs", () => {
    expect(renderGraph(DEPLOY, "text")).toMatchInlineSnapshot(`
      "deploy-blue + deploy-green · 12 tasks · at most 4 at once

      1  make-room        clean
      2  images/backend   build   needs make-room
         images/frontend  build   needs make-room
         images/base      build   needs make-room
      3  images/ml        build   needs make-room, images/base
      4  check-images     verify  needs images/*
      5  release@blue     deploy  needs check-images
         release@green    deploy  needs check-images
      6  smoke@blue       verify  needs release@blue
         smoke@green      verify  needs release@green
      7  tell@blue        run     needs smoke@blue
         tell@green       run     needs smoke@green
      "
    `);
  });
});

describe("needs in text", () => {
  it("are shortened only where all nodes of a build task are needed", () => {
    const tasks = {
      images: { work: build(["frontend", "backend", "ml"]) },
      some: { needs: ["images/frontend", "images/backend"] },
      single: { work: build(["backend"]) },
      all: { needs: ["images", "single"] },
    };
    const lines = renderGraph(compiled([pipeline("p", tasks)]), "text").split("\n");
    expect(lines.find((line) => line.includes("  some "))).toContain("needs images/frontend, images/backend");
    expect(lines.find((line) => line.includes(" all "))).toMatch(
      /needs images\/\*, single\/backend$|needs single\/backend, images\/\*$/,
    );
  });
});

describe("Mermaid", () => {
  it("is a flowchart with a box for every environment", () => {
    expect(renderGraph(DEPLOY, "mermaid")).toMatchInlineSnapshot(`
      "flowchart TD
        n0(["make-room"]):::clean
        n1["images/backend"]:::build
        n2["images/frontend"]:::build
        n3["images/base"]:::build
        n4["images/ml"]:::build
        n5{{"check-images"}}:::verify
        subgraph e1 ["blue"]
          n6[["release@blue"]]:::deploy
          n7{{"smoke@blue"}}:::verify
          n8("tell@blue"):::run
        end
        subgraph e2 ["green"]
          n9[["release@green"]]:::deploy
          n10{{"smoke@green"}}:::verify
          n11("tell@green"):::run
        end
        n0 --> n1
        n0 --> n2
        n0 --> n3
        n0 --> n4
        n3 --> n4
        n1 --> n5
        n2 --> n5
        n3 --> n5
        n4 --> n5
        n5 --> n6
        n6 --> n7
        n7 --> n8
        n5 --> n9
        n9 --> n10
        n10 --> n11
        classDef clean fill:#fff3cd,stroke:#997404,color:#000
        classDef build fill:#cfe2ff,stroke:#084298,color:#000
        classDef verify fill:#d1e7dd,stroke:#0f5132,color:#000
        classDef deploy fill:#f8d7da,stroke:#842029,color:#000
        classDef run fill:#e2e3e5,stroke:#41464b,color:#000
      "
    `);
  });

  it("keeps every label within its quotes and free of markup", () => {
    const lines = renderGraph(HOSTILE, "mermaid").trimEnd().split("\n");
    const node = /^ {2,4}n\d+(?:\(\["|\["|\{\{"|\[\["|\(")(?<label>[^"<>`]*)(?:"\]\)|"\]|"\}\}|"\]\]|"\)):::[a-z]+$/;
    const other =
      /^(?:flowchart TD| {2}subgraph e\d+ \["[^"<>`]*"\]| {2}end| {2}n\d+ --> n\d+| {2}classDef [a-z]+ \S+)$/;
    for (const line of lines) expect(line).toMatch(node.test(line) ? node : other);
    expect(lines.filter((line) => node.test(line)).length).toBe(HOSTILE.tasks.size);
    expect(lines.find((line) => line.includes("say"))).toContain("say #34;hi#34;");
  });
});

describe("DOT", () => {
  it("is a digraph with a cluster for every environment", () => {
    expect(renderGraph(DEPLOY, "dot")).toMatchInlineSnapshot(`
      "digraph "deploy-blue + deploy-green" {
        rankdir=LR;
        node [fontname="sans-serif"];
        "make-room" [shape=cds, label="make-room\\nclean"];
        "images/backend" [shape=box, label="images/backend\\nbuild"];
        "images/frontend" [shape=box, label="images/frontend\\nbuild"];
        "images/base" [shape=box, label="images/base\\nbuild"];
        "images/ml" [shape=box, label="images/ml\\nbuild"];
        "check-images" [shape=hexagon, label="check-images\\nverify"];
        subgraph "cluster_1" {
          label="blue";
          "release@blue" [shape=box3d, label="release@blue\\ndeploy"];
          "smoke@blue" [shape=hexagon, label="smoke@blue\\nverify"];
          "tell@blue" [shape=ellipse, label="tell@blue\\nrun"];
        }
        subgraph "cluster_2" {
          label="green";
          "release@green" [shape=box3d, label="release@green\\ndeploy"];
          "smoke@green" [shape=hexagon, label="smoke@green\\nverify"];
          "tell@green" [shape=ellipse, label="tell@green\\nrun"];
        }
        "make-room" -> "images/backend";
        "make-room" -> "images/frontend";
        "make-room" -> "images/base";
        "make-room" -> "images/ml";
        "images/base" -> "images/ml";
        "images/backend" -> "check-images";
        "images/frontend" -> "check-images";
        "images/base" -> "check-images";
        "images/ml" -> "check-images";
        "check-images" -> "release@blue";
        "release@blue" -> "smoke@blue";
        "smoke@blue" -> "tell@blue";
        "check-images" -> "release@green";
        "release@green" -> "smoke@green";
        "smoke@green" -> "tell@green";
      }
      "
    `);
  });

  it("quotes every name so that it ends where it should", () => {
    const name = String.raw`"(?:[^"\\]|\\.)*"`;
    const statement = new RegExp(
      `^(?:digraph ${name} \\{|\\s*subgraph ${name} \\{|\\s*label=${name};|\\s*rankdir=LR;|\\s*node \\[fontname=${name}\\];` +
        `|\\s*${name} \\[shape=\\w+, label=${name}\\];|\\s*${name} -> ${name};|\\s*\\})$`,
    );
    for (const line of renderGraph(HOSTILE, "dot").trimEnd().split("\n")) expect(line).toMatch(statement);
    expect(renderGraph(HOSTILE, "dot")).toContain(
      String.raw`"back\\slash\\" [shape=ellipse, label="back\\slash\\\nrun"];`,
    );
  });
});

describe("JSON", () => {
  it("has every task in graph order with what other programs need", () => {
    const document: unknown = JSON.parse(renderGraph(DEPLOY, "json"));
    expect(document).toEqual(exportGraph(DEPLOY));
    expect(exportGraph(DEPLOY).tasks.map(({ id }) => id)).toEqual(DEPLOY.order);
    expect(exportGraph(DEPLOY).tasks.find(({ id }) => id === "images/ml")).toEqual({
      id: "images/ml",
      origin: "images",
      kind: "build",
      needs: ["make-room", "images/base"],
      variants: ["deploy-blue", "deploy-green"],
      bakeTarget: "ml",
      service: "ml",
      pools: {},
      location: { file: "pipelines/deploy.yaml", line: 12, column: 3 },
    });
  });
});

describe("every format", () => {
  it.each(GRAPH_FORMATS)("%s ends with one line end and is the same for the same graph", (format) => {
    const again = compiled([deployPipeline(BLUE), deployPipeline(GREEN)], buildConfig(SHOP_SERVICES));
    expect(renderGraph(DEPLOY, format)).toMatch(/[^\n]\n$/);
    expect(renderGraph(again, format)).toBe(renderGraph(DEPLOY, format));
  });
});
