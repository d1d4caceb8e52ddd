import { describe, expect, it } from "vitest";
import {
  bakeBuildArguments,
  bakeListArguments,
  bakePrintArguments,
  describeBakeCommand,
  grantedEntitlements,
  networkOverlay,
} from "../../../src/docker/bake-arguments.ts";
import type { BakeCall } from "../../../src/model/pipeline.ts";
import { bakeCall } from "./bake-call.ts";

function build(call: BakeCall): string {
  const words = bakeBuildArguments({
    call,
    files: call.files,
    targets: ["web"],
    target: "web",
    labels: { "dev.orchestrate.project": "shop" },
    metadataFile: "/m.json",
    workingDirectory: "/p",
  });
  return words.join(" ");
}

describe("bakeBuildArguments", () => {
  it("asks for progress and metadata and labels the target alone", () => {
    expect(build(bakeCall())).toBe(
      "--set web.labels.dev.orchestrate.project=shop --progress=rawjson --metadata-file /m.json web",
    );
  });

  it("sets what belongs to the build for linked targets too, and what belongs to the image for the target alone", () => {
    const words = build(
      bakeCall({
        files: ["a.hcl", "b.hcl"],
        args: { A: "1=2" },
        contexts: { deps: "docker-image://x" },
        noCache: true,
        pull: true,
        cacheFrom: ["type=registry,ref=r"],
        cacheTo: ["type=inline"],
      }),
    );
    expect(words).toContain("--file a.hcl --file b.hcl --set *.args.A=1=2 --set *.contexts.deps=docker-image://x");
    expect(words).toContain("--set *.cache-from+=type=registry,ref=r");
    expect(words).toContain("--set web.cache-to+=type=inline --set web.no-cache=true --set web.pull=true");
  });

  it("names secrets and never their values", () => {
    const words = build(
      bakeCall({
        variables: { TOKEN: "hidden" },
        secrets: [
          { id: "npm", source: { from: "file", path: "../npmrc" } },
          { id: "token", source: { from: "environment", name: "TOKEN" } },
        ],
      }),
    );
    expect(words).toContain("--set *.secrets+=type=file,id=npm,src=../npmrc");
    expect(words).toContain("--set *.secrets+=type=env,id=token,env=TOKEN");
    expect(words).toContain("--allow fs.read=../npmrc");
    expect(words).not.toContain("hidden");
  });

  it("loads into the engine what a builder of its own builds", () => {
    expect(build(bakeCall({ builder: "big" }))).toMatch(/^--builder big --load /);
  });
});

describe("other calls of bake", () => {
  it("prints with the same settings", () => {
    const command = { call: bakeCall({ args: { A: "1" } }), files: ["x.hcl"], targets: ["web", "api"] };
    expect(bakePrintArguments(command).join(" ")).toBe("--file x.hcl --set *.args.A=1 --print web api");
    expect(bakeListArguments(command).join(" ")).toBe("--file x.hcl --list type=targets,format=json");
  });

  it("shows what a user would type", () => {
    expect(describeBakeCommand(bakeCall(), ["web"])).toBe("docker buildx bake web");
    const call = bakeCall({ files: ["x.hcl"], builder: "big", noCache: true, pull: true });
    expect(describeBakeCommand(call, ["web"])).toBe("docker buildx bake -f x.hcl --builder big --no-cache --pull web");
  });

  it("carries the network in a file of its own", () => {
    expect(networkOverlay(bakeCall(), "web")).toBeUndefined();
    expect(networkOverlay(bakeCall({ network: "none" }), "web")).toBe('{"target":{"web":{"network":"none"}}}');
  });
});

describe("grantedEntitlements", () => {
  it("grants what is allowed and what the call itself names", () => {
    const call = bakeCall({
      allow: ["security.insecure"],
      network: "host",
      contexts: { a: "../shared", b: "docker-image://x", c: "target:base", d: "https://x/y.git" },
      cacheFrom: ["type=local,src=/cache", "type=registry,ref=r"],
      cacheTo: ["type=local,dest=/cache"],
    });
    expect(grantedEntitlements(call)).toEqual([
      "security.insecure",
      "network.host",
      "fs.read=../shared",
      "fs.read=/cache",
      "fs.write=/cache",
    ]);
  });
});
