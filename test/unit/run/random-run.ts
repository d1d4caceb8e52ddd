import fc from "fast-check";
import type { TaskEnding } from "../../../src/model/event.ts";
import type { TaskId } from "../../../src/model/task.ts";
import { quiet } from "../../rig/controlled-clock.ts";
import { BROKEN, ControlledRun, OFFLINE } from "../../rig/controlled-task.ts";
import type { OpenAttempt } from "../../rig/controlled-task.ts";
import { sketchGraph } from "../../rig/task-graph.ts";
import type { TaskSketch } from "../../rig/task-graph.ts";
import { RULES } from "./run-oracle.ts";
import type { OracleTask } from "./run-oracle.ts";

/** Longer than all backoffs of a task together, so that waiting for one never times out an attempt. */
const TIMEOUT_MS = 100_000;
const BACKOFF_MS = 1_000;

/** A task of a random graph. */
export interface RandomTask extends OracleTask {
  readonly retries: number;
  readonly pools: Readonly<Record<string, number>>;
  readonly pathMs: number;
}

/** What the test does next while the run goes on. */
export interface Move {
  readonly act: "succeed" | "fail" | "offline" | "time-out" | "interrupt";
  /** Which of the running attempts. */
  readonly pick: number;
  /** Make the next move before the scheduler can react to this one. */
  readonly hasty: boolean;
}

/** A graph, its limits, and what happens while it runs. */
export interface RandomCase {
  readonly tasks: readonly RandomTask[];
  readonly limit: number;
  readonly pools: Readonly<Record<string, number>>;
  readonly failFast: boolean;
  /** When it is used up, whatever runs succeeds. */
  readonly moves: readonly Move[];
}

/** What the test told the last attempt of a task, and what the attempt knew then. */
export interface LastWord {
  readonly act: "succeed" | "fail" | "offline";
  readonly attempt: number;
  readonly stopped: boolean;
  readonly timedOut: boolean;
}

const randomTask = fc.record({
  needs: fc.array(fc.nat(30), { maxLength: 3 }),
  rule: fc.nat(RULES.length - 1),
  continueOnError: fc.integer({ min: 0, max: 4 }).map((value) => value === 4),
  upToDate: fc.integer({ min: 0, max: 9 }).map((value) => value === 9),
  retries: fc.nat(2),
  p: fc.constantFrom(0, 0, 1, 1, 2, 5),
  q: fc.constantFrom(0, 0, 0, 1, 3),
  pathMs: fc.nat(5),
});

const move = fc.record({
  act: fc.constantFrom<Move["act"]>(
    ...Array.from({ length: 12 }, () => "succeed" as const),
    "fail",
    "fail",
    "offline",
    "offline",
    "offline",
    "time-out",
  ),
  pick: fc.nat(20),
  hasty: fc.integer({ min: 0, max: 3 }).map((value) => value === 3),
});

/** Cases of up to 16 tasks; one in three is interrupted at some point, one in two fails fast. */
export const randomCase: fc.Arbitrary<RandomCase> = fc
  .record({
    tasks: fc.array(randomTask, { minLength: 1, maxLength: 16, size: "max" }),
    limit: fc.integer({ min: 1, max: 5 }),
    p: fc.integer({ min: 1, max: 3 }),
    q: fc.integer({ min: 1, max: 3 }),
    failFast: fc.boolean(),
    moves: fc.array(move, { maxLength: 40, size: "max" }),
    interruptAt: fc.option(fc.nat(25), { freq: 2 }),
  })
  .map(({ tasks, limit, p, q, failFast, moves, interruptAt }) => ({
    tasks: tasks.map((task, index) => ({
      id: `t${index}`,
      needs:
        index === 0
          ? []
          : [...new Set(task.needs.map((need) => need % index))].sort((a, b) => a - b).map((need) => `t${need}`),
      rule: RULES[task.rule] ?? { condition: { is: "success" as const }, runs: (_: boolean, well: boolean) => well },
      continueOnError: task.continueOnError,
      upToDate: task.upToDate,
      retries: task.retries,
      pools: { ...(task.p > 0 ? { p: task.p } : {}), ...(task.q > 0 ? { q: task.q } : {}) },
      pathMs: task.pathMs,
    })),
    limit,
    pools: { p, q },
    failFast,
    moves: interruptAt === null ? moves : moves.toSpliced(interruptAt, 0, { act: "interrupt", pick: 0, hasty: false }),
  }));

