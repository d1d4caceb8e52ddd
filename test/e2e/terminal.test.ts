import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startOnTerminal } from "../rig/terminal.ts";
import type { TerminalSession } from "../rig/terminal.ts";
import { eventually, findProcesses } from "../rig/processes.ts";
import { UserProject } from "../rig/user-project.ts";

let user: UserProject;
let mark: string;

beforeAll(async () => {
  user = await UserProject.create();
  mark = `slow-step-of-${user.light.project}`;
  await user.light.edit("docker/store.Dockerfile", (text) => `${text}RUN echo ${mark}; sleep 600; true\n`);
});

afterEach(async () => {
  await user.expectNothingLeft();
});

afterAll(async () => {
  await user[Symbol.asyncDispose]();
});

function start(...argv: readonly string[]): TerminalSession {
  return startOnTerminal(argv, { cwd: user.light.directory, env: user.environment });
}

describe("on a terminal", () => {
  it("a run shows what is at work, and Ctrl-C ends it and gives the terminal back", async () => {
    const session = start("run", "build");
    await session.waitFor(/^build +\d+s {2}4 of 6 tasks done, 1 running$/m);
    expect(session.screen.text).toMatch(/^✔ images\/web .*1\.98 MB/m);
    expect(session.screen.text).toMatch(/^\S images\/store .*RUN echo slow-step/m);
    expect(session.screen.text).toMatch(/^· check-images$/m);
    expect(session.screen.cursorVisible).toBe(false);
    session.type("\u0003");
    const { exitCode } = await session.done;
    expect(exitCode).toBe(130);
    expect(session.screen.cursorVisible).toBe(true);
    expect(session.screen.text).toMatch(/cancelled +images\/store/);
    expect(session.screen.text).toMatch(/build cancelled \(SIGINT\) in/);
    // The live part is gone: what is left is the summary, once.
    expect(session.screen.scrollback.match(/cancelled +images\/store/g)).toHaveLength(1);
    expect(session.screen.scrollback).not.toMatch(/tasks done/);
    const steps = await eventually(
      () => findProcesses(mark),
      (found) => found.length === 0,
    );
    expect(steps).toEqual([]);
  });

  it("a second Ctrl-C kills what does not heed the first, and gives the terminal back", async () => {
    const script = "trap '' TERM INT HUP; echo stubborn is up; while true; do sleep 1; done";
    await user.light.write("pipelines/stubborn.yaml", `tasks:\n  stubborn: { run: ["sh", "-c", "${script}"] }\n`);
    const session = start("run", "stubborn");
    await session.waitFor(/stubborn is up/);
    session.type("\u0003");
    await session.waitFor(/cancelling, once more to kill/);
    session.type("\u0003");
    expect((await session.done).exitCode).toBe(130);
    expect(session.screen.cursorVisible).toBe(true);
  });

  it("a run that succeeds leaves its summary", async () => {
    await user.light.edit("docker/store.Dockerfile", (text) => text.replace(/RUN echo slow.*\n/, ""));
    const session = start("run", "build");
    const { exitCode } = await session.done;
    expect(exitCode).toBe(0);
    expect(session.screen.cursorVisible).toBe(true);
    expect(session.screen.text).toMatch(/build succeeded in .*: 6 succeeded\nLogs: logs\/docker\//);
    expect(session.screen.scrollback).toMatch(/succeeded +images\/web/);
    expect(session.screen.scrollback).not.toMatch(/tasks done/);
  });

  it("a mistake is told in colour, without taking the terminal over", async () => {
    const session = start("run", "deploy-bleu");
    const { exitCode, raw } = await session.done;
    expect(exitCode).toBe(2);
    expect(raw).toContain("\u001B[31m");
    expect(session.screen.text).toMatch(/There is no pipeline `deploy-bleu`\n {2}hint: did you mean `deploy-blue`\?/);
    expect(session.screen.cursorVisible).toBe(true);
  });
});
