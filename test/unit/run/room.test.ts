import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Failure } from "../../../src/model/failure.ts";
import type { EnterRoom, RoomContext, RoomResult } from "../../../src/model/performer.ts";
import type { TaskId } from "../../../src/model/task.ts";
import { quiet } from "../../rig/controlled-clock.ts";
import { BROKEN, ControlledRun, OFFLINE } from "../../rig/controlled-task.ts";
import { sketchGraph } from "../../rig/task-graph.ts";
import type { TaskSketch } from "../../rig/task-graph.ts";

const FULL: Failure = {
  reason: "no-space",
  error: "no space left on device",
  evidence: { command: "bake", lastLines: [] },
};

/**
 * A room of so many units. A task takes as many as its name ends with, waits parked in a queue while they are not there, and fails
 * when they never can be.
 */
class UnitRoom {
  readonly capacity: number;
  taken = 0;
  most = 0;
  recoveries: TaskId[] = [];
  readonly #queue: (() => void)[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  readonly enter: EnterRoom = (task, context) => {
    const units = Number(/\d+$/.exec(task)?.[0] ?? 0);
    return units === 0 ? undefined : this.#enter(task, units, context, false);
  };

  async #enter(task: TaskId, units: number, context: RoomContext, again: boolean): Promise<RoomResult> {
    if (units > this.capacity) return { ok: false, failure: FULL };
    while (this.taken + units > this.capacity) {
      if (context.signal.aborted) return { ok: false, failure: FULL };
      context.waiting(`${units} units are not there`, "parked");
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#queue.push(resolve);
      context.signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
    }
    this.taken += units;
    this.most = Math.max(this.most, this.taken);
    const leave = (): void => {
      this.taken -= units;
      for (const wake of this.#queue.splice(0)) wake();
    };
    return {
      ok: true,
      room: {
        leave,
        recover: (failure, retry) => {
          if (failure.reason !== "no-space" || again) return undefined;
          leave();
          this.recoveries.push(task);
          return this.#again(task, units, retry);
        },
      },
    };
  }

  /** Those who wait are faster. */
  async #again(task: TaskId, units: number, context: RoomContext): Promise<RoomResult> {
    await Promise.resolve();
    return await this.#enter(task, units, context, true);
  }
}

function start(
  sketches: Readonly<Record<TaskId, TaskSketch>>,
  capacity: number,
  limits: Parameters<typeof sketchGraph>[1] = {},
  options: { readonly failFast?: boolean } = {},
): { readonly room: UnitRoom; readonly run: ControlledRun } {
  const room = new UnitRoom(capacity);
  return { room, run: new ControlledRun(sketchGraph(sketches, limits), { enter: room.enter, ...options }) };
}

describe("a task that needs room", () => {
  it("waits without its place and its pools, and others go on", async () => {
    const { run } = start({ a3: {}, b3: { pools: { p: 1 } }, plain: { pools: { p: 1 } } }, 4, {
      tasks: 2,
      pools: { p: 1 },
    });
    await quiet();
    expect(run.running).toEqual(["a3", "plain"]);
    expect(run.story).toContain("task-waiting b3 3 units are not there");
    await run.succeed("a3");
    // It has room, and waits for its pool.
    expect(run.running).toEqual(["plain"]);
    await run.succeed("plain");
    expect(run.running).toEqual(["b3"]);
    await run.succeed("b3");
    expect((await run.result).status).toBe("succeeded");
  });

  it("fails without an attempt when there never is room, and blocks what needs it", async () => {
    const { run } = start({ big9: {}, after: { needs: ["big9"] }, plain: {} }, 4);
    await quiet();
    await run.succeed("plain");
    const { tasks, status } = await run.result;
    expect(status).toBe("failed");
    expect(tasks.get("big9")).toMatchObject({
      attempts: 0,
      durationMs: 0,
      ending: { status: "failed", failure: FULL },
    });
    expect(run.statuses).toMatchObject({ after: "blocked", plain: "succeeded" });
    expect(run.story).not.toContain("task-started big9 1");
  });

  it("spends neither its timeout nor its duration on the wait", async () => {
    const { run } = start({ a4: {}, b4: { timeoutMs: 1_000 } }, 4);
    await quiet();
    await run.clock.advance(60_000);
    await run.succeed("a4");
    await run.clock.advance(500);
    await run.succeed("b4");
    expect((await run.result).tasks.get("b4")).toMatchObject({ durationMs: 500, ending: { status: "succeeded" } });
  });

  it("is cancelled while it waits, at once", async () => {
    const { run, room } = start({ a4: {}, b4: {} }, 4);
    await quiet();
    await run.cancel();
    run.attempt("a4").succeed();
    expect((await run.result).status).toBe("cancelled");
    expect(run.statuses).toEqual({ a4: "cancelled", b4: "cancelled" });
    expect(room.taken).toBe(0);
  });

  it("is cancelled while it has room and waits for a place", async () => {
    const { run, room } = start({ a4: {}, b4: { pools: { p: 1 } }, plain: { pools: { p: 1 } } }, 4, {
      tasks: 2,
      pools: { p: 1 },
    });
    await quiet();
    await run.succeed("a4");
    expect([run.running, room.taken]).toEqual([["plain"], 4]);
    await run.cancel();
    for (const attempt of run.open) attempt.succeed();
    expect((await run.result).status).toBe("cancelled");
    expect(run.story.filter((line) => line.startsWith("task-finished b4"))).toEqual(["task-finished b4 cancelled"]);
    expect(room.taken).toBe(0);
  });

  it("is not started any more after a fail-fast stop, unless it is meant for failures", async () => {
    const { run, room } = start(
      { a4: {}, b4: {}, tell4: { if: { is: "always" } }, bad: {} },
      4,
      {},
      { failFast: true },
    );
    await quiet();
    await run.fail("bad");
    run.attempt("a4").succeed();
    await quiet();
    await run.succeed("tell4");
    await run.result;
    expect(run.statuses).toEqual({ a4: "cancelled", b4: "cancelled", tell4: "succeeded", bad: "failed" });
    expect(room.taken).toBe(0);
  });
});