/** A random case while it runs, and what was done to it. */
export class RandomRun {
  readonly run: ControlledRun;
  readonly lastWords = new Map<TaskId, LastWord>();
  readonly #case: RandomCase;
  readonly #survivors: ReadonlySet<TaskId>;
  #interrupted = false;

  constructor(randomCase: RandomCase) {
    const sketches: Record<TaskId, TaskSketch> = {};
    for (const { id, needs, rule, continueOnError, retries, pools, pathMs } of randomCase.tasks) {
      const retry = { max: retries, on: ["network", "timed-out"] as const, backoffMs: BACKOFF_MS };
      sketches[id] = { needs, if: rule.condition, continueOnError, retry, pools, pathMs, timeoutMs: TIMEOUT_MS };
    }
    const upToDate = new Map<TaskId, { because: string; outputs: {} }>();
    for (const task of randomCase.tasks)
      if (task.upToDate) upToDate.set(task.id, { because: "up to date", outputs: {} });
    this.#case = randomCase;
    this.#survivors = new Set(randomCase.tasks.filter(({ rule }) => rule.runs(true, false)).map(({ id }) => id));
    this.run = new ControlledRun(sketchGraph(sketches, { tasks: randomCase.limit, pools: randomCase.pools }), {
      failFast: randomCase.failFast,
      upToDate,
    });
  }

  /** Makes all moves until the run has ended; `observe` is called whenever nothing moves. Throws when it does not end. */
  async play(observe: () => void): Promise<void> {
    await quiet();
    const moves = this.#case.moves.values();
    for (let step = 0; !this.run.settled; step += 1) {
      if (step > 500) throw new Error("the run does not end");
      observe();
      await this.#make(moves.next().value ?? { act: "succeed", pick: 0, hasty: false });
    }
  }

  async #make({ act, pick, hasty }: Move): Promise<void> {
    if (act === "interrupt") {
      await quiet();
      this.#interrupted = true;
      this.run.interrupt.abort("SIGINT");
      await quiet();
      return;
    }
    if (act === "time-out" || this.run.open.length === 0) {
      await quiet();
      const idle = this.run.open.length === 0;
      if (idle && this.run.clock.pending === 0 && !this.run.settled)
        throw new Error("nothing runs and nothing is awaited");
      await this.run.clock.advance(idle ? 4 * BACKOFF_MS : TIMEOUT_MS);
      return;
    }
    const unsettled = this.run.open.filter(
      ({ task, context }) => this.lastWords.get(task)?.attempt !== context.attempt,
    );
    const attempt = unsettled[pick % Math.max(1, unsettled.length)];
    if (attempt !== undefined) this.#settle(attempt, act);
    if (!hasty || attempt === undefined) await quiet();
  }

  #settle(attempt: OpenAttempt, act: LastWord["act"]): void {
    const { task, context } = attempt;
    const failedFast = this.run.events.some(
      (event) => event.type === "run-cancelling" && event.because === "fail-fast",
    );
    this.lastWords.set(task, {
      act,
      attempt: context.attempt,
      stopped: this.#interrupted || (failedFast && !this.#survivors.has(task)),
      timedOut: context.signal.aborted && context.signal.reason.because === "timed-out",
    });
    if (act === "succeed") attempt.succeed();
    else attempt.fail(act === "fail" ? BROKEN : OFFLINE);
  }
}

/** How a task that ran must have ended, by what its last attempt was told. */
export function endingAfter(
  task: RandomTask,
  word: LastWord,
  stopped: boolean,
): Partial<TaskEnding> | "must run again" {
  if (word.stopped) return { status: "cancelled" };
  if (word.act === "succeed" && !word.timedOut) return { status: "succeeded" };
  const mayPass = word.timedOut || word.act === "offline";
  if (mayPass && word.attempt <= task.retries) return stopped ? { status: "cancelled" } : "must run again";
  return { status: "failed", continueOnError: task.continueOnError };
}
