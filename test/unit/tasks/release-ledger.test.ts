import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReleaseRecord } from "../../../src/model/journal.ts";
import { DEPLOY_PHASES } from "../../../src/model/release.ts";
import { formatEntry, parseEntry, selectForgotten, selectGood } from "../../../src/tasks/deploy/release-ledger.ts";

const text = fc.string({ minLength: 1 });
const phase = fc.constantFrom(...DEPLOY_PHASES);
const record = fc.oneof(
  fc.record({ mark: fc.constantFrom("intent" as const, "fact" as const), phase }),
  fc.record({
    mark: fc.constant("turn" as const),
    to: fc.constantFrom("abort" as const, "roll-back" as const),
    because: text,
  }),
  fc.record(
    {
      mark: fc.constant("end" as const),
      end: fc.constantFrom("done" as const, "aborted" as const, "rolled-back" as const),
      because: text,
    },
    { requiredKeys: ["mark", "end"] },
  ),
);
const published = fc.record({
  release: fc.record(
    {
      deployId: text,
      runId: text,
      project: text,
      colour: text,
      replaces: text,
      restores: text,
      composeFiles: fc.array(text),
      images: fc.dictionary(text, text, { noNullPrototype: true }),
      fingerprint: text,
      startedAtMs: fc.nat(),
      unverified: fc.array(text),
    },
    {
      requiredKeys: ["deployId", "runId", "project", "colour", "images", "fingerprint", "startedAtMs", "unverified"],
    },
  ),
  transitions: fc.array(fc.record({ atMs: fc.nat(), record })),
});

describe("an entry of the ledger", () => {
  it("is one line and is read back as it was", () => {
    fc.assert(
      fc.property(published, (entry) => {
        const line = formatEntry(entry);
        expect(line).not.toContain("\n");
        expect(parseEntry(line)).toEqual(entry);
      }),
    );
  });

  it("that is cut off is nobody's", () => {
    fc.assert(
      fc.property(published, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (entry, share) => {
        const line = formatEntry(entry);
        expect(parseEntry(line.slice(0, Math.floor(line.length * share)))).toBeUndefined();
      }),
    );
  });

  it.each([
    ["of a newer version", { version: 2 }],
    [
      "with a transition that is unknown",
      { transitions: [{ atMs: 1, record: { mark: "intent", phase: "teleport" } }] },
    ],
    ["without a name", { release: { project: "shop", colour: "blue" } }],
  ])("%s is not guessed at", (_what, over) => {
    const whole = { version: 1, release: { deployId: "d", project: "shop", colour: "blue" }, transitions: [] };
    expect(parseEntry(JSON.stringify(whole))).toBeDefined();
    expect(parseEntry(JSON.stringify({ ...whole, ...over }))).toBeUndefined();
  });
});

/** Releases, newest first, by texts such as `green done` or `blue done restores 3`; each is named by its place, the oldest 1. */
function recordsOf(...texts: readonly string[]): readonly ReleaseRecord[] {
  return texts.map((text, index) => {
    const [colour = "", state = "", , restores] = text.split(" ");
    const deployId = String(texts.length - index);
    const release = { deployId, runId: "r", project: "shop", colour, images: {}, fingerprint: "f", unverified: [] };
    return {
      release: { ...release, startedAtMs: texts.length - index, ...(restores === undefined ? {} : { restores }) },
      transitions: [],
      state: state === "done" || state === "aborted" ? state : "open",
    };
  });
}

describe("what stays in the ledger", () => {
  const names = (records: readonly ReleaseRecord[]): readonly string[] =>
    records.map(({ release }) => release.deployId);

  it("is what a rollback may mean, with what a restored one was made by", () => {
    const records = recordsOf("green done", "blue done restores 1", "green aborted", "green done", "blue done");
    expect(names(selectGood(records))).toEqual(["5", "4", "1"]);
    expect(selectForgotten(records)).toEqual([]);
  });

  it("is besides the newest twenty", () => {
    const twenty = Array.from({ length: 20 }, () => "green done");
    const records = recordsOf(
      ...twenty,
      "blue done restores 1",
      "blue aborted",
      "green open",
      "green done",
      "blue done",
    );
    expect(selectForgotten(records)).toEqual(["4", "2"]);
  });
});
