import { describe, expect, it } from "vitest";
import { describeReleases, renderLocks, renderReleases } from "../../../src/cli/release-text.ts";
import type { ReleaseRecord } from "../../../src/model/journal.ts";
import type { TransitionRecord } from "../../../src/model/release.ts";

const AT_MS = Date.UTC(2026, 10, 23, 21, 0, 0);

function record(deployId: string, state: ReleaseRecord["state"], records: readonly TransitionRecord[]): ReleaseRecord {
  return {
    release: {
      deployId,
      runId: "run-1",
      project: "shop",
      colour: "green",
      replaces: "blue",
      images: { web: `sha256:${"ab".repeat(32)}`, api: "sha256:1" },
      fingerprint: "f",
      startedAtMs: AT_MS,
      unverified: state === "done" ? ["sha256:1"] : [],
    },
    transitions: records.map((each, index) => ({ deployId, sequence: index + 1, atMs: AT_MS + index, record: each })),
    state,
    ...(state === "done" ? { liveSinceMs: AT_MS + 5, endedAtMs: AT_MS + 9 } : {}),
  };
}

const RECORDS = [
  record("d3", "open", [
    { mark: "intent", phase: "gate" },
    { mark: "turn", to: "abort", because: "web exited with code 1" },
  ]),
  record("d2", "rolled-back", [{ mark: "end", end: "rolled-back", because: "21 of 100 requests failed" }]),
  record("d1", "done", [{ mark: "end", end: "done" }]),
];

describe("releases", () => {
  it("are a table with what ended each", () => {
    expect(renderReleases("shop", RECORDS)).toEqual([
      "RELEASE  COLOUR  STATE                BEGUN                     RUN    IMAGES",
      "d3       green   unfinished, in gate  2026-11-23T21:00:00.000Z  run-1  web abababababab, api 1",
      "d2       green   rolled-back          2026-11-23T21:00:00.000Z  run-1  web abababababab, api 1  21 of 100 requests failed",
      "d1       green   done                 2026-11-23T21:00:00.000Z  run-1  web abababababab, api 1  1 unverified",
    ]);
    expect(renderReleases("shop", [])).toEqual(["no release of shop is known"]);
  });

  it("are whole for scripts", () => {
    const [open, , done] = describeReleases(RECORDS);
    expect(open).toMatchObject({
      deployId: "d3",
      state: "open",
      startedAt: "2026-11-23T21:00:00.000Z",
      transitions: [
        { sequence: 1, at: "2026-11-23T21:00:00.000Z", mark: "intent", phase: "gate" },
        { sequence: 2, mark: "turn", to: "abort", because: "web exited with code 1" },
      ],
    });
    expect(open).not.toHaveProperty("endedAt");
    expect(done).toMatchObject({ liveSince: "2026-11-23T21:00:00.005Z", endedAt: "2026-11-23T21:00:00.009Z" });
  });
});

describe("locks", () => {
  const lock = { place: "engine", holder: "ann@build-1 (process 7, deploy d9)", sinceMs: AT_MS } as const;

  it("say who holds them and what became of them", () => {
    expect(renderLocks("shop", [])).toEqual(["nobody deploys shop: there is no lock"]);
    expect(renderLocks("shop", [{ ...lock, state: "gone", removed: true }])).toEqual([
      "the lock on the engine is of ann@build-1 (process 7, deploy d9), since 2026-11-23T21:00:00.000Z, who is gone; it was removed",
    ]);
    const left = renderLocks("shop", [
      { ...lock, state: "unknown", removed: false },
      { ...lock, place: "machine", state: "alive", removed: false },
    ]);
    expect(left.slice(0, 2)).toEqual([
      expect.stringMatching(/^the lock on the engine is .*, so nobody can tell whether it is in use$/),
      expect.stringMatching(/^the lock on this machine .* who is at work$/),
    ]);
    expect(left.at(-1)).toContain("`orchestrate unlock --force`");
  });
});
