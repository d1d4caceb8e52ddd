import { describe, expect, it } from "vitest";
import type { ObservedCacheRecord } from "../../../src/model/observation.ts";
import { planCleanup } from "../../../src/plan/cleanup.ts";
import { HOUR_MS, NOW_MS, POLICY, SCOPE, aRecord, anObservation } from "./cleanup-rig.ts";

const EVICT_ALL = { ...POLICY, minAgeMs: 0, maxCacheBytes: 0 };

/** In which order the records go when all of them must. */
function order(cache: readonly ObservedCacheRecord[], rebuildMs: readonly (readonly [string, number])[] = []) {
  const scope = { ...SCOPE, rebuildMs: new Map(rebuildMs) };
  return planCleanup(anObservation({ cache }), EVICT_ALL, scope).items.map(({ id }) => id);
}

describe("what goes first of the cache", () => {
  const names = ["a", "b"].map((id) => `[build] COPY ${id}`);
  const [nameA = "", nameB = ""] = names;

  it("is what is cheap to rebuild", () => {
    const cache = [aRecord("a"), aRecord("b")];
    expect(
      order(cache, [
        [nameA, 9_000],
        [nameB, 10],
      ]),
    ).toEqual(["b", "a"]);
    expect(
      order(cache, [
        [nameA, 10],
        [nameB, 9_000],
      ]),
    ).toEqual(["a", "b"]);
  });

  it("is what is large, long unused, or little used, where the rest is equal", () => {
    const known = names.map((name): [string, number] => [name, 1_000]);
    expect(order([aRecord("a"), aRecord("b", { sizeBytes: 9_000 })], known)).toEqual(["b", "a"]);
    expect(order([aRecord("a"), aRecord("b", { lastUsedAtMs: NOW_MS - 9 * HOUR_MS })], known)).toEqual(["b", "a"]);
    expect(order([aRecord("a", { usageCount: 5 }), aRecord("b")], known)).toEqual(["b", "a"]);
  });

  it("knows a RUN by its command, as the cache describes it", () => {
    const cache = [aRecord("a", { description: "mount / from exec /bin/sh -c npm ci" }), aRecord("b")];
    expect(
      order(cache, [
        ["npm ci", 60_000],
        [nameB, 10],
      ]),
    ).toEqual(["b", "a"]);
    expect(
      order(cache, [
        ["npm ci", 1],
        [nameB, 1_000],
      ]),
    ).toEqual(["a", "b"]);
  });

  it("takes a step of unknown duration for one like the others", () => {
    const cache = [aRecord("a"), aRecord("unknown-2"), aRecord("unknown-1"), aRecord("b")];
    const known: [string, number][] = [
      [nameA, 10],
      [nameB, 9_000],
      ["[build] COPY else", 9],
    ];
    expect(order(cache, known)).toEqual(["a", "b", "unknown-1", "unknown-2"]);
    expect(order(cache.toReversed(), known)).toEqual(["a", "b", "unknown-1", "unknown-2"]);
  });

  it("is BuildKit's order where no duration is known: longest unused, then least used, then by ID", () => {
    const cache = [
      aRecord("z"),
      aRecord("y"),
      aRecord("often", { usageCount: 9 }),
      aRecord("huge", { sizeBytes: 1e9, lastUsedAtMs: NOW_MS - 1 }),
      aRecord("old", { lastUsedAtMs: NOW_MS - 9 * HOUR_MS }),
    ];
    expect(order(cache)).toEqual(["old", "y", "z", "often", "huge"]);
  });

  it("is an empty record as soon as what lies below it would go", () => {
    const cache = [
      aRecord("large", { sizeBytes: 9_000 }),
      aRecord("empty", { sizeBytes: 0, parents: ["large"] }),
      aRecord("small", { sizeBytes: 10 }),
    ];
    const known = ["large", "empty", "small"].map((id): [string, number] => [`[build] COPY ${id}`, 1_000]);
    expect(order(cache, known)).toEqual(["empty", "large", "small"]);
  });
});

/** A service as facts about its build: what each step weighs and costs, and how many of its builds are in the cache. */
interface SimulatedService {
  readonly name: string;
  readonly setupMs: number;
  readonly setupBytes: number;
  readonly builds: number;
  /** One build every hour until then. */
  readonly lastHoursAgo: number;
}

/** One long installation, used once four hours ago; three services that were built in each of the last five hours. */
const SERVICES: readonly SimulatedService[] = [
  { name: "ml", setupMs: 6_000, setupBytes: 40e6, builds: 1, lastHoursAgo: 4 },
  { name: "web", setupMs: 200, setupBytes: 40e6, builds: 5, lastHoursAgo: 1 },
  { name: "api", setupMs: 200, setupBytes: 40e6, builds: 5, lastHoursAgo: 1 },
  { name: "jobs", setupMs: 200, setupBytes: 40e6, builds: 5, lastHoursAgo: 1 },
];
const COPY = { ms: 300, bytes: 10e6 };

/** The cache after all those builds: the set-up of each service is used by each build, the copy of its sources by one. */
function simulateCache(): readonly ObservedCacheRecord[] {
  return SERVICES.flatMap(({ name, setupBytes, builds, lastHoursAgo }) => {
    const lastMs = NOW_MS - lastHoursAgo * HOUR_MS;
    const setup = aRecord(`${name}-setup`, {
      description: `mount / from exec /bin/sh -c install ${name}`,
      sizeBytes: setupBytes,
      lastUsedAtMs: lastMs,
      usageCount: builds,
    });
    const copies = Array.from({ length: builds }, (_, index) =>
      aRecord(`${name}-${index}`, {
        description: `[${name} 3/3] COPY . .`,
        parents: [setup.id],
        sizeBytes: COPY.bytes,
        lastUsedAtMs: lastMs - index * HOUR_MS,
      }),
    );
    return [setup, ...copies];
  });
}

/** How long it takes to build all services with changed sources after the cache has been pruned to a part of its size. */
function rebuildMsAfterPruning(part: number, rebuildMs: ReadonlyMap<string, number>): number {
  const cache = simulateCache();
  const total = cache.reduce((sum, record) => sum + record.sizeBytes, 0);
  const policy = { ...POLICY, minAgeMs: 0, maxCacheBytes: Math.round(part * total) };
  const gone = new Set(
    planCleanup(anObservation({ cache }), policy, { ...SCOPE, rebuildMs }).items.map(({ id }) => id),
  );
  return SERVICES.reduce((sum, { name, setupMs }) => sum + COPY.ms + (gone.has(`${name}-setup`) ? setupMs : 0), 0);
}

describe("a rarely built service with an expensive step", () => {
  const known = new Map(
    SERVICES.flatMap(({ name, setupMs }): [string, number][] => [
      [`install ${name}`, setupMs],
      [`[${name} 3/3] COPY . .`, COPY.ms],
    ]),
  );

  it.each([0.6, 0.4, 0.25])("keeps it when the cache shrinks to %d of its size; BuildKit's order does not", (part) => {
    const byValue = rebuildMsAfterPruning(part, known);
    const byBuildKit = rebuildMsAfterPruning(part, new Map());
    expect(byBuildKit).toBeGreaterThanOrEqual(6_000); // the control: the long installation has to be run again
    expect(byValue).toBeLessThan(6_000);
    expect(byBuildKit / byValue).toBeGreaterThan(3);
  });
});
