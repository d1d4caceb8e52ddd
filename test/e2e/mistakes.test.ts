import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { rm } from "node:fs/promises";
import path from "node:path";
import { expectEnding } from "../rig/ending.ts";
import type { CliResult } from "../rig/cli.ts";
import { UserProject } from "../rig/user-project.ts";

let user: UserProject;

beforeAll(async () => {
  user = await UserProject.create();
});

afterAll(async () => {
  await user.expectNothingLeft();
  await user[Symbol.asyncDispose]();
});

/** Each mistake with its place and what the message says; one task or line each. */
const TEN_MISTAKES = `name: release
environments: [blue, purple]
defaults:
  all: { timeout: 5 }
tasks:
  images:
    build: { targets: [default] }
    retry: { max: 1, on: [sunspots] }
  again:
    needs: [imagse]
    build: { targtes: [web] }
  nothing:
    needs: [images]
  both:
    run: ["true"]
    clean: {}
  sized:
    clean: { max_cache: 5 }
  told:
    if: succes()
    run: ["echo", "\${MISSING_VARIABLE}"]
`;

const TEN_DIAGNOSTICS = [
  ["environment-unknown", "2:22", "`purple` is not declared in docker/build-config.json"],
  ["duration-invalid", "4:19", "hint: write `5s` or `5m`"],
  ["value-invalid", "8:27", "`sunspots` is none of `network`, `registry`, `no-space`, `timed-out`"],
  ["task-unknown", "10:13", "hint: did you mean `images`?"],
  ["key-unknown", "11:14", "hint: did you mean `targets`?"],
  ["kind-ambiguous", "12:3", "The task says nothing to do"],
  ["kind-ambiguous", "16:5", "The task has both `run` and `clean`"],
  ["size-invalid", "18:25", "hint: write `5MB` or `5GB`"],
  ["condition-invalid", "20:9", "`succes()` does not exist"],
  ["variable-unset", "21:20", "hint: set it, or give a default: `${MISSING_VARIABLE:-default}`"],
] as const;

/** What is wrong in a file is told before anything starts: exit code 2, no run on record. */
function expectRefusal(result: CliResult, says: readonly (string | RegExp)[]): void {
  expectEnding(result, { exitCode: 2, says });
  expect(result.stdout).toBe("");
  expect(user.runCount()).toBe(0);
}

