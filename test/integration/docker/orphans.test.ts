import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import { runCommand } from "../../../src/docker/command.ts";
import { DEPLOY_ID_VARIABLE, describeChild, endOrphans } from "../../../src/docker/orphans.ts";
import { readProcess } from "../../../src/docker/process-group.ts";
import { identifyProcess, isRunning } from "../../../src/docker/process-identity.ts";
import type { DeployChild } from "../../../src/model/journal.ts";
import { ChildScript } from "../../rig/child-script.ts";
import { findProcesses } from "../../rig/processes.ts";

const started: ChildProcess[] = [];
afterEach(() => {
  for (const { pid } of started.splice(0)) {
    try {
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  }
});

function newId(): string {
  return `orc-test-${randomBytes(6).toString("hex")}`;
}

/** A process that leads a group of two, as compose under orchestrate does; gives its pid once both run. */
async function leader(environment: Readonly<Record<string, string>> = {}, script = "sleep 300"): Promise<number> {
  const child = spawn("sh", ["-c", `${script} & echo up; wait`], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, ...environment },
  });
  started.push(child);
  await once(createInterface({ input: child.stdout }), "line");
  return child.pid ?? 0;
}

function recorded(processId: number, over: Partial<DeployChild> = {}): DeployChild {
  const child = describeChild("d1", processId, "docker compose up");
  if (child === undefined) throw new Error("it does not run");
  return { ...child, ...over };
}

describe("endOrphans", () => {
  it("ends the whole group of a recorded child", async () => {
    const mark = newId();
    const pid = await leader({ MARK: mark });
    expect(findProcesses(mark)).toHaveLength(2);
    expect(await endOrphans([recorded(pid)], [])).toEqual([{ processId: pid, what: "docker compose up" }]);
    expect(findProcesses(mark)).toEqual([]);
    expect(identifyProcess(pid) === undefined || !isRunning(recorded(pid))).toBe(true);
  });

  it("leaves a process alone that has the number of an old one, and what started when nobody knows", async () => {
    const pid = await leader();
    expect(await endOrphans([recorded(pid, { startTime: "1" }), recorded(pid, { startTime: "" })], [])).toEqual([]);
    expect(isRunning(recorded(pid))).toBe(true);
  });

  it("finds what was never recorded by the deploy in its environment, also below a leader that is gone", async () => {
    const deployId = newId();
    const pid = await leader({ [DEPLOY_ID_VARIABLE]: deployId });
    const other = await leader({ [DEPLOY_ID_VARIABLE]: `${deployId}-other` });
    process.kill(pid, "SIGKILL");
    const ended = await endOrphans([], [deployId]);
    expect(ended.map(({ what }) => what)).toEqual(["sleep 300"]);
    expect(isRunning(recorded(other))).toBe(true);
    expect(await endOrphans([], [deployId])).toEqual([]);
  });

  it("ends one that ignores SIGTERM", async () => {
    const pid = await leader({}, `trap "" TERM; sh -c 'trap "" TERM; sleep 300'`);
    const child = recorded(pid);
    await endOrphans([child], []);
    expect(isRunning(child)).toBe(false);
  }, 20_000);

  it("never ends itself", async () => {
    const self = recorded(process.pid);
    const groupId = readProcess(process.pid)?.groupId ?? 0;
    expect(await endOrphans([self, { ...self, groupId }, { ...self, processId: process.ppid, groupId }], [])).toEqual(
      [],
    );
  });
});

describe("a killed deployer", () => {
  it("leaves a child that its successor ends, recorded or not", async () => {
    const deployId = newId();
    using deployer = new ChildScript("orphan-maker.ts", [deployId]);
    const [processId, startTime = ""] = (await deployer.line()).split(" ");
    const child = recorded(Number(processId), { deployId, what: "a long command" });
    expect(child).toMatchObject({ startTime, groupId: Number(processId) });
    await deployer.kill();
    expect(isRunning(child)).toBe(true);
    expect(await endOrphans([child], [deployId])).toEqual([{ processId: child.processId, what: "a long command" }]);
    expect(isRunning(child)).toBe(false);
    expect(findProcesses(deployId)).toEqual([]);
  });
});

describe("onSpawn", () => {
  it("names the process and its group before it ends", async () => {
    let child: DeployChild | undefined;
    const result = await runCommand(
      { arguments: ["sh", "-c", "echo $$"], captureBytes: 100 },
      {
        onSpawn: (processId) => {
          child = describeChild("d1", processId, "sh");
        },
      },
    );
    expect(Number(result.stdout)).toBe(child?.processId);
    expect(child?.startTime).toMatch(/^\d+$/);
  });
});
