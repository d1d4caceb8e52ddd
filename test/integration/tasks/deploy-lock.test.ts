import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { acquireEngineLock, lockName } from "../../../src/docker/engine-lock.ts";
import { runCommand } from "../../../src/docker/command.ts";
import { createLockOwner, isRunning } from "../../../src/docker/process-identity.ts";
import type { Result } from "../../../src/model/failure.ts";
import type { LockOwner } from "../../../src/model/journal.ts";
import { openStore } from "../../../src/state/store.ts";
import type { Store } from "../../../src/state/store.ts";
import { endDeployOrphans, watchChildren } from "../../../src/tasks/deploy/deploy-children.ts";
import { lockDeploy } from "../../../src/tasks/deploy/deploy-lock.ts";
import type { DeployLock } from "../../../src/tasks/deploy/deploy-lock.ts";
import { unlockDeploy } from "../../../src/tasks/deploy/deploy-unlock.ts";
import { docker } from "../../rig/light-project.ts";
import { Workbench } from "../docker/workbench.ts";

let bench: Workbench;
let image = "";
let project = "";
let count = 0;
let directory = "";
let store: Store;

beforeAll(async () => {
  bench = await Workbench.create();
  image = await bench.image("lock");
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});
beforeEach(async () => {
  count += 1;
  project = `${bench.name}-${count}`;
  directory = mkdtempSync(path.join(tmpdir(), "orchestrate-lock-"));
  const opened = await openStore(directory, 1);
  if (!opened.ok) throw new Error(opened.problem);
  ({ store } = opened);
});
afterEach(() => {
  store[Symbol.dispose]();
  rmSync(directory, { recursive: true, force: true });
});

function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.value;
}

async function lock(deployId: string): Promise<Result<DeployLock>> {
  const request = { engine: bench.engine, journal: store.releases, project, deployId, image };
  return await lockDeploy(request, { wait: false });
}

async function unlock(force = false): Promise<readonly [string, string, boolean][]> {
  const found = valueOf(await unlockDeploy({ engine: bench.engine, journal: store.releases, project, force }));
  return found.map(({ place, state, removed }) => [place, state, removed]);
}

/** A holder on this machine whose process has ended. */
function ghost(over: Partial<LockOwner> = {}): LockOwner {
  return { ...createLockOwner("d-ghost", 1), processId: 4_194_305, ...over };
}

async function plantEngineLock(owner: LockOwner): Promise<void> {
  // A real holder beats as long as it lives; this one has to stop, or its timer would keep it fresh.
  const held = valueOf(await acquireEngineLock(bench.engine, { project, image, owner }, { wait: false }));
  planted.push(held);
}
const planted: AsyncDisposable[] = [];
afterEach(async () => {
  for (const held of planted.splice(0)) await held[Symbol.asyncDispose]();
});

describe("lockDeploy", () => {
  it("takes both locks and gives both back", async () => {
    {
      await using held = valueOf(await lock("d1"));
      expect(valueOf(store.releases.readLocalLock(project))).toMatchObject({ deployId: "d1", processId: process.pid });
      expect(await docker("inspect", "-f", "{{.State.Status}}", lockName(project))).toContain("created");
      expect(await held.check()).toMatchObject({ ok: true });
      expect(await lock("d2")).toMatchObject({
        ok: false,
        failure: { reason: "deploy-locked", project, holder: expect.stringContaining("deploy d1") },
      });
    }
    expect(valueOf(store.releases.readLocalLock(project))).toBeUndefined();
    expect(await unlock()).toEqual([]);
  });

  it("takes both over from a process that is gone", async () => {
    valueOf(store.releases.takeLocalLock(project, ghost(), () => true));
    await plantEngineLock(ghost());
    await using held = valueOf(await lock("d1"));
    expect(await held.check()).toMatchObject({ ok: true });
  });

  it("gives the lock of this machine back where it does not get the engine's", async () => {
    await plantEngineLock(ghost({ bootId: "elsewhere" }));
    expect(await lock("d1")).toMatchObject({ ok: false, failure: { reason: "deploy-locked" } });
    expect(valueOf(store.releases.readLocalLock(project))).toBeUndefined();
  });
});

describe("unlockDeploy", () => {
  it("removes the locks of who is gone", async () => {
    valueOf(store.releases.takeLocalLock(project, ghost(), () => true));
    await plantEngineLock(ghost());
    expect(await unlock()).toEqual([
      ["engine", "gone", true],
      ["machine", "gone", true],
    ]);
    expect(await unlock(true)).toEqual([]);
  });

  it("leaves those of who lives, unless it is forced; that deploy finds out", async () => {
    await using held = valueOf(await lock("d1"));
    expect(await unlock()).toEqual([
      ["engine", "alive", false],
      ["machine", "alive", false],
    ]);
    expect(await held.check()).toMatchObject({ ok: true });
    expect(await unlock(true)).toEqual([
      ["engine", "alive", true],
      ["machine", "alive", true],
    ]);
    expect(await held.check()).toMatchObject({ ok: false, failure: { reason: "deploy-locked" } });
  });

  it("leaves a container that is no lock of ours", async () => {
    await docker("create", "--name", lockName(project), "--label", `dev.orchestrate.test=${bench.name}`, image, "x");
    expect(await unlock()).toEqual([["engine", "unknown", false]]);
    expect(await unlock(true)).toEqual([["engine", "unknown", true]]);
  });
});

describe("children of a deploy", () => {
  it("are known while they run, forgotten after, and ended when their deploy was killed", async () => {
    const { releases } = store;
    const release = { deployId: project, runId: "r", project, colour: "green", images: {}, fingerprint: "f" };
    valueOf(releases.beginRelease({ ...release, startedAtMs: 1, unverified: [] }));
    const watch = watchChildren(releases, project);
    const spec = { arguments: ["sleep", "300"], environment: watch.environment } as const;
    const running = Promise.withResolvers<void>();
    const command = watch.during("docker compose up", async (onSpawn) => {
      return await runCommand(spec, {
        onSpawn: (processId) => {
          onSpawn(processId);
          running.resolve();
        },
      });
    });
    await running.promise;
    const [child] = valueOf(releases.listChildren(project));
    if (child === undefined) throw new Error("no child");
    expect(child).toMatchObject({ deployId: project, what: "docker compose up" });
    // As the successor of a killed deploy does; here the killed one is this very process, which then sees its command end.
    const ended = valueOf(await endDeployOrphans(releases, project));
    expect(ended).toEqual([{ processId: child.processId, what: "docker compose up" }]);
    expect(isRunning(child)).toBe(false);
    expect(await command).toMatchObject({ outcome: "signalled", signal: "SIGTERM" });
    expect(valueOf(releases.listChildren(project))).toEqual([]);
  });
});
