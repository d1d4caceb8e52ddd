import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { cliCommand } from "../rig/cli.ts";
import { expectNoStackTrace } from "../rig/ending.ts";
import { UserProject } from "../rig/user-project.ts";

let user: UserProject;

beforeAll(async () => {
  user = await UserProject.create();
});

afterEach(async () => {
  await user.expectNothingLeft();
});

afterAll(async () => {
  await user[Symbol.asyncDispose]();
});

/** Runs a shell command in which `orchestrate` is the program; its own exit code ends up in a file. */
async function shell(command: string): Promise<{ readonly output: string; readonly exitCode: number }> {
  const { words, environment } = cliCommand({ cwd: user.light.directory, env: user.environment });
  const file = path.join(user.light.directory, "exit-code");
  const script = `orchestrate() { ${words.map((word) => `'${word}'`).join(" ")} "$@"; echo $? >'${file}'; }; ${command}`;
  const output = await new Promise<string>((resolve) => {
    execFile("sh", ["-c", script], { cwd: user.light.directory, env: environment }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
  return { output, exitCode: Number(await readFile(file, "utf8")) };
}

describe("streams of the shell", () => {
  it("a reader that goes away ends no run", async () => {
    const { output, exitCode } = await shell("orchestrate run build | head -1");
    expect(output).toMatch(/^run \S+: build, 6 tasks.*\n$/);
    expect(exitCode).toBe(0);
    expect(await user.statuses()).toMatchObject({ "check-images": "succeeded", run: "succeeded" });
  });

  it("closed standard input is no obstacle", async () => {
    const { output, exitCode } = await shell("orchestrate run build <&-");
    expect(output).toContain("build succeeded");
    expect(exitCode).toBe(0);
  });

  it("closed standard output and error are none either", async () => {
    const { output, exitCode } = await shell("orchestrate run build >&- 2>&-");
    expect({ output, exitCode }).toEqual({ output: "", exitCode: 0 });
    expect(await user.statuses()).toMatchObject({ run: "succeeded" });
  });

  it.runIf(existsSync("/dev/full"))("a full disk behind standard output is told without a stack trace", async () => {
    const run = await shell("orchestrate run build >/dev/full");
    expect(run.output).toContain("warning: the progress cannot be written");
    expect(run.exitCode).toBe(0);
    const list = await shell("orchestrate list >/dev/full");
    expectNoStackTrace({ ...list, stdout: "", stderr: list.output });
    expect(list).toMatchObject({ exitCode: 1, output: expect.stringContaining("error: the output cannot be written") });
  });
});
