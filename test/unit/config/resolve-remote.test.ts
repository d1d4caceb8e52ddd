import { describe, expect, it } from "vitest";
import { problems, resolved } from "./written-project.ts";

const PIPELINE = `environments: [far]\ntasks:\n  say: { run: { command: [echo, hello] } }\n`;

function files(environment: object): Readonly<Record<string, string>> {
  return {
    "pipelines/all.yaml": PIPELINE,
    "docker/build-config.json": JSON.stringify({ environments: { far: environment } }),
  };
}

describe("an environment on another host", () => {
  it("is named by an ssh address", () => {
    for (const ssh of ["shop", "me@shop.example.org", "me@10.0.0.1:2222", "me@[::1]:22"]) {
      expect(resolved(files({ ssh })).pipelines[0]?.environment).toMatchObject({ name: "far", ssh });
    }
  });

  it("is no option of ssh and no url", () => {
    for (const ssh of ["-oProxyCommand=x", "me@-x", "ssh://shop", "a b", "shop:/x"]) {
      expect(problems(files({ ssh }))).toHaveLength(1);
    }
  });

  it("has a context or an address, not both", () => {
    expect(problems(files({ ssh: "shop", docker_context: "shop" }))).toEqual([
      expect.stringMatching(/^docker\/build-config.json:1:\d+ value-invalid$/),
    ]);
  });
});
