import { describe, expect, it } from "vitest";
import { missingEntitlements } from "../../../src/docker/bake-entitlements.ts";
import type { BakeTarget } from "../../../src/model/bake-definition.ts";
import type { BakeCall } from "../../../src/model/pipeline.ts";
import { bakeCall } from "./bake-call.ts";

function missing(definition: BakeTarget, call: Partial<BakeCall> = {}): readonly string[] {
  return missingEntitlements(definition, bakeCall(call), "/project");
}

describe("missingEntitlements", () => {
  it("asks for nothing where all stays in the project", () => {
    const definition: BakeTarget = {
      context: ".",
      dockerfile: "docker/web.Dockerfile",
      contexts: { deps: "docker-image://x", base: "target:base", more: "shared", same: "/project/lib" },
      secret: [{ id: "a" }, { id: "b", env: "B" }, { id: "c", src: ".secrets/c" }],
      output: [{ type: "cacheonly" }, { type: "local", dest: "out" }, { type: "tar", dest: "-" }],
      "cache-from": [{ type: "registry", ref: "r" }],
    };
    expect(missing(definition)).toEqual([]);
  });

  it.each<readonly [string, BakeTarget, string]>([
    ["host network", { network: "host" }, "network.host"],
    ["a named entitlement", { entitlements: ["security.insecure"] }, "security.insecure"],
    ["an SSH agent", { ssh: [{ id: "default" }] }, "ssh"],
    ["a context outside", { context: "../other" }, "fs.read=../other"],
    ["a named context outside", { contexts: { x: "/etc" } }, "fs.read=/etc"],
    ["a neighbour whose name starts alike", { contexts: { x: "../project-two" } }, "fs.read=../project-two"],
    ["a Dockerfile outside", { context: ".", dockerfile: "../Dockerfile" }, "fs.read=/Dockerfile"],
    ["a secret file outside", { secret: [{ id: "x", src: "/etc/shadow" }] }, "fs.read=/etc/shadow"],
    ["a secret in the old spelling", { secret: ["type=file,id=x,src=/etc/shadow"] }, "fs.read=/etc/shadow"],
    ["a local cache outside", { "cache-from": [{ type: "local", src: "/cache" }] }, "fs.read=/cache"],
    ["a cache export outside", { "cache-to": [{ type: "local", dest: "/cache" }] }, "fs.write=/cache"],
    ["an output outside", { output: [{ type: "local", dest: "../out" }] }, "fs.write=../out"],
  ])("asks for %s", (_what, definition, entitlement) => {
    expect(missing(definition)).toContain(entitlement);
    expect(missing(definition, { allow: [entitlement] })).not.toContain(entitlement);
  });

  it("accepts a grant of a directory above, of both directions, and of everything", () => {
    const definition: BakeTarget = { contexts: { x: "../shared/lib" } };
    for (const grant of ["fs.read=../shared", "fs=../shared", "fs.read=/shared", "fs.read=*", "fs=*"]) {
      expect(missing(definition, { allow: [grant] })).toEqual([]);
    }
    for (const grant of ["fs.write=../shared", "fs.read=../shared/lib/deeper", "fs.read=../share", "network.host"]) {
      expect(missing(definition, { allow: [grant] })).toEqual(["fs.read=../shared/lib"]);
    }
  });

  it("takes what the pipeline itself names as granted", () => {
    expect(missing({ network: "host" }, { network: "host" })).toEqual([]);
    expect(missing({ contexts: { x: "../shared" } }, { contexts: { x: "../shared" } })).toEqual([]);
    expect(missing({ contexts: { x: "../shared", y: "../other" } }, { contexts: { x: "../shared" } })).toEqual([
      "fs.read=../other",
    ]);
  });
});
