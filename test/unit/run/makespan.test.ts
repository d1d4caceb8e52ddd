import { describe, expect, it } from "vitest";
import type { TaskGraph, TaskId } from "../../../src/model/task.ts";
import { runGraph } from "../../../src/run/run-graph.ts";
import { ControlledClock } from "../../rig/controlled-clock.ts";
import { sketchGraph } from "../../rig/task-graph.ts";
import type { TaskSketch } from "../../rig/task-graph.ts";

/** A graph whose tasks take a known time. */
interface TimedGraph {
  readonly graph: TaskGraph;
  readonly durationsMs: ReadonlyMap<TaskId, number>;
}

/** Numbers in [0, 1) that are the same each time (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Many short tasks, few long ones. */
function lognormalMs(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.max(1, Math.round(1_000 * Math.exp(1.2 * normal)));
}

const SIZE = 120;

/** The needs of the task at `index`, by family of graph. */
const FAMILIES: Readonly<Record<string, (index: number, random: () => number) => readonly number[]>> = {
  layered: (index, random) =>
    index < 12 ? [] : [12, 12, 12].map((width) => index - (index % 12) - 1 - Math.floor(random() * width)),
  random: (index, random) =>
    index === 0 ? [] : [0, 0].map(() => Math.floor(random() * index)).slice(random() < 0.3 ? 1 : 0),
  pipelines: (index, random) => {
    const part = index % 4;
    if (index === SIZE - 1) return Array.from({ length: 29 }, (_, service) => service * 4 + 3);
    if (part > 0) return [index - 1];
    return index < 12 ? [] : [4 * Math.floor(random() * 3)];
  },
  "a chain among free tasks": (index) => (index >= SIZE - 20 && index > SIZE - 20 ? [index - 1] : []),
};

function createGraph(family: string, seed: number): TimedGraph {
  const random = seededRandom(seed);
  const sketches: Record<TaskId, TaskSketch> = {};
  const durationsMs = new Map<TaskId, number>();
  for (let index = 0; index < SIZE; index += 1) {
    const needs = [...new Set(FAMILIES[family]?.(index, random))].map((need) => `t${need}`);
    sketches[`t${index}`] = { needs, timeoutMs: 1e12 };
    durationsMs.set(`t${index}`, lognormalMs(random));
  }
  return { graph: sketchGraph(sketches).graph, durationsMs };
}

/** The longest path from each task to the end, the slow and obvious way. */
function remainingPaths({ graph, durationsMs }: TimedGraph): Map<TaskId, number> {
  const paths = new Map<TaskId, number>();
  for (const id of graph.order.toReversed()) {
    const behind = graph.order.filter((other) => graph.tasks.get(other)?.needs.includes(id));
    paths.set(id, (durationsMs.get(id) ?? 0) + Math.max(0, ...behind.map((other) => paths.get(other) ?? 0)));
  }
  return paths;
}

/** How long a run takes when every task takes its time. */
async function makespanMs(timed: TimedGraph, concurrency: number, paths: ReadonlyMap<TaskId, number>): Promise<number> {
  const clock = new ControlledClock();
  const run = runGraph(timed.graph, {
    runId: "",
    pipeline: "",
    logDirectory: "",
    concurrency,
    remainingPathMs: paths,
    clock,
    emit: () => {},
    perform: async (task) => {
      await new Promise<void>((resolve) => {
        clock.schedule(timed.durationsMs.get(task) ?? 0, resolve);
      });
      return { ok: true, outputs: {}, facts: [] };
    },
  });
  const state = { ended: false };
  const ended = run.finally(() => {
    state.ended = true;
  });
  // More than any run takes; the result says when it really ended.
  while (!state.ended) await clock.advance(1e9);
  return (await ended).durationMs;
}

interface Comparison {
  /** Longest path first, first come: both as multiples of the bound that no schedule can beat. */
  readonly longestPath: number;
  readonly firstCome: number;
  /** Longest path first by durations that are wrong by a factor, as last week's are. */
  readonly noisy: number;
}

async function compare(family: string, limit: number, seed: number): Promise<Comparison> {
  const timed = createGraph(family, seed);
  const paths = remainingPaths(timed);
  const work = [...timed.durationsMs.values()].reduce((sum, durationMs) => sum + durationMs, 0);
  const criticalMs = Math.max(...paths.values());
  const bound = Math.max(criticalMs, work / limit);
  const random = seededRandom(seed + 1_000);
  const guesses = new Map([...timed.durationsMs].map(([id, ms]) => [id, ms * Math.exp(random() * 1.6 - 0.8)] as const));
  const noisyPaths = remainingPaths({ graph: timed.graph, durationsMs: guesses });
  const longestPath = await makespanMs(timed, limit, paths);
  // Graham's bound: a scheduler that never idles while something is ready cannot do worse.
  expect(longestPath).toBeLessThanOrEqual(criticalMs + (work - criticalMs) / limit + 1);
  return {
    longestPath: longestPath / bound,
    firstCome: (await makespanMs(timed, limit, new Map())) / bound,
    noisy: (await makespanMs(timed, limit, noisyPaths)) / bound,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe("the order of starting", () => {
  it.each(Object.keys(FAMILIES))("keeps %s graphs close to the shortest possible run", async (family) => {
    const comparisons: Comparison[] = [];
    for (const limit of [2, 4, 8]) {
      for (let seed = 1; seed <= 5; seed += 1) comparisons.push(await compare(family, limit, seed * 7_919));
    }
    const longestPath = mean(comparisons.map((comparison) => comparison.longestPath));
    const noisy = mean(comparisons.map((comparison) => comparison.noisy));
    const firstCome = mean(comparisons.map((comparison) => comparison.firstCome));
    expect(longestPath).toBeLessThan(1.05);
    expect(noisy).toBeLessThan(1.08);
    expect(firstCome).toBeGreaterThan(longestPath + 0.02);
  });
});
