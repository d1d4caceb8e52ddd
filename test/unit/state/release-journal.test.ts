import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Result } from "../../../src/model/failure.ts";
import type { LockOwner, ReleaseJournal } from "../../../src/model/journal.ts";
import type { Release } from "../../../src/model/release.ts";
import { KEPT_RELEASES } from "../../../src/state/release-query.ts";
import { MIGRATIONS } from "../../../src/state/migration.ts";
import { openStore } from "../../../src/state/store.ts";
import type { Store } from "../../../src/state/store.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "orchestrate-journal-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

async function open(): Promise<Store> {
  const opened = await openStore(directory, 1);
  if (!opened.ok) throw new Error(opened.problem);
  return opened.store;
}

function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.value;
}

function release(deployId: string, over: Partial<Release> = {}): Release {
  return {
    deployId,
    runId: "run-1",
    project: "shop",
    colour: "green",
    replaces: "blue",
    restores: "d0",
    images: { web: "sha256:1" },
    fingerprint: "f",
    composeFiles: ["docker/compose.green.yaml"],
    startedAtMs: 1_000,
    unverified: ["sha256:1"],
    ...over,
  };
}

function owner(processId: number, over: Partial<LockOwner> = {}): LockOwner {
  const rest = { host: "h", user: "ann", bootId: "b", processNamespace: "n", sinceMs: 5 };
  return { deployId: "d", processId, startTime: "77", ...rest, ...over };
}

/** Begins and ends a deploy. */
function deploy(journal: ReleaseJournal, begun: Release, end: "done" | "aborted" | "rolled-back"): void {
  valueOf(journal.beginRelease(begun));
  if (end !== "aborted")
    valueOf(journal.recordTransition(begun.deployId, { mark: "fact", phase: "cutover" }, begun.startedAtMs + 5));
  valueOf(journal.recordTransition(begun.deployId, { mark: "end", end }, begun.startedAtMs + 10));
}

