import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent, TaskEnding } from "../../../src/model/event.ts";
import type { TaskId } from "../../../src/model/task.ts";
import { endingAfter, randomCase, RandomRun } from "./random-run.ts";
import type { RandomCase, RandomTask } from "./random-run.ts";
import { Oracle } from "./run-oracle.ts";

const RUNS = { numRuns: 400 };

/** A run as its events tell it, up to some event. */
class Replay {
  readonly endings = new Map<TaskId, TaskEnding>();
  readonly attempts = new Map<TaskId, number>();
  readonly running = new Set<TaskId>();
  readonly stops = { signal: false, failFast: false };

  add(event: RunEvent): void {
    if (event.type === "task-started") {
      this.attempts.set(event.task, event.attempt);
      this.running.add(event.task);
    } else if (event.type === "task-finished") {
      this.endings.set(event.task, event);
      this.running.delete(event.task);
    } else if (event.type === "run-cancelling") {
      this.stops[event.because === "signal" ? "signal" : "failFast"] = true;
    }
  }
}

/** The tasks of a case by id, and what can be asked about them at a moment of the run. */
class Judge {
  readonly tasks: ReadonlyMap<TaskId, RandomTask>;
  readonly oracle: Oracle;
  readonly #case: RandomCase;

  constructor(randomCase: RandomCase) {
    this.#case = randomCase;
    this.tasks = new Map(randomCase.tasks.map((task) => [task.id, task]));
    this.oracle = new Oracle(randomCase.tasks);
  }

  task(id: TaskId): RandomTask {
    const task = this.tasks.get(id);
    if (task === undefined) throw new Error(`no task ${id}`);
    return task;
  }

  /** What is left of a pool. */
  free(pool: "p" | "q", running: Iterable<TaskId>): number {
    let free = this.#case.pools[pool] ?? 0;
    for (const id of running) free -= this.weight(this.task(id), pool);
    return free;
  }

