import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { loadProject } from "../../../src/config/project.ts";
import { resolveProject } from "../../../src/config/resolve-project.ts";
import { describe as describeDiagnostic, NO_INPUTS } from "./written-project.ts";

const FIXTURES = path.join(import.meta.dirname, "../../fixtures/pipelines/diagnostics");

/** Where each fixture has its one mistake. */
const PLACES: Readonly<Record<string, string>> = {
  "condition-invalid": "pipelines/tell.yaml:3:16",
  "duration-invalid": "pipelines/build.yaml:3:14",
  "environment-in-shared-task": "pipelines/deploy.yaml:4:50",
  "environment-missing": "pipelines/deploy.yaml:2:3",
  "environment-unknown": "pipelines/deploy.yaml:1:22",
  "file-unreadable": "pipelines/deploy.yaml:2:11",
  "include-cycle": "shared/base.yaml:2:11",
  "interpolation-invalid": "pipelines/tell.yaml:3:20",
  "key-duplicate": "pipelines/build.yaml:5:5",
  "key-missing": "pipelines/smoke.yaml:4:9",
  "key-unknown": "pipelines/build.yaml:3:5",
  "kind-ambiguous": "pipelines/build.yaml:4:5",
  "path-outside-project": "pipelines/build.yaml:3:39",
  "pipeline-duplicate": "pipelines/b.yaml:1:7",
  "pool-unknown": "pipelines/build.yaml:4:11",
  "reference-too-early": "pipelines/build.yaml:5:49",
  "reference-unknown": "pipelines/tell.yaml:5:20",
  "service-unknown": "pipelines/check.yaml:4:38",
  "size-invalid": "pipelines/clean.yaml:3:25",
  "syntax-invalid": "pipelines/check.yaml:3:25",
  "task-duplicate": "pipelines/deploy.yaml:4:3",
  "task-unknown": "pipelines/build.yaml:5:13",
  "value-invalid": "pipelines/build.yaml:1:23",
  "variable-unset": "pipelines/tell.yaml:3:20",
};

/** Codes that need Docker, the graph or the command line, and are tested with them. */
const ELSEWHERE = [
  "bake-definition-invalid",
  "bake-target-unknown",
  "entitlement-not-allowed",
  "pipeline-unknown",
  "task-cycle",
];

describe("one mistake, one diagnostic", () => {
  it.each(Object.entries(PLACES))("%s", (code, place) => {
    const resolved = resolveProject(loadProject(path.join(FIXTURES, code)), NO_INPUTS, "all");
    expect(resolved.ok ? [] : resolved.diagnostics.map(describeDiagnostic)).toEqual([`${place} ${code}`]);
  });

  it("has a fixture for every code that the files alone can cause", () => {
    const source = readFileSync(path.join(import.meta.dirname, "../../../src/model/diagnostic.ts"), "utf8");
    const codes = [...source.matchAll(/^ {2}\| "([a-z-]+)"/gm)].map((match) => match[1] ?? "");
    expect(codes.length).toBeGreaterThan(20);
    expect([...readdirSync(FIXTURES), ...ELSEWHERE].sort()).toEqual(codes.sort());
    expect(Object.keys(PLACES).sort()).toEqual(readdirSync(FIXTURES).sort());
  });
});

describe("many mistakes", () => {
  it("finds exactly the ten of two files, in order", () => {
    const directory = path.join(FIXTURES, "../ten-mistakes");
    const resolved = resolveProject(loadProject(directory), NO_INPUTS, "all");
    expect(resolved.ok ? [] : resolved.diagnostics.map(describeDiagnostic)).toEqual([
      "docker/build-config.json:4:33 size-invalid",
      "docker/build-config.json:8:15 key-unknown",
      "pipelines/deploy.yaml:2:22 environment-unknown",
      "pipelines/deploy.yaml:5:5 key-unknown",
      "pipelines/deploy.yaml:6:24 syntax-invalid",
      "pipelines/deploy.yaml:7:11 pool-unknown",
      "pipelines/deploy.yaml:9:13 task-unknown",
      "pipelines/deploy.yaml:10:34 duration-invalid",
      "pipelines/deploy.yaml:12:23 condition-invalid",
      "pipelines/deploy.yaml:13:26 variable-unset",
    ]);
  });
});