describe("a task that runs out of space", () => {
  it("is tried once more after room was made, whatever its retry says, and then fails", async () => {
    const { run, room } = start({ a2: {} }, 4);
    await quiet();
    await run.fail("a2", FULL);
    expect(run.story).toContain("task-retrying a2 no-space 0ms");
    await run.clock.advance(0);
    await run.fail("a2", FULL);
    expect((await run.result).tasks.get("a2")).toMatchObject({
      attempts: 2,
      ending: { status: "failed", failure: FULL },
    });
    expect(room.recoveries).toEqual(["a2"]);
    expect(room.taken).toBe(0);
  });

  it("keeps the attempts that its retry grants for other failures", async () => {
    const { run } = start({ a2: { retry: { max: 1, on: ["network"], backoffMs: 10 } } }, 4);
    await quiet();
    await run.fail("a2", FULL);
    await run.clock.advance(0);
    await run.fail("a2", OFFLINE);
    await run.clock.advance(10);
    await run.succeed("a2");
    expect((await run.result).tasks.get("a2")).toMatchObject({ attempts: 3, ending: { status: "succeeded" } });
  });

  it("gives its place to one that got the room meanwhile, under a limit of one", async () => {
    const { run, room } = start({ a3: {}, b3: {} }, 4, { tasks: 1 });
    await quiet();
    const [first = ""] = run.running;
    await run.fail(first, FULL);
    await run.clock.advance(0);
    const [second = ""] = run.running;
    await run.succeed(second);
    await run.clock.advance(0);
    for (const attempt of run.open) attempt.succeed();
    expect((await run.result).status).toBe("succeeded");
    expect(room.most).toBeLessThanOrEqual(4);
  });
});

describe("a task that is to be tried once more", () => {
  it("is cancelled while room is made for it, and gives nothing back twice", async () => {
    const { run, room } = start({ a3: {}, b4: {} }, 4);
    await quiet();
    await run.fail("a3", FULL);
    await quiet();
    expect(run.running).toEqual(["b4"]);
    await run.cancel();
    run.attempt("b4").succeed();
    expect((await run.result).status).toBe("cancelled");
    expect(room.taken).toBe(0);
  });
});

describe("random runs with room", () => {
  const task = fc.record({
    needs: fc.array(fc.nat(20), { maxLength: 2 }),
    units: fc.integer({ min: 0, max: 6 }),
    end: fc.constantFrom("succeed" as const, "succeed" as const, "fail" as const, "full" as const),
  });
  const cases = fc.record({
    tasks: fc.array(task, { minLength: 1, maxLength: 12 }),
    capacity: fc.integer({ min: 1, max: 5 }),
    limit: fc.integer({ min: 1, max: 4 }),
    interruptAt: fc.option(fc.nat(15), { freq: 2 }),
    picks: fc.array(fc.nat(10), { minLength: 1, maxLength: 20 }),
  });

  it("never let in more than there is, end always, and leave nothing taken", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ tasks, capacity, limit, interruptAt, picks }) => {
        const ids = tasks.map(({ units }, index) => `t${String.fromCodePoint(97 + index)}${units === 0 ? "" : units}`);
        const sketches = tasks.map(({ needs }, index): [TaskId, TaskSketch] => [
          ids[index] ?? "",
          {
            needs: index === 0 ? [] : [...new Set(needs.map((need) => ids[need % index] ?? ""))],
            if: { is: "always" },
          },
        ]);
        const { run, room } = start(Object.fromEntries(sketches), capacity, { tasks: limit });
        for (let move = 0; !run.settled && move < 200; move += 1) {
          await quiet();
          await run.clock.advance(0);
          if (move === interruptAt) await run.cancel();
          expect(run.open.length).toBeLessThanOrEqual(limit);
          const attempt = run.open[(picks[move % picks.length] ?? 0) % Math.max(1, run.open.length)];
          const end = tasks[ids.indexOf(attempt?.task ?? "")]?.end;
          if (end === "full") attempt?.fail(FULL);
          else if (end === "fail") attempt?.fail(BROKEN);
          else attempt?.succeed();
        }
        await quiet();
        expect(run.settled).toBe(true);
        await run.result;
        expect(room.most).toBeLessThanOrEqual(capacity);
        expect(room.taken).toBe(0);
        const fitting = ids.filter((_, index) => (tasks[index]?.units ?? 0) <= capacity);
        const expected = interruptAt === null ? fitting : [...new Set(run.started)];
        expect([...new Set(run.started)].sort()).toEqual([...expected].sort());
      }),
      { numRuns: 400 },
    );
  });
});
