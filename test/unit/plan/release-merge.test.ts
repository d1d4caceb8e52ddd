import { describe, expect, it } from "vitest";
import type { PublishedRelease, ReleaseRecord } from "../../../src/model/journal.ts";
import type { TransitionRecord } from "../../../src/model/release.ts";
import type { Traffic } from "../../../src/model/router.ts";
import { findUnfinished, planMerge } from "../../../src/plan/release-merge.ts";
import type { MergeStep } from "../../../src/plan/release-merge.ts";

const ON_BLUE: Traffic = { to: "colour", colour: "blue", standby: false };
const DONE: TransitionRecord = { mark: "end", end: "done" };

/** A deploy to green; `startedAtMs` is the number in its name. */
function published(
  deployId: string,
  records: readonly TransitionRecord[] = [],
  { first = false }: { readonly first?: boolean } = {},
): PublishedRelease {
  const startedAtMs = Number(/\d+/.exec(deployId)?.[0]);
  return {
    release: {
      deployId,
      runId: "r",
      project: "shop",
      colour: "green",
      ...(first ? {} : { replaces: "blue" }),
      images: {},
      fingerprint: "f",
      startedAtMs,
      unverified: [],
    },
    transitions: records.map((record) => ({ atMs: startedAtMs, record })),
  };
}

function merge(
  entries: readonly PublishedRelease[],
  known: Readonly<Record<string, ReleaseRecord["state"]>> = {},
  traffic: Traffic = ON_BLUE,
): readonly string[] {
  return planMerge({ published: entries, known: new Map(Object.entries(known)), traffic }).map(describeStep);
}

function describeStep(step: MergeStep): string {
  if (step.step !== "adopt") return `${step.step} ${step.deployId}`;
  const last = step.published.transitions.at(-1)?.record;
  const state = last?.mark === "end" ? last.end : "open";
  return `adopt ${step.published.release.deployId} ${state}`;
}

describe("planMerge", () => {
  it.each([
    ["nothing is published", [], {}, []],
    ["both say the same", [published("d1", [DONE])], { d1: "done" }, []],
    ["it ended elsewhere", [published("d1", [DONE])], {}, ["adopt d1 done"]],
    ["what was killed here was ended elsewhere", [published("d1", [DONE])], { d1: "open" }, ["adopt d1 done"]],
    ["the end here was not published", [published("d1")], { d1: "rolled-back" }, ["publish d1"]],
    ["it is unfinished here", [published("d1")], { d1: "open" }, []],
    ["it is unfinished elsewhere", [published("d1")], {}, ["adopt d1 open"]],
    [
      "a later one is unfinished elsewhere",
      [published("d2"), published("d1")],
      { d1: "open" },
      ["close d1", "adopt d2 open"],
    ],
    [
      "two are unfinished elsewhere",
      [published("d1"), published("d2"), published("d3", [DONE])],
      {},
      ["adopt d1 aborted", "adopt d3 done", "adopt d2 open"],
    ],
    ["one here was never published", [published("d2")], { d1: "open" }, ["close d1", "adopt d2 open"]],
    ["one here was never published, all others ended", [published("d2", [DONE])], { d1: "open", d2: "done" }, []],
    ["an earlier one has no end anywhere", [published("d1"), published("d2")], { d2: "open" }, ["adopt d1 aborted"]],
  ] as const)("%s", (_what, entries, known, steps) => {
    expect(merge(entries, known)).toEqual(steps);
  });

  it("leaves at most one deploy open, and adopts it last", () => {
    const entries = [published("d3"), published("d1"), published("d2", [DONE]), published("d4")];
    const steps = merge(entries, { d1: "open" });
    expect(steps.filter((step) => step.endsWith(" open"))).toEqual(["adopt d4 open"]);
    expect(steps.at(-1)).toBe("adopt d4 open");
  });
});

describe("how far an unfinished deploy of another machine came", () => {
  const last = (entry: PublishedRelease, traffic: Traffic): unknown =>
    findUnfinished({ published: [entry], known: new Map(), traffic })?.transitions.at(-1)?.record;
  const onGreen = (standby: boolean): Traffic => ({ to: "colour", colour: "green", standby });

  it.each([
    ["the old colour has the traffic", published("d1"), ON_BLUE, "prepare"],
    ["nobody has", published("d1"), { to: "nowhere" }, "prepare"],
    ["it is split", published("d1"), { to: "canary", colour: "green", rest: "blue", percent: 5 }, "cutover"],
    ["the old colour stands by", published("d1"), onGreen(true), "observe"],
    ["nobody stands by any more", published("d1"), onGreen(false), "drain"],
    ["there was no old colour", published("d1", [], { first: true }), onGreen(false), "observe"],
    ["another one stands by for the old", published("d1"), { ...ON_BLUE, standby: true }, "prepare"],
  ] as const)("%s", (_what, entry, traffic, phase) => {
    expect(last(entry, traffic)).toEqual({ mark: "intent", phase });
  });

  it("is as it wrote when it had turned back", () => {
    const turn = { mark: "turn", to: "roll-back", because: "21 errors" } as const;
    expect(last(published("d1", [{ mark: "intent", phase: "observe" }, turn]), onGreen(true))).toEqual(turn);
  });

  it("has every phase before it done", () => {
    const found = findUnfinished({ published: [published("d1")], known: new Map(), traffic: onGreen(true) });
    const text = found?.transitions.map(({ record }) => ("phase" in record ? `${record.mark} ${record.phase}` : ""));
    expect(text?.slice(0, 2)).toEqual(["intent prepare", "fact prepare"]);
    expect(text?.slice(-3)).toEqual(["intent cutover", "fact cutover", "intent observe"]);
  });

  it("is nothing where it is known here", () => {
    const known = new Map([["d1", "open"]] as const);
    expect(findUnfinished({ published: [published("d1")], known, traffic: ON_BLUE })).toBeUndefined();
  });
});