describe("release journal", () => {
  it("keeps an open deploy with its transitions for whoever opens the store next", async () => {
    using first = await open();
    const { releases } = first;
    valueOf(releases.beginRelease(release("d1")));
    const transitions = [
      valueOf(releases.recordTransition("d1", { mark: "intent", phase: "prepare" }, 1_001.4)),
      valueOf(releases.recordTransition("d1", { mark: "fact", phase: "cutover" }, 1_002)),
      valueOf(releases.recordTransition("d1", { mark: "turn", to: "roll-back", because: "21 errors" }, 1_003)),
    ];
    expect(transitions.map(({ sequence, atMs }) => [sequence, atMs])).toEqual([
      [1, 1_001],
      [2, 1_002],
      [3, 1_003],
    ]);
    using second = await open();
    const record = { release: release("d1"), transitions, state: "open", liveSinceMs: 1_002 };
    expect(valueOf(second.releases.openDeploy("shop"))).toEqual(record);
    expect(valueOf(second.releases.openDeploy("other"))).toBeUndefined();

    const end = { mark: "end", end: "rolled-back", because: "21 errors" } as const;
    valueOf(second.releases.recordTransition("d1", end, 1_009));
    expect(valueOf(releases.openDeploy("shop"))).toBeUndefined();
    expect(valueOf(releases.findRelease("shop", "d1"))).toMatchObject({ state: "rolled-back", endedAtMs: 1_009 });
  });

  it("leaves absent what a release does not have", async () => {
    using store = await open();
    const {
      replaces: _replaces,
      restores: _restores,
      composeFiles: _files,
      ...first
    } = release("d1", { unverified: [] });
    valueOf(store.releases.beginRelease(first));
    expect(valueOf(store.releases.openDeploy("shop"))).toEqual({ release: first, transitions: [], state: "open" });
  });

  it("has one open deploy for each project, and adds nothing to one that ended", async () => {
    using store = await open();
    const { releases } = store;
    valueOf(releases.beginRelease(release("d1")));
    expect(releases.beginRelease(release("d2"))).toEqual({
      ok: false,
      failure: { reason: "journal-failed", error: "the deploy d1 has not ended" },
    });
    valueOf(releases.beginRelease(release("d3", { project: "other" })));
    valueOf(releases.recordTransition("d1", { mark: "end", end: "aborted" }, 1));
    expect(releases.recordTransition("d1", { mark: "intent", phase: "start" }, 2)).toMatchObject({
      failure: { error: "the deploy d1 has ended: aborted" },
    });
    expect(releases.recordTransition("d9", { mark: "intent", phase: "start" }, 2)).toMatchObject({
      failure: { error: "there is no deploy d9" },
    });
    valueOf(releases.beginRelease(release("d2")));
  });

  it("takes over what another machine deployed, and what became there of what is open here", async () => {
    using store = await open();
    const { releases } = store;
    const state = (deployId: string): unknown => valueOf(releases.findRelease("shop", deployId))?.state;
    const cutover = { atMs: 5, record: { mark: "fact", phase: "cutover" } } as const;
    const end = (how: "done" | "aborted") => ({ atMs: 9, record: { mark: "end", end: how } }) as const;
    valueOf(releases.beginRelease(release("d1")));
    valueOf(releases.recordTransition("d1", { mark: "intent", phase: "start" }, 2));
    // One that has ended, beside the one that is open here.
    valueOf(releases.adoptRelease({ release: release("d2"), transitions: [cutover, end("done")] }));
    expect(valueOf(releases.findRelease("shop", "d2"))).toMatchObject({
      release: release("d2"),
      state: "done",
      liveSinceMs: 5,
      endedAtMs: 9,
    });
    const open3 = { release: release("d3"), transitions: [] };
    expect(releases.adoptRelease(open3)).toMatchObject({ ok: false, failure: { reason: "journal-failed" } });
    expect(state("d1")).toBe("open");
    valueOf(releases.adoptRelease({ release: release("d1"), transitions: [cutover, end("done")] }));
    expect(valueOf(releases.findRelease("shop", "d1"))).toMatchObject({ state: "done", liveSinceMs: 5 });
    expect(valueOf(releases.findRelease("shop", "d1"))?.transitions).toHaveLength(2);
    // What has ended here stays as it ended.
    valueOf(releases.adoptRelease({ release: release("d1"), transitions: [end("aborted")] }));
    expect(state("d1")).toBe("done");
    valueOf(releases.adoptRelease(open3));
    expect(valueOf(releases.openDeploy("shop"))?.release.deployId).toBe("d3");
    valueOf(releases.recordTransition("d3", { mark: "end", end: "aborted" }, 10));
  });

  it("finds releases by colour, by id and by the beginning of an id", async () => {
    using store = await open();
    const { releases } = store;
    deploy(releases, release("20261123-a", { startedAtMs: 1 }), "done");
    deploy(releases, release("20261123-b", { startedAtMs: 2, colour: "blue" }), "done");
    deploy(releases, release("20261124-c", { startedAtMs: 3 }), "done");
    deploy(releases, release("20261124-d%", { startedAtMs: 4 }), "rolled-back");
    const id = (found: ReturnType<ReleaseJournal["findRelease"]>): string | undefined =>
      valueOf(found)?.release.deployId;
    expect(valueOf(releases.listReleases("shop")).map((each) => each.release.deployId)).toEqual([
      "20261124-d%",
      "20261124-c",
      "20261123-b",
      "20261123-a",
    ]);
    expect(valueOf(releases.listReleases("shop", 1))).toHaveLength(1);
    expect(id(releases.releaseOf("shop", "green"))).toBe("20261124-c");
    expect(id(releases.releaseOf("shop", "blue"))).toBe("20261123-b");
    expect(id(releases.releaseOf("shop", "red"))).toBeUndefined();
    expect(id(releases.findRelease("shop", "20261123-b"))).toBe("20261123-b");
    expect(id(releases.findRelease("shop", "20261124-d"))).toBe("20261124-d%");
    expect(id(releases.findRelease("shop", "20261124"))).toBeUndefined();
    expect(id(releases.findRelease("shop", "%"))).toBeUndefined();
    expect(id(releases.findRelease("shop", ""))).toBeUndefined();
    expect(id(releases.findRelease("other", "20261123-b"))).toBeUndefined();
  });

  it("forgets the oldest releases, never an open one or the newest good one of a colour", async () => {
    using store = await open();
    const { releases } = store;
    deploy(releases, release("good-blue", { startedAtMs: 1, colour: "blue" }), "done");
    deploy(releases, release("old", { startedAtMs: 2 }), "aborted");
    for (let index = 0; index < KEPT_RELEASES; index += 1)
      deploy(releases, release(`d${index}`, { startedAtMs: 10 + index }), "done");
    valueOf(releases.beginRelease(release("open", { startedAtMs: 0 })));
    const kept = valueOf(releases.listReleases("shop", 1_000)).map((each) => each.release.deployId);
    expect(kept).toHaveLength(KEPT_RELEASES + 2);
    expect(kept).toContain("good-blue");
    expect(kept).toContain("open");
    expect(kept).not.toContain("old");
  });

  it("refuses a transition that it cannot understand", async () => {
    using store = await open();
    valueOf(store.releases.beginRelease(release("d1")));
    const database = new DatabaseSync(path.join(directory, "store.sqlite"));
    database.exec("INSERT INTO transitions VALUES ('d1', 1, 1, 'intent', 'teleport', NULL)");
    database.close();
    expect(store.releases.openDeploy("shop")).toEqual({
      ok: false,
      failure: { reason: "journal-failed", error: "transition 1 of deploy d1 cannot be read" },
    });
  });
});

