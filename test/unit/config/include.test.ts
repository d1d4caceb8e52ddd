import { describe, expect, it } from "vitest";
import { diagnose, problems, resolved, taskOf } from "./written-project.ts";

describe("includes", () => {
  const base = "variables: { tag: a }\ndefaults: { all: { timeout: 1m } }\nconcurrency: { pools: { io: 1, own: 5 } }\n";
  const files = {
    "pipelines/deploy.yaml":
      "variables: { tag: b }\nconcurrency: { pools: { own: 2 } }\ntasks:\n  first: { run: [echo, '${var.tag}'] }\n" +
      "include:\n  - { file: ../db/pipeline.yaml, prefix: db }\n  - file: tail.yaml\n",
    "pipelines/tail.yaml": "tasks:\n  last: { needs: [], run: x }\n",
    "db/pipeline.yaml": `${base}include: [{ file: deep/more.yaml, prefix: deep }]\ntasks:\n  dump: { run: [echo, '\${var.tag}'], pool: io }\n  migrate:\n    needs: [dump, deep/inner]\n    run: { command: [echo, '\${tasks.dump.out}'], working_directory: ../tools }\n`,
    "db/deep/more.yaml":
      "tasks:\n  inner: { build: { files: [bake.hcl], contexts: { a: ../b, c: target:d }, secrets: [{ id: s, src: key }] } }\n",
  };

  it("stand where they are written, with prefixes, their own variables and defaults", () => {
    const [deploy] = resolved(files, {}, ["deploy"]).pipelines;
    expect(deploy?.tasks.map(({ name }) => name)).toEqual(["first", "db/deep/inner", "db/dump", "db/migrate", "last"]);
    expect(deploy?.tasks.map(({ timeoutMs }) => timeoutMs / 60_000)).toEqual([60, 60, 1, 1, 60]);
    expect(deploy?.concurrency.pools).toEqual({ own: 2, io: 1 });
    if (deploy === undefined) throw new Error("no pipeline");
    expect(taskOf(deploy, "first", "run").run.command).toMatchObject({ arguments: [{}, { parts: ["b"] }] });
    expect(taskOf(deploy, "db/dump", "run").run.command).toMatchObject({ arguments: [{}, { parts: ["a"] }] });
    expect(taskOf(deploy, "db/migrate", "run").needs.map(({ task }) => task)).toEqual(["db/dump", "db/deep/inner"]);
  });

  it("have paths relative to themselves, unless they are pipelines too", () => {
    const [deploy] = resolved(files, {}, ["deploy"]).pipelines;
    if (deploy === undefined) throw new Error("no pipeline");
    expect(taskOf(deploy, "db/dump", "run").run.workingDirectory).toBe("db");
    expect(taskOf(deploy, "db/migrate", "run").run.workingDirectory).toBe("tools");
    expect(taskOf(deploy, "last", "run").run.workingDirectory).toBe(".");
    const { bake } = taskOf(deploy, "db/deep/inner", "build").build;
    expect(bake.files).toEqual(["db/deep/bake.hcl"]);
    expect(bake.contexts).toEqual({ a: "db/deep/../b", c: "target:d" });
    expect(bake.secrets).toEqual([{ id: "s", source: { from: "file", path: "db/deep/key" } }]);
  });

  it("refer to late values by their full name", () => {
    const [deploy] = resolved(files, {}, ["deploy"]).pipelines;
    if (deploy === undefined) throw new Error("no pipeline");
    expect(taskOf(deploy, "db/migrate", "run").run.command).toMatchObject({
      arguments: [{}, { parts: [{ namespace: "tasks", task: "db/dump", output: "out" }] }],
    });
  });

  it("report what is wrong with them where it is", () => {
    expect(
      problems({
        "pipelines/a.yaml":
          "include: [{ file: ../../x.yaml }, { file: ../lib/b.yaml }]\ntasks: { a: { needs: b/none, run: x } }\n",
        "lib/b.yaml": "include: [{ file: none.yaml }]\ntasks:\n  b: { needs: [a], run: x, timeout: 5 }\n",
      }),
    ).toEqual([
      "pipelines/a.yaml:1:19 path-outside-project",
      "lib/b.yaml:1:19 file-unreadable",
      "lib/b.yaml:3:37 duration-invalid",
    ]);
  });

  it("report a cycle of three files once, whichever way it is reached", () => {
    const cycle = (next: string): string =>
      `include: [{ file: ${next}.yaml, prefix: ${next} }]\ntasks: { t: { run: x } }\n`;
    const found = diagnose({
      "pipelines/a.yaml": cycle("b"),
      "pipelines/b.yaml": cycle("c"),
      "pipelines/c.yaml": cycle("a"),
    });
    expect(found).toMatchObject([
      {
        code: "include-cycle",
        message: "Files include each other: pipelines/a.yaml → pipelines/b.yaml → pipelines/c.yaml → pipelines/a.yaml",
        location: { file: "pipelines/c.yaml", line: 1, column: 19 },
        related: [{ location: { file: "pipelines/a.yaml" } }, { location: { file: "pipelines/b.yaml" } }],
      },
    ]);
    expect(problems({ "pipelines/a.yaml": cycle("a") })).toEqual(["pipelines/a.yaml:1:19 include-cycle"]);
  });
});
