import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acquireEngineLock, lockName, readEngineLock, removeEngineLock } from "../../../src/docker/engine-lock.ts";
import type { EngineLock, HeldLock } from "../../../src/docker/engine-lock.ts";
import type { LockOwner } from "../../../src/model/journal.ts";
import type { Result } from "../../../src/model/failure.ts";
import { createLockOwner } from "../../../src/docker/process-identity.ts";
import { ChildScript } from "../../rig/child-script.ts";
import { docker } from "../../rig/light-project.ts";
import { eventually } from "../../rig/processes.ts";
import { Workbench } from "./workbench.ts";

let bench: Workbench;
let image = "";
let count = 0;
beforeAll(async () => {
  bench = await Workbench.create();
  image = await bench.image("lock");
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

/** A project that no other test has. */
function newProject(): string {
  count += 1;
  return `${bench.name}-${count}`;
}

async function acquire(project: string, owner: Partial<LockOwner> = {}): Promise<Result<EngineLock>> {
  const lock = { project, image, owner: { ...createLockOwner("d-test", Date.now()), ...owner } };
  return await acquireEngineLock(bench.engine, lock, { wait: false });
}

async function hold(project: string, owner: Partial<LockOwner> = {}): Promise<EngineLock> {
  const lock = await acquire(project, owner);
  if (!lock.ok) throw new Error(JSON.stringify(lock.failure));
  return lock.value;
}

async function read(project: string): Promise<HeldLock | undefined> {
  const held = await readEngineLock(bench.engine, project);
  if (!held.ok) throw new Error(JSON.stringify(held.failure));
  return held.value;
}

/** Contenders that are ready to try. */
async function contenders(project: string, ids: readonly string[], mode = "once"): Promise<readonly ChildScript[]> {
  const scripts = ids.map((id) => new ChildScript("lock-contender.ts", [project, image, id, mode]));
  for (const script of scripts) expect(await script.line()).toBe("ready");
  return scripts;
}

/** Lets all try at once; gives what each said. */
async function race(scripts: readonly ChildScript[]): Promise<readonly string[]> {
  for (const script of scripts) script.say("go");
  return await Promise.all(scripts.map(async (script) => await script.line()));
}

const SIXTEEN = Array.from({ length: 16 }, (_, index) => `d${index}`);

describe("engine lock", () => {
  it("is got by one of 16 processes, and by one of 16 when that one is killed", async () => {
    const project = newProject();
    const first = await contenders(project, SIXTEEN);
    const said = await race(first);
    const winner = said.indexOf("held");
    expect(said.filter((line) => line === "held")).toHaveLength(1);
    const named = new RegExp(`^refused .+@.+ \\(process ${first[winner]?.pid}, deploy d${winner}\\)$`);
    for (const line of said.filter((each) => each !== "held")) expect(line).toMatch(named);

    const second = await contenders(project, SIXTEEN);
    await first[winner]?.kill();
    const after = await race(second);
    expect(after.filter((line) => line === "held")).toHaveLength(1);
    const heir = after.indexOf("held");
    expect(await read(project)).toMatchObject({ owner: { deployId: `d${heir}`, processId: second[heir]?.pid } });
    for (const script of [...first, ...second]) await script.end();
    expect(await read(project)).toBeUndefined();
  });

  it("is waited for: each of 4 gets it once, one after the other", async () => {
    const project = newProject();
    const lock = await hold(project);
    const waiting = await contenders(project, ["a", "b", "c", "d"], "wait");
    for (const line of await race(waiting)) expect(line).toMatch(/^waiting .*deploy d-test\)$/);
    await lock[Symbol.asyncDispose]();
    let left = [...waiting];
    while (left.length > 0) {
      const holder = await eventually(
        () => left.find((script) => script.unread().includes("held")),
        (found) => found !== undefined,
      );
      if (holder === undefined) throw new Error("nobody got it");
      expect((await read(project))?.owner?.processId).toBe(holder.pid);
      left = left.filter((script) => script !== holder);
      await holder.end();
    }
    expect(await read(project)).toBeUndefined();
  });

  it("shows on the engine that its holder lives, and tells who lost it", async () => {
    const project = newProject();
    await using lock = await hold(project);
    expect(await lock.check()).toEqual({ ok: true, value: undefined });
    const beat = async (): Promise<number> =>
      Number(await docker("inspect", "-f", "{{.HostConfig.RestartPolicy.MaximumRetryCount}}", lockName(project)));
    expect(await eventually(beat, (seconds) => seconds > 0)).toBeGreaterThan(Date.now() / 1_000 - 3_600);
    expect((await read(project))?.silentMs).toBeLessThan(10_000);
    await docker("rm", lockName(project));
    expect(await lock.check()).toMatchObject({ ok: false, failure: { holder: /nobody/ } });
    await using other = await hold(project, { deployId: "d-other" });
    expect(await lock.check()).toMatchObject({
      ok: false,
      failure: { reason: "deploy-locked", project, holder: expect.stringContaining("deploy d-other") },
    });
    // The first one gives back what it has, which is nothing.
    await lock[Symbol.asyncDispose]();
    expect(await other.check()).toMatchObject({ ok: true });
  });

  it("is left to a holder elsewhere that showed a sign of life, and to one that nobody can judge", async () => {
    const project = newProject();
    await using _lock = await hold(project, { bootId: "another-machine", processId: 999_999_999 });
    expect(await acquire(project)).toMatchObject({ ok: false, failure: { reason: "deploy-locked" } });
    const stranger = newProject();
    await docker("create", "--name", lockName(stranger), "--label", `dev.orchestrate.test=${bench.name}`, image, "x");
    expect(await acquire(stranger)).toMatchObject({
      ok: false,
      failure: { holder: `the container ${lockName(stranger)}, which does not say who made it` },
    });
    const held = await read(stranger);
    expect(await removeEngineLock(bench.engine, held?.containerId ?? "")).toMatchObject({ ok: true });
    expect(await removeEngineLock(bench.engine, held?.containerId ?? "")).toMatchObject({ ok: true });
  });

  it("stops waiting when the signal aborts", async () => {
    const project = newProject();
    await using _lock = await hold(project);
    const controller = new AbortController();
    const owner = createLockOwner("d-2", Date.now());
    const waited = await acquireEngineLock(
      bench.engine,
      { project, image, owner },
      { wait: true, signal: controller.signal, onWaiting: () => controller.abort() },
    );
    expect(waited).toMatchObject({ ok: false, failure: { reason: "deploy-locked" } });
  });

  it("needs an image that the engine has", async () => {
    const project = newProject();
    const lock = { project, image: "orc-test-missing:1", owner: createLockOwner("d", Date.now()) };
    expect(await acquireEngineLock(bench.engine, lock, { wait: false })).toMatchObject({
      ok: false,
      failure: { reason: "engine-refused", status: 404 },
    });
  });
});