  /** What a task takes of a pool: at most all of it. */
  weight(task: RandomTask, pool: "p" | "q"): number {
    return Math.min(task.pools[pool] ?? 0, this.#case.pools[pool] ?? 0);
  }

  /** What could start if the limits permitted it, in the order in which it should. */
  ready({ endings, attempts, stops }: Replay): readonly RandomTask[] {
    return this.#case.tasks
      .filter(
        ({ id, needs, rule, upToDate }) =>
          !attempts.has(id) &&
          !endings.has(id) &&
          needs.every((need) => endings.has(need)) &&
          !upToDate &&
          this.oracle.wouldRun(id, endings) &&
          !stops.signal &&
          (!stops.failFast || rule.runs(true, false)),
      )
      .toSorted((left, right) => right.pathMs - left.pathMs);
  }

  /** What is wrong with a task's start, given all that happened before. */
  faultOfStart(id: TaskId, attempt: number, before: Replay): string | undefined {
    const task = this.task(id);
    if (before.stops.signal) return "starts after Ctrl-C";
    if (before.endings.has(id)) return "starts after its end";
    if (attempt !== (before.attempts.get(id) ?? 0) + 1) return "skips an attempt";
    if (before.stops.failFast && !task.rule.runs(true, false)) return "starts after a fail-fast stop";
    if (attempt > 1) return before.running.has(id) ? undefined : "has lost its place between two attempts";
    if (!task.needs.every((need) => before.endings.has(need))) return "starts before its needs have ended";
    if (task.upToDate || !this.oracle.wouldRun(id, before.endings)) return "should not run";
    if (before.running.size >= this.#case.limit) return "breaks the limit";
    for (const pool of ["p", "q"] as const) {
      if (this.weight(task, pool) > this.free(pool, before.running)) return `breaks the pool ${pool}`;
    }
    const [first] = this.ready(before);
    const delayed = (pool: "p" | "q"): boolean =>
      first !== undefined &&
      first.id !== id &&
      this.weight(task, pool) > 0 &&
      this.weight(first, pool) > 0 &&
      this.weight(task, pool) > this.free(pool, before.running) - this.weight(first, pool);
    if (delayed("p") || delayed("q")) return `takes what ${first?.id}, the first in line, waits for`;
    const alike = this.ready(before).find((other) => JSON.stringify(other.pools) === JSON.stringify(task.pools));
    return alike?.id === id ? undefined : `overtakes ${alike?.id}`;
  }

  /** What idles although it could start, at a moment when nothing moves. */
  faultOfIdling(now: Replay): string | undefined {
    if (now.running.size >= this.#case.limit) return undefined;
    const fits = (task: RandomTask): boolean =>
      (["p", "q"] as const).every((pool) => this.weight(task, pool) <= this.free(pool, now.running));
    const ready = this.ready(now);
    const unpooled = ready.find((task) => Object.keys(task.pools).length === 0);
    const [first] = ready;
    if (unpooled !== undefined) return `${unpooled.id} needs no pool and idles`;
    return first !== undefined && fits(first) ? `${first.id} is first, fits and idles` : undefined;
  }
}

/** Plays a case, checking all the while, and gives the run. */
async function playAndCheck(randomCase: RandomCase): Promise<RandomRun> {
  const judge = new Judge(randomCase);
  const played = new RandomRun(randomCase);
  const { run } = played;
  const now = new Replay();
  let seen = 0;
  const look = (): void => {
    for (const event of run.events.slice(seen)) {
      const fault = event.type === "task-started" ? judge.faultOfStart(event.task, event.attempt, now) : undefined;
      if (fault !== undefined) throw new Error(`${event.type === "task-started" ? event.task : ""} ${fault}`);
      now.add(event);
    }
    seen = run.events.length;
    if (run.open.length > randomCase.limit) throw new Error("more attempts are open than the limit permits");
    const idling = judge.faultOfIdling(now);
    if (idling !== undefined) throw new Error(idling);
  };
  await played.play(look);
  await run.result;
  look();
  return played;
}

describe("a random run", () => {
  it("starts nothing too early, beyond a limit, out of order or after a stop, and leaves nothing idle", async () => {
    const property = fc.asyncProperty(randomCase, async (randomCase) => void (await playAndCheck(randomCase)));
    await expect(fc.assert(property, RUNS)).resolves.toBeUndefined();
  });

  it("gives every task the ending that the oracle says", async () => {
    await fc.assert(
      fc.asyncProperty(randomCase, async (randomCase) => {
        const { run, lastWords } = await playAndCheck(randomCase);
        const { tasks } = await run.result;
        const endings = new Map([...tasks].map(([id, { ending }]) => [id, ending] as const));
        const after = new Replay();
        for (const event of run.events) after.add(event);
        const oracle = new Oracle(randomCase.tasks);
        for (const task of randomCase.tasks) {
          const word = lastWords.get(task.id);
          const stopped = after.stops.signal || (after.stops.failFast && !task.rule.runs(true, false));
          const expected =
            word === undefined ? oracle.unstarted(task.id, endings, after.stops) : endingAfter(task, word, stopped);
          const ending = endings.get(task.id);
          const told = ending?.status === "blocked" ? { ...ending, by: [...ending.by].sort() } : ending;
          expect({ task: task.id, ending: told }).toMatchObject({ task: task.id, ending: expected });
        }
      }),
      RUNS,
    );
  });

  it("tells every task's end once, its attempts before it, the run's start first and its end last", async () => {
    await fc.assert(
      fc.asyncProperty(randomCase, async (randomCase) => {
        const { run } = await playAndCheck(randomCase);
        const { status, counts, tasks } = await run.result;
        const types = run.events.map(({ type }) => type);
        expect([types.indexOf("run-started"), types.lastIndexOf("run-started")]).toEqual([0, 0]);
        expect([types.indexOf("run-finished"), types.lastIndexOf("run-finished")]).toEqual([
          types.length - 1,
          types.length - 1,
        ]);
        const finished = run.events.filter((event) => event.type === "task-finished");
        expect(finished.map(({ task }) => task).sort()).toEqual(randomCase.tasks.map(({ id }) => id).sort());
        for (const event of finished) {
          const mine = run.events.filter((other) => "task" in other && other.task === event.task);
          expect(mine.at(-1)).toBe(event);
          const starts = mine.filter(({ type }) => type === "task-started").length;
          expect(tasks.get(event.task)?.attempts).toBe(starts);
          expect(mine.filter(({ type }) => type === "task-retrying").length).toBeLessThanOrEqual(starts);
        }
        const failure = run.events.findIndex(
          (event) => event.type === "task-finished" && event.status === "failed" && !event.continueOnError,
        );
        const stop = run.events.findIndex(({ type }) => type === "run-cancelling");
        const mustStop = randomCase.failFast && failure >= 0 && finished.at(-1) !== run.events[failure];
        if (mustStop && (stop < 0 || stop > failure + 1)) throw new Error("the first failure does not stop the run");
        const interrupted = run.events.some((event) => event.type === "run-cancelling" && event.because === "signal");
        const failed = finished.some((event) => event.status === "failed" && !event.continueOnError);
        expect(status).toBe(interrupted ? "cancelled" : failed ? "failed" : "succeeded");
        expect(run.events.at(-1)).toMatchObject({ status, counts });
        expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(randomCase.tasks.length);
        expect(run.clock.pending).toBe(0);
      }),
      RUNS,
    );
  });

  it("runs every always() task when it keeps going and nobody interrupts it", async () => {
    const keepGoing = randomCase.map((randomCase) => ({
      ...randomCase,
      failFast: false,
      moves: randomCase.moves.filter(({ act }) => act !== "interrupt"),
    }));
    await fc.assert(
      fc.asyncProperty(keepGoing, async (randomCase) => {
        const { run } = await playAndCheck(randomCase);
        await run.result;
        const missing = randomCase.tasks.filter(
          ({ id, rule, upToDate }) => rule.condition.is === "always" && !upToDate && !run.started.includes(id),
        );
        expect(missing).toEqual([]);
        expect(Object.values(run.statuses)).not.toContain("cancelled");
      }),
      RUNS,
    );
  });

  it("happens the same way twice", async () => {
    await fc.assert(
      fc.asyncProperty(randomCase, async (randomCase) => {
        const [first, second] = [await playAndCheck(randomCase), await playAndCheck(randomCase)];
        expect(second.run.events).toEqual(first.run.events);
      }),
      { numRuns: 100 },
    );
  });
});
