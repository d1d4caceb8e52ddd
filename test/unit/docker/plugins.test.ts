import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isStaticElf } from "../../../src/docker/bridge-probe.ts";
import { findPlugin, parsePluginVersion } from "../../../src/docker/plugins.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "orchestrate-test-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function install(directory: string, mode = 0o755): string {
  const file = path.join(root, directory, "docker-buildx");
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, "");
  chmodSync(file, mode);
  return file;
}

function find(): readonly string[] {
  const systemDirectories = [path.join(root, "first"), path.join(root, "second")];
  return findPlugin("buildx", { environment: {}, homeDirectory: root, systemDirectories }).command;
}

describe("findPlugin", () => {
  it("prefers the user's own plugin, then the system's in order, then the docker command", () => {
    expect(find()).toEqual(["docker", "buildx"]);
    const second = install("second");
    expect(find()).toEqual([second]);
    const first = install("first");
    expect(find()).toEqual([first]);
    const own = install(".docker/cli-plugins");
    expect(find()).toEqual([own]);
  });

  it("passes over what cannot be executed", () => {
    install("first", 0o644);
    expect(find()).toEqual(["docker", "buildx"]);
  });
});

describe("parsePluginVersion", () => {
  it.each([
    ["github.com/docker/buildx 0.29.1+ds1 0.29.1+ds1-4", { text: "0.29.1+ds1", major: 0, minor: 29 }],
    [
      "github.com/docker/buildx v0.13.1 788433953af10f2a698f5c07611dddce2e08c7a0",
      { text: "0.13.1", major: 0, minor: 13 },
    ],
    ["Docker Compose version v2.40.3", { text: "2.40.3", major: 2, minor: 40 }],
    ["Docker Compose version 2.40.3-3", { text: "2.40.3-3", major: 2, minor: 40 }],
    ["nothing", undefined],
  ])("reads %s", (output, version) => {
    expect(parsePluginVersion(output)).toEqual(version);
  });
});

describe("isStaticElf", () => {
  const elf = (types: readonly number[]): Buffer => {
    const head = Buffer.alloc(64 + 56 * types.length);
    head.writeUInt32BE(0x7f454c46, 0);
    head.set([2, 1], 4);
    head.writeBigUInt64LE(64n, 32);
    head.writeUInt16LE(56, 54);
    head.writeUInt16LE(types.length, 56);
    for (const [place, type] of types.entries()) head.writeUInt32LE(type, 64 + 56 * place);
    return head;
  };

  it("is true for a program that asks for no loader", () => {
    expect(isStaticElf(elf([1, 1, 4]))).toBe(true);
    expect(isStaticElf(elf([1, 3, 1]))).toBe(false);
    expect(isStaticElf(Buffer.from("#!/bin/sh\n"))).toBe(false);
    expect(isStaticElf(elf([1, 1]).subarray(0, 70))).toBe(false);
  });
});
