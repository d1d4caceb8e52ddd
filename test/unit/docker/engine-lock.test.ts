import { describe, expect, it } from "vitest";
import { LOCK_TTL_MS, judgeHolder, lockedFailure } from "../../../src/docker/engine-lock.ts";
import type { HeldLock } from "../../../src/docker/engine-lock.ts";
import { createLockOwner, identifyProcess, identifySystem, isRunning } from "../../../src/docker/process-identity.ts";
import type { LockOwner } from "../../../src/model/journal.ts";

const HERE = identifySystem();

function held(owner: Partial<LockOwner>, silentMs = 0): HeldLock {
  return { containerId: "c", owner: { ...createLockOwner("d1", 5), ...owner }, silentMs };
}

describe("judgeHolder", () => {
  it("knows whether a process of this system still runs, however long it is silent", () => {
    expect(judgeHolder(held({}, 10 * LOCK_TTL_MS), HERE)).toBe("alive");
    expect(judgeHolder(held({ processId: 4_194_305 }), HERE)).toBe("gone");
    // The same number, started at another time.
    expect(judgeHolder(held({ startTime: "1" }), HERE)).toBe("gone");
  });

  it("goes by signs of life for a holder elsewhere, and after a reboot", () => {
    for (const elsewhere of [{ bootId: "other" }, { processNamespace: "pid:[1]" }, { bootId: "" }]) {
      const processId = 4_194_305;
      expect(judgeHolder(held({ ...elsewhere, processId }, LOCK_TTL_MS), HERE)).toBe("alive");
      expect(judgeHolder(held({ ...elsewhere, processId }, LOCK_TTL_MS + 1), HERE)).toBe("gone");
    }
    // A process of that number here means nothing.
    expect(judgeHolder(held({ bootId: "other" }, LOCK_TTL_MS + 1), HERE)).toBe("gone");
  });

  it("never judges a lock that does not say whose it is", () => {
    expect(judgeHolder({ containerId: "c", owner: undefined, silentMs: 1e12 }, HERE)).toBe("unknown");
  });
});

describe("lockedFailure", () => {
  it("names the holder", () => {
    const owner = { user: "ann", host: "build-1", processId: 7, deployId: "d9", sinceMs: 5 };
    expect(lockedFailure("shop", held(owner))).toEqual({
      reason: "deploy-locked",
      project: "shop",
      holder: "ann@build-1 (process 7, deploy d9)",
      sinceMs: 5,
    });
  });
});

describe("process identity", () => {
  it("tells a process from a later one of the same number", () => {
    const self = identifyProcess(process.pid);
    expect(self).toEqual({ processId: process.pid, startTime: expect.stringMatching(/^\d+$/) });
    expect(isRunning({ processId: process.pid, startTime: self?.startTime ?? "" })).toBe(true);
    expect(isRunning({ processId: process.pid, startTime: "1" })).toBe(false);
    expect(identifyProcess(4_194_305)).toBeUndefined();
  });
});