describe("verdicts over images", () => {
  const size = (imageId: string) => ({ fact: "image-size", service: "web", imageId, sizeBytes: 5 }) as const;

  it("come from verify tasks, the latest counts", async () => {
    using store = await open();
    const { releases } = store;
    const task = { task: "check", kind: "verify", durationMs: 1, outputs: {}, status: "succeeded" } as const;
    store.recordRunStarted({ runId: "r1", variants: [], startedAtMs: 1, processId: 1, logDirectory: "l" });
    expect(valueOf(releases.isVerified("sha256:1"))).toBe(false);
    store.recordTaskFinished({ ...task, runId: "r1", finishedAtMs: 1, facts: [size("sha256:1"), size("sha256:2")] });
    expect(valueOf(releases.isVerified("sha256:1"))).toBe(true);
    expect(valueOf(releases.isVerified("sha256:2"))).toBe(true);
    store.recordTaskFinished({ ...task, runId: "r1", status: "failed", finishedAtMs: 2, facts: [size("sha256:2")] });
    expect(valueOf(releases.isVerified("sha256:1"))).toBe(true);
    expect(valueOf(releases.isVerified("sha256:2"))).toBe(false);
    valueOf(releases.recordVerified({ imageId: "sha256:2", passed: true, runId: "r2", atMs: 3 }));
    expect(valueOf(releases.isVerified("sha256:2"))).toBe(true);
  });

  it("are not made from facts of other tasks, nor from facts without an image", async () => {
    using store = await open();
    const task = { task: "t", runId: "r1", durationMs: 1, outputs: {}, status: "succeeded", finishedAtMs: 1 } as const;
    store.recordRunStarted({ runId: "r1", variants: [], startedAtMs: 1, processId: 1, logDirectory: "l" });
    store.recordTaskFinished({ ...task, kind: "build", facts: [size("sha256:1")] });
    store.recordTaskFinished({
      ...task,
      kind: "verify",
      facts: [{ fact: "image-size", service: "web", sizeBytes: 1 }],
    });
    expect(valueOf(store.releases.isVerified("sha256:1"))).toBe(false);
    expect(valueOf(store.releases.isVerified(""))).toBe(false);
  });
});

describe("children", () => {
  it("are listed until they are forgotten, each by its own start", async () => {
    using store = await open();
    const { releases } = store;
    const child = { deployId: "d1", groupId: 9, what: "docker compose up" };
    valueOf(releases.beginRelease(release("d1")));
    valueOf(releases.beginRelease(release("e1", { project: "other" })));
    valueOf(releases.recordChild({ ...child, processId: 9, startTime: "100" }));
    valueOf(releases.recordChild({ ...child, processId: 9, startTime: "200" }));
    valueOf(releases.recordChild({ ...child, deployId: "e1", processId: 10, startTime: "100" }));
    valueOf(releases.recordChild({ ...child, deployId: "never-begun", processId: 11, startTime: "100" }));
    valueOf(releases.forgetChild({ processId: 9, startTime: "100" }));
    expect(valueOf(releases.listChildren("shop"))).toEqual([
      { ...child, processId: 9, startTime: "200" },
      { ...child, deployId: "never-begun", processId: 11, startTime: "100" },
    ]);
  });
});

describe("local lock", () => {
  it("has one holder; only one that is gone is replaced", async () => {
    using store = await open();
    using other = await open();
    const { releases } = store;
    const never = (): boolean => false;
    expect(valueOf(releases.readLocalLock("shop"))).toBeUndefined();
    expect(valueOf(releases.takeLocalLock("shop", owner(1), never))).toEqual({ lock: "taken" });
    expect(valueOf(other.releases.readLocalLock("shop"))).toEqual(owner(1));
    expect(valueOf(other.releases.takeLocalLock("shop", owner(2), never))).toEqual({ lock: "held", holder: owner(1) });
    // The same number and deploy, but another process.
    const later = owner(1, { startTime: "78" });
    expect(valueOf(releases.takeLocalLock("shop", later, never))).toEqual({ lock: "held", holder: owner(1) });
    const second = owner(1, { deployId: "d2" });
    expect(valueOf(releases.takeLocalLock("shop", second, never))).toEqual({ lock: "held", holder: owner(1) });
    valueOf(releases.dropLocalLock("shop", second));
    expect(valueOf(releases.takeLocalLock("shop", owner(1), never))).toEqual({ lock: "taken" });
    expect(valueOf(other.releases.takeLocalLock("other", owner(2), never))).toEqual({ lock: "taken" });
    const taken = other.releases.takeLocalLock("shop", owner(2), (holder) => holder.processId === 1);
    expect(valueOf(taken)).toEqual({ lock: "taken" });
    valueOf(releases.dropLocalLock("shop", owner(1)));
    expect(valueOf(releases.readLocalLock("shop"))).toEqual(owner(2));
    valueOf(releases.dropLocalLock("shop", owner(2)));
    expect(valueOf(releases.readLocalLock("shop"))).toBeUndefined();
  });
});

describe("store of version 1", () => {
  it("gets the tables of releases and keeps what it has", async () => {
    const file = new DatabaseSync(path.join(directory, "store.sqlite"));
    file.exec(`${MIGRATIONS[0] ?? ""} PRAGMA user_version = 1;
      INSERT INTO task_durations VALUES ('images/web', 1, 1234);`);
    file.close();
    using store = await open();
    expect(store.expectedDurations().get("images/web")).toBe(1234);
    deploy(store.releases, release("d1"), "done");
    expect(valueOf(store.releases.listReleases("shop"))).toHaveLength(1);
  });
});
