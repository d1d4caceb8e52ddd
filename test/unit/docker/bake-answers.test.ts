import { describe, expect, it } from "vitest";
import {
  parseBakeDefinition,
  parseBakeList,
  parseBakeMetadata,
  parseBakeProblem,
  withNetwork,
} from "../../../src/docker/bake-answers.ts";
import type { CommandEnding, CommandResult } from "../../../src/docker/command.ts";
import { bakeCall } from "./bake-call.ts";
import { readRecorded, recordedLines } from "./recorded-output.ts";

function failed(lines: readonly string[], ending: CommandEnding = { outcome: "exited", exitCode: 1 }): CommandResult {
  const evidence = { command: "docker buildx bake --print", lastLines: lines.slice(-20) };
  return { ...ending, stdout: "", evidence, durationMs: 1 };
}

describe("parseBakeDefinition", () => {
  it("keeps every key of a target and reads groups", () => {
    const definition = parseBakeDefinition(
      '{"group":{"default":{"targets":["web"]}},"target":{"web":{"context":".","secret":[{"id":"x"}]}}}',
    );
    expect(definition).toEqual({
      group: { default: { targets: ["web"] } },
      target: { web: { context: ".", secret: [{ id: "x" }] } },
    });
  });

  it("is undefined for anything else", () => {
    expect([parseBakeDefinition(""), parseBakeDefinition("[]"), parseBakeDefinition('{"group":{}}')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("takes the network of the call", () => {
    const definition = { group: {}, target: { web: { network: "default" }, base: {} } };
    expect(withNetwork(definition, bakeCall({ network: "none" })).target).toEqual({
      web: { network: "none" },
      base: { network: "none" },
    });
    expect(withNetwork(definition, bakeCall())).toBe(definition);
  });
});

describe("parseBakeList", () => {
  it("names targets and groups, sorted", () => {
    expect(parseBakeList('[{"name":"web"},{"name":"all","group":true},{"name":"web"}]')).toEqual(["all", "web"]);
    expect(parseBakeList("ERROR")).toEqual([]);
  });
});

describe("parseBakeMetadata", () => {
  const metadata = readRecorded("bake-metadata.json").toString("utf8");

  it("finds the image of the target and the names it got", () => {
    expect(parseBakeMetadata(metadata, "ok")).toEqual({
      digests: ["sha256:7687210560e4a051d286715cf317004d1cce6caa25ce7bbd1a91f0bd1f9ee4c2"],
      tags: ["orc-fixture/ok:1"],
    });
  });

  it("finds no image of a linked target, and none without a file", () => {
    expect(parseBakeMetadata(metadata, "base")).toEqual({ digests: [], tags: [] });
    expect(parseBakeMetadata("", "ok")).toEqual({ digests: [], tags: [] });
  });

  it("prefers the digest that the containerd store uses, and shortens Docker Hub's names", () => {
    const text = JSON.stringify({
      web: {
        "containerimage.config.digest": "sha256:config",
        "containerimage.digest": "sha256:manifest",
        "image.name": "docker.io/library/web:1, ghcr.io/a/web:1",
      },
    });
    expect(parseBakeMetadata(text, "web")).toEqual({
      digests: ["sha256:manifest", "sha256:config"],
      tags: ["web:1", "ghcr.io/a/web:1"],
    });
  });
});

describe("parseBakeProblem", () => {
  it.each([
    ["bake-unknown-target.rawjson", { problem: "target-unknown", target: "nope" }],
    ["bake-hcl-syntax.rawjson", { problem: "file-invalid", file: "bad.hcl", line: 1, column: 14 }],
    ["bake-hcl-variable.rawjson", { problem: "file-invalid", file: "bad.hcl", line: 1, column: 27 }],
    ["bake-file-missing.rawjson", { problem: "file-invalid", message: "open nofile.hcl: no such file or directory" }],
    ["bake-daemon-down.rawjson", { problem: "failed", failure: { reason: "engine-unreachable" } }],
  ])("reads %s", (name, problem) => {
    expect(parseBakeProblem(failed(recordedLines(name)))).toMatchObject(problem);
  });

  it("keeps the message without its place", () => {
    expect(parseBakeProblem(failed(recordedLines("bake-hcl-variable.rawjson")))).toMatchObject({
      message: expect.stringMatching(/^Unknown variable; There is no variable named "undefinedvar"/),
    });
  });

  it("does not blame the files for a missing buildx or an abort", () => {
    expect(parseBakeProblem(failed([], { outcome: "not-found", command: "docker" }))).toEqual({
      problem: "failed",
      failure: { reason: "command-not-found", command: "docker" },
    });
    expect(parseBakeProblem(failed(["ERROR: canceled"], { outcome: "aborted" }))).toMatchObject({ problem: "failed" });
  });
});