describe("mistakes in a pipeline file", () => {
  afterEach(async () => {
    await rm(path.join(user.light.directory, "pipelines/release.yaml"), { force: true });
  });

  it("are all told at once, each with its code, place, frame and hint", async () => {
    await user.light.write("pipelines/release.yaml", TEN_MISTAKES);
    const lines = TEN_MISTAKES.split("\n");
    for (const argv of [["validate"], ["run", "release-blue"], ["plan", "release-blue"]]) {
      const result = await user.run(argv);
      expectRefusal(result, ["10 errors in 1 file"]);
      expect([...result.stderr.matchAll(/^error\[/gm)]).toHaveLength(TEN_DIAGNOSTICS.length);
      for (const [code, place, text] of TEN_DIAGNOSTICS) {
        const [line = 0, column = 0] = place.split(":").map(Number);
        const start = result.stderr.indexOf(`error[${code}] pipelines/release.yaml:${place}\n`);
        const end = result.stderr.indexOf("\n\n", start);
        expect({ code, place, found: start >= 0 }).toEqual({ code, place, found: true });
        const told = result.stderr.slice(start, end);
        expect(told).toContain(text);
        // The frame shows the line, and marks below it where the mistake begins.
        const frame = new RegExp(`^(\\s*${line} \\| )(.*)\\n\\s*\\| ( *)\\^`, "m").exec(told);
        expect(frame?.[2]).toBe(lines[line - 1]);
        expect(frame?.[3]).toHaveLength(column - 1);
      }
    }
  });

  it("do not hide the other pipelines", async () => {
    await user.light.write("pipelines/release.yaml", TEN_MISTAKES);
    expectEnding(await user.run(["plan", "build"]), { exitCode: 0, says: ["nothing was changed"] });
    expectEnding(await user.run(["list"]), { exitCode: 2, says: [/^build\b/m, /^deploy-blue\b/m] });
  });

  it("are JSON for scripts", async () => {
    await user.light.write("pipelines/release.yaml", TEN_MISTAKES);
    const result = await user.run(["validate", "--json"]);
    expect(result).toMatchObject({ exitCode: 2, stderr: "" });
    const { error } = JSON.parse(result.stdout);
    expect(error.diagnostics.map(({ code }: { code: string }) => code)).toEqual(TEN_DIAGNOSTICS.map(([code]) => code));
  });

  it.each([
    {
      mistake: "a cycle: its path with the line of each step",
      yaml: `tasks:
  first: { needs: [third], run: ["true"] }
  second: { needs: [first], run: ["true"] }
  third: { needs: [second], run: ["true"] }
`,
      says: [
        "error[task-cycle] pipelines/release.yaml:2:20",
        "first → third → second → first",
        "`first` needs `third`: pipelines/release.yaml:2:20",
        "`third` needs `second`: pipelines/release.yaml:4:20",
        "`second` needs `first`: pipelines/release.yaml:3:21",
        "hint: remove one of these needs",
      ],
    },
    {
      mistake: "a duplicate key: both places",
      yaml: `tasks:
  one: { run: ["true"] }
  one: { run: ["false"] }
`,
      says: [
        "error[key-duplicate] pipelines/release.yaml:3:3",
        "`one` stands twice",
        "first here: pipelines/release.yaml:2:3",
        "hint: remove one of them, or rename it",
      ],
    },
    {
      mistake: "an unquoted glob, which YAML would read as nothing",
      yaml: `tasks:
  one: { run: ["ls", !**/*.md] }
`,
      says: ["error[syntax-invalid] pipelines/release.yaml:2:22", 'hint: put it in quotes: "!**/*.md"'],
    },
    {
      mistake: "an unknown bake target: the likely name",
      yaml: `tasks:
  images: { build: { targets: [wbe] } }
`,
      says: [
        "error[bake-target-unknown] pipelines/release.yaml:2:32",
        "`wbe`, which the bake files do not define",
        "hint: did you mean `web`?",
      ],
    },
  ])("$mistake", async ({ yaml, says }) => {
    await user.light.write("pipelines/release.yaml", yaml);
    expectRefusal(await user.run(["run", "release"]), says);
  });
});

describe("a bake file", () => {
  let bakeFile: string;

  beforeEach(async () => {
    bakeFile = await user.light.read("docker-bake.hcl");
  });

  afterEach(async () => {
    await user.light.write("docker-bake.hcl", bakeFile);
    await rm(path.join(user.light.directory, "pipelines/release.yaml"), { force: true });
  });

  it("that is no HCL is told with its place", async () => {
    await user.light.edit("docker-bake.hcl", (text) => text.replace('group "default" {', 'group "default" ['));
    const line = bakeFile.split("\n").indexOf('group "default" {') + 1;
    expectRefusal(await user.run(["run", "build"]), [
      `error[bake-definition-invalid] docker-bake.hcl:${line}:17`,
      "an opening brace",
      "`docker buildx bake --print`",
    ]);
  });

  it("with an unknown variable is told with its place", async () => {
    await user.light.edit("docker-bake.hcl", (text) => text.replace("= LIGHT_MODE\n", "= LIGHT_MOOD\n"));
    expectRefusal(await user.run(["run", "build"]), [
      /error\[bake-definition-invalid\] docker-bake\.hcl:\d+:\d+/,
      'There is no variable named "LIGHT_MOOD"',
    ]);
  });

  it("that asks for what the pipeline does not allow is refused before anything starts", async () => {
    await user.light.edit("docker-bake.hcl", (text) =>
      text.replace(/target "store" \{/, (start) => `${start}\n  entitlements = ["network.host"]`),
    );
    await user.light.write("pipelines/release.yaml", `tasks:\n  images: { build: { targets: [store] } }\n`);
    expectRefusal(await user.run(["run", "release"]), [
      "error[entitlement-not-allowed] pipelines/release.yaml:2:3",
      "network.host",
      'add to the build task: allow: ["network.host"]',
    ]);
  });
});

describe("a command line", () => {
  it.each([
    [["run", "deploy-bleu"], "There is no pipeline `deploy-bleu`", "did you mean `deploy-blue`?"],
    [["run", "deploy-blue", "--concurency", "3"], "unknown option '--concurency'", "Did you mean --concurrency?"],
    [["rnu", "deploy-blue"], "unknown command 'rnu'", "Did you mean run?"],
    [["run"], "missing required argument 'pipelines'", "--help"],
    [["run", "deploy-blue", "--concurrency", "0"], "Expected a whole number of at least 1", "--help"],
    [["clean", "--max-cache", "lots"], "Expected a size such as 5GB", "--help"],
    [["run", "deploy-blue", "--reporter", "loud"], "Allowed choices are auto, live, plain", "--help"],
    [["run", "deploy-blue", "--only", "relase"], "relase", "did you mean `release`?"],
    [["build", "--service", "wbe"], "wbe", "did you mean `web`?"],
    [["deploy", "bleu"], "bleu", "did you mean `blue`?"],
    [["replay", "nothing.ndjson"], "nothing.ndjson cannot be read", "orchestrate run"],
    [
      ["plan", "deploy-blue", "--directory", "/nowhere"],
      "the directory /nowhere does not exist",
      "where pipelines/ is",
    ],
  ])("%s is refused with the likely word", async (argv, cause, next) => {
    expectRefusal(await user.run(argv), [cause, next]);
  });

  it("outside a project says that there is none", async () => {
    expectRefusal(await user.run(["run", "build", "--directory", path.join(user.light.directory, "services/web")]), [
      "There is no pipeline `build`",
      "there are no pipelines in pipelines/",
    ]);
  });
});
