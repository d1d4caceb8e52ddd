import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KEPT_STEPS, KEPT_USES, recordNames } from "../../../src/state/build-query.ts";
import type { FinishedTaskRecord } from "../../../src/state/record.ts";
import { openStore } from "../../../src/state/store.ts";
import type { Store } from "../../../src/state/store.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "orchestrate-state-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

async function open(): Promise<Store> {
  const opened = await openStore(directory, 1);
  if (!opened.ok) throw new Error(opened.problem);
  opened.store.recordRunStarted({ runId: "r1", variants: [], startedAtMs: 1, processId: 1, logDirectory: "logs" });
  return opened.store;
}

function task(over: Partial<FinishedTaskRecord>): FinishedTaskRecord {
  const times = { startedAtMs: 1_000, finishedAtMs: 2_000, durationMs: 1_000 };
  const what = { runId: "r1", task: "images/web", kind: "build", status: "succeeded" } as const;
  return { ...what, ...times, outputs: {}, facts: [], ...over };
}

function built(imageId: string): FinishedTaskRecord["facts"][number] {
  return { fact: "image-built", bakeTarget: "web", service: "web", imageId, sizeBytes: 1, cachedSteps: 0, steps: 1 };
}

describe("what a clean-up wants to know of the past", () => {
  it("remembers how long each step took last, under the names of its cache records", async () => {
    using store = await open();
    const steps = [
      { name: "[web builder 2/5] RUN --mount=type=cache,target=/c make all", durationMs: 900.4 },
      { name: "[web builder 3/5] COPY . .", durationMs: 30 },
      { name: "[2/3] COPY srv /srv", durationMs: 5 },
      { name: "[internal] load build definition", durationMs: 1 },
    ];
    store.recordTaskFinished(task({ steps: [{ name: "[web builder 2/5] RUN make all", durationMs: 1 }] }));
    store.recordTaskFinished(task({ steps }));
    expect(Object.fromEntries(store.stepDurations())).toEqual({
      "make all": 900,
      "[web builder 3/5] COPY . .": 30,
      "[builder 3/5] COPY . .": 30,
      "[2/3] COPY srv /srv": 5,
    });
  });

  it("remembers when a run last used an image, and never an earlier time", async () => {
    using store = await open();
    const checked = { fact: "image-size", service: "backend", imageId: "sha256:b", sizeBytes: 1 } as const;
    store.recordTaskFinished(task({ facts: [built("sha256:a")], finishedAtMs: 5 }));
    store.recordTaskFinished(task({ kind: "verify", facts: [checked], finishedAtMs: 9 }));
    store.recordTaskFinished(task({ facts: [built("sha256:a"), built("sha256:b")], finishedAtMs: 7 }));
    expect(store.lastUsed()).toEqual(
      new Map([
        ["sha256:a", 7],
        ["sha256:b", 9],
      ]),
    );
  });

  it("forgets the oldest steps and uses", async () => {
    using store = await open();
    const steps = (count: number, prefix: string): FinishedTaskRecord["steps"] =>
      Array.from({ length: count }, (_, index) => ({ name: `[1/2] RUN ${prefix}${index}`, durationMs: 1 }));
    const images = (count: number, prefix: string): FinishedTaskRecord["facts"] =>
      Array.from({ length: count }, (_, index) => built(`${prefix}${index}`));
    store.recordTaskFinished(task({ steps: steps(10, "old") ?? [], facts: images(10, "old"), finishedAtMs: 1 }));
    store.recordTaskFinished(
      task({ steps: steps(KEPT_STEPS, "new") ?? [], facts: images(KEPT_USES, "new"), finishedAtMs: 2 }),
    );
    expect([store.stepDurations().size, store.lastUsed().size]).toEqual([KEPT_STEPS, KEPT_USES]);
    expect([store.stepDurations().has("old1"), store.lastUsed().has("old1")]).toEqual([false, false]);
  });

  it.each([
    ["[web builder 2/5] RUN make", ["make"]],
    ["[base  1/2] COPY a /a", ["[base  1/2] COPY a /a", "[ 1/2] COPY a /a"]],
    ["[2/3] WORKDIR /app", ["[2/3] WORKDIR /app"]],
    ["[web internal] load metadata", []],
  ])("knows how the record of %s may be described", (step, names) => {
    expect(recordNames(step)).toEqual(names);
  });
});
