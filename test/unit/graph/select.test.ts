import { describe, expect, it } from "vitest";
import { selectTasks } from "../../../src/graph/select.ts";
import type { TaskSelection } from "../../../src/graph/select.ts";
import type { TaskGraph } from "../../../src/model/task.ts";
import {
  BLUE,
  GREEN,
  SHOP_SERVICES,
  build,
  buildConfig,
  clean,
  compiled,
  deployPipeline,
  edges,
  pipeline,
} from "./sample.ts";

const CONFIG = buildConfig(SHOP_SERVICES);
const DEPLOY = compiled([deployPipeline(BLUE)], CONFIG);
const BOTH = compiled([deployPipeline(BLUE), deployPipeline(GREEN)], CONFIG);

function selected(graph: TaskGraph, selection: TaskSelection): TaskGraph {
  const result = selectTasks(graph, selection);
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join("\n"));
  return result.value;
}

describe("selectTasks", () => {
  it("takes everything when nothing is said", () => {
    expect(selected(DEPLOY, {})).toBe(DEPLOY);
  });

  it.each([
    ["an id", ["release@blue"], ["release@blue"]],
    ["an id without its environment, in every environment", ["release"], ["release@blue", "release@green"]],
    ["a build task", ["images"], ["images/backend", "images/frontend", "images/base", "images/ml"]],
    ["a node of a build task", ["images/ml"], ["images/ml"]],
    ["several, in graph order", ["smoke@blue", "make-room"], ["make-room", "smoke@blue"]],
  ])("--only takes exactly %s", (_name, only, ids) => {
    expect(selected(BOTH, { only }).order).toEqual(ids);
  });

  it("--from takes a task and everything downstream", () => {
    expect(selected(DEPLOY, { from: ["images/ml"] }).order).toEqual([
      "images/ml",
      "check-images",
      "release@blue",
      "smoke@blue",
      "tell@blue",
    ]);
    expect(selected(BOTH, { from: ["smoke@green"] }).order).toEqual(["smoke@green", "tell@green"]);
  });

  it("adds --only to --from", () => {
    expect(selected(DEPLOY, { only: ["make-room"], from: ["smoke"] }).order).toEqual([
      "make-room",
      "smoke@blue",
      "tell@blue",
    ]);
  });

  it("drops needs outside the selection but keeps the order that they gave", () => {
    expect(edges(selected(DEPLOY, { only: ["make-room", "release", "tell"] }))).toEqual({
      "make-room": [],
      "release@blue": ["make-room"],
      "tell@blue": ["release@blue"],
    });
    expect(edges(selected(DEPLOY, { from: ["release"] }))["release@blue"]).toEqual([]);
  });

  it("means an image by its tag when the node that builds it is left out", () => {
    const release = selected(DEPLOY, { only: ["release", "images/ml"] }).tasks.get("release@blue");
    expect(release).toMatchObject({
      images: [
        { service: { name: "frontend" }, reference: "shop/frontend:latest" },
        { service: { name: "backend" }, reference: "shop/backend:latest" },
        { service: { name: "ml" }, reference: "shop/ml:latest", builtBy: "images/ml" },
      ],
    });
    expect(JSON.stringify(release)).not.toContain("images/frontend");
  });

  it("knows qualified ids by their short names", () => {
    const graph = compiled([
      pipeline("deep-clean", { "make-room": { work: clean("aggressive") } }),
      pipeline("upkeep", { "make-room": { work: clean("normal") } }),
    ]);
    expect(selected(graph, { only: ["upkeep:make-room"] }).order).toEqual(["upkeep:make-room"]);
    expect(selected(graph, { only: ["make-room"] }).order).toEqual(["deep-clean:make-room", "upkeep:make-room"]);
  });

  it("reports every unknown name with what was likely meant", () => {
    expect(selectTasks(DEPLOY, { only: ["relase"], from: ["zzz"] })).toEqual({
      ok: false,
      diagnostics: [
        { code: "task-unknown", severity: "error", message: "`zzz` is no task of deploy-blue" },
        {
          code: "task-unknown",
          severity: "error",
          message: "`relase` is no task of deploy-blue",
          hint: "did you mean `release`?",
        },
      ],
    });
  });
});

describe("selecting by service", () => {
  const graph = compiled(
    [pipeline("build", { "make-room": { work: clean() }, images: { needs: ["make-room"], work: build(["default"]) } })],
    CONFIG,
  );

  it("keeps the build nodes of the service, what they link to, and tasks of other kinds", () => {
    expect(edges(selected(graph, { services: ["ml"] }))).toEqual({
      "make-room": [],
      "images/base": ["make-room"],
      "images/ml": ["make-room", "images/base"],
    });
    expect(selected(graph, { services: ["frontend", "backend"] }).order).toEqual([
      "make-room",
      "images/backend",
      "images/frontend",
    ]);
  });

  it("narrows what --only has selected", () => {
    expect(selected(graph, { only: ["images"], services: ["frontend"] }).order).toEqual(["images/frontend"]);
  });

  it("reports a service that is not built", () => {
    expect(selectTasks(graph, { services: ["fronted"] })).toMatchObject({
      ok: false,
      diagnostics: [{ code: "service-unknown", hint: "did you mean `frontend`?" }],
    });
  });
});
