import { describe, expect, it } from "vitest";
import { Admission } from "../../../src/run/admission.ts";
import type { Candidate } from "../../../src/run/admission.ts";
import { Pools } from "../../../src/run/pools.ts";

interface Named extends Candidate {
  readonly name: string;
}

/** An admission whose candidates are written `name` and `weights`, ranked in the order given. */
function setUp(limit: number, capacities: Readonly<Record<string, number>>) {
  const pools = new Pools(capacities);
  const admission = new Admission<Named>(limit, pools);
  const admitted = new Map<string, Named>();
  let rank = 0;
  return {
    add(name: string, weights: Readonly<Record<string, number>> = {}, at = (rank += 1)): void {
      admission.add({ name, rank: at, demand: pools.demand(weights) });
    },
    /** Admits all that may start and gives their names. */
    admit(): string[] {
      const names: string[] = [];
      for (let next = admission.admit(); next !== undefined; next = admission.admit()) {
        admitted.set(next.name, next);
        names.push(next.name);
      }
      return names;
    },
    end(name: string): void {
      const candidate = admitted.get(name);
      if (candidate === undefined) throw new Error(`${name} was not admitted`);
      admission.release(candidate);
    },
    drain: () => admission.drain().map(({ name }) => name),
  };
}

describe("Admission", () => {
  it("admits by rank up to the limit, and again when a place is free", () => {
    const room = setUp(2, {});
    room.add("third", {}, 30);
    room.add("first", {}, 10);
    room.add("second", {}, 20);
    expect(room.admit()).toEqual(["first", "second"]);
    room.end("second");
    expect(room.admit()).toEqual(["third"]);
  });

  it("counts weights, in each pool apart", () => {
    const room = setUp(10, { build: 3, network: 1 });
    room.add("a", { build: 2 });
    room.add("b", { build: 1, network: 1 });
    room.add("c", { network: 1 });
    expect(room.admit()).toEqual(["a", "b"]);
    room.end("b");
    expect(room.admit()).toEqual(["c"]);
  });

  it("lets tasks outside a full pool pass", () => {
    const room = setUp(3, { build: 1 });
    room.add("build 1", { build: 1 });
    room.add("build 2", { build: 1 });
    room.add("free");
    expect(room.admit()).toEqual(["build 1", "free"]);
  });

  it("keeps room for a wide task that waits: narrow ones behind it do not overtake it in its pool", () => {
    const room = setUp(10, { build: 2 });
    room.add("narrow 1", { build: 1 });
    expect(room.admit()).toEqual(["narrow 1"]);
    room.add("wide", { build: 2 });
    room.add("narrow 2", { build: 1 });
    room.add("free");
    expect(room.admit()).toEqual(["free"]);
    room.add("narrow 3", { build: 1 });
    room.end("narrow 1");
    expect(room.admit()).toEqual(["wide"]);
    room.end("wide");
    expect(room.admit()).toEqual(["narrow 2", "narrow 3"]);
  });

  it("keeps a waiting task's share of every pool it names, and lets others use what is left besides", () => {
    const room = setUp(10, { build: 1, memory: 4 });
    room.add("holder", { build: 1 });
    expect(room.admit()).toEqual(["holder"]);
    room.add("waiting", { build: 1, memory: 3 });
    room.add("small", { memory: 1 });
    room.add("large", { memory: 2 });
    expect(room.admit()).toEqual(["small"]);
    room.end("holder");
    expect(room.admit()).toEqual(["waiting"]);
    room.end("waiting");
    expect(room.admit()).toEqual(["large"]);
  });

  it("reserves once for many tasks of the same demand", () => {
    const room = setUp(10, { build: 1, memory: 4 });
    room.add("holder", { build: 1 });
    expect(room.admit()).toEqual(["holder"]);
    for (const name of ["w1", "w2", "w3", "w4"]) room.add(name, { build: 1, memory: 1 });
    room.add("large", { memory: 3 });
    expect(room.admit()).toEqual(["large"]);
  });

  it("admits a task wider than its pool alone", () => {
    const room = setUp(10, { build: 2 });
    room.add("narrow", { build: 1 });
    room.add("huge", { build: 5 });
    room.add("next", { build: 1 });
    expect(room.admit()).toEqual(["narrow"]);
    room.end("narrow");
    expect(room.admit()).toEqual(["huge"]);
    room.end("huge");
    expect(room.admit()).toEqual(["next"]);
  });

  it("drains what is ready, in order over all demands", () => {
    const room = setUp(1, { build: 1 });
    room.add("running");
    room.admit();
    room.add("b", { build: 1 }, 12);
    room.add("a", {}, 11);
    room.add("c", {}, 13);
    expect(room.drain()).toEqual(["a", "b", "c"]);
    room.end("running");
    expect(room.admit()).toEqual([]);
  });

  it("refuses limits under which a task could never run", () => {
    expect(() => setUp(0, {})).toThrow(RangeError);
    expect(() => setUp(Number.NaN, {})).toThrow(RangeError);
    expect(() => setUp(1, { build: 0 })).toThrow("The pool build holds 0");
    expect(() => setUp(1, {}).add("lost", { build: 1 })).toThrow("The pool build is not declared");
  });
});
