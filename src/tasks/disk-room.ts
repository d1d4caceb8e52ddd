import { setTimeout as delay } from "node:timers/promises";
import { engineDiskFree } from "../docker/disk-usage.ts";
import type { Engine } from "../docker/engine.ts";
import { EngineReservations } from "../docker/reservations.ts";
import type { HeldReservation, OtherReservations, ReservationRequest } from "../docker/reservations.ts";
import { formatByteSize } from "../model/byte-size.ts";
import type { Failure, Result } from "../model/failure.ts";
import type { EnterRoom, Room, RoomContext, RoomResult, TaskContext } from "../model/performer.ts";
import type { DiskNeed } from "../model/plan.ts";
import type { Task, TaskId, TaskOf } from "../model/task.ts";
import { planCleanup } from "../plan/cleanup.ts";
import { freeSpaceBytes, resolveCleanupPolicy } from "../plan/cleanup-policy.ts";
import { minimumFreeBytes, nextRoomStep } from "../plan/disk-need.ts";
import type { RoomStep } from "../plan/disk-need.ts";
import { observeForClean } from "./clean.ts";
import { executeCleanup } from "./cleanup-execution.ts";
import { loadDiskNeed } from "./build-context.ts";
import { describeLack, describeWait, noRoomFailure } from "./disk-look.ts";
import type { DiskLook } from "./disk-look.ts";
import type { TaskTools } from "./task-tools.ts";
import { Turns } from "./turns.ts";

/** How often those who wait for builds of other processes look again. */
const LOOK_MS = 1_000;

/** A build that asks for room. */
interface Asking {
  readonly task: TaskOf<"build">;
  readonly need: DiskNeed;
  readonly context: RoomContext;
  /** What was done for it, for people. */
  readonly tried: string[];
  cleanedNormally: boolean;
  cleanedAggressively: boolean;
  /** Builds of others when it last looked; one less is a change worth another clean-up. */
  others: number;
  told: string;
}

/** An attempt to enter, and what is next. */
interface Attempted {
  readonly look: DiskLook;
  readonly step: RoomStep;
  readonly reservation?: HeldReservation;
}

/**
 * The disk of the engine as a resource: a build enters when its need fits above the minimum free space, beside what all builds of all
 * processes have reserved; see {@link nextRoomStep} for what is done until then. The reservation stays whole until the build ends, so what
 * it has written by then counts twice: never too little.
 *
 * A clean-up here never takes what a run in progress has made or used ({@link EngineReservations.register}), so it never falls between two
 * builds that share a result. Where the disk cannot be measured everything enters.
 */
export class DiskRoom implements AsyncDisposable {
  readonly #tasks: ReadonlyMap<TaskId, Task>;
  readonly #tools: TaskTools;
  readonly #runId: string;
  #reservations: EngineReservations | undefined;
  readonly #releases = new Set<Promise<void>>();
  /** Builds of one process need not find out by trial that they do not fit together. */
  readonly #attempts = new Turns();
  readonly #cleanings = new Turns();
  #change = Promise.withResolvers<void>();

  constructor(tasks: ReadonlyMap<TaskId, Task>, tools: TaskTools, runId: string) {
    this.#tasks = tasks;
    this.#tools = tools;
    this.#runId = runId;
  }

  /** Lets builds in; other tasks take no room. */
  readonly enter: EnterRoom = (id, context) => {
    const task = this.#tasks.get(id);
    return task?.kind === "build" ? this.#enter(task, context) : undefined;
  };

  /** Gives everything back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#releases);
    await this.#reservations?.[Symbol.asyncDispose]();
  }

  async #enter(task: TaskOf<"build">, context: RoomContext): Promise<RoomResult> {
    const engine = await this.#tools.engine();
    if (!engine.ok) return engine;
    const [need, registered] = await Promise.all([
      loadDiskNeed(task, this.#tools, engine.value),
      this.#open(engine.value).register({ signal: context.signal }),
    ]);
    if (!need.ok) return need;
    if (!registered.ok) return registered;
    return await this.#find(engine.value, task, need.value, context, false);
  }

  #open(engine: Engine): EngineReservations {
    this.#reservations ??= new EngineReservations(engine, this.#runId);
    return this.#reservations;
  }

  /** Looks for room until there is some, or until nothing is left to do about it. */
  async #find(
    engine: Engine,
    task: TaskOf<"build">,
    need: DiskNeed,
    context: RoomContext,
    again: boolean,
  ): Promise<RoomResult> {
    const request = this.#open(engine).request(need.bytes, { signal: context.signal });
    const cleaned = { cleanedNormally: false, cleanedAggressively: false };
    const asking: Asking = { task, need, context, tried: [], ...cleaned, others: Infinity, told: "" };
    try {
      for (;;) {
        const changed = this.#change.promise;
        const tried = await this.#attempts.next(async () => await this.#attempt(engine, asking, request));
        if (!tried.ok) return tried;
        const { reservation, look, step } = tried.value;
        if (entersBy(step)) return { ok: true, room: this.#room(engine, asking, reservation, again) };
        if (context.signal.aborted || step === "refuse") {
          return { ok: false, failure: noRoomFailure(task.bakeTarget, need, look, asking.tried) };
        }
        const failure = await this.#take(step, engine, asking, look, changed);
        if (failure !== undefined) return { ok: false, failure };
      }
    } finally {
      await request.withdraw();
    }
  }

  /** Tries to reserve, and says what is next. On a disk that is full to the last byte nobody can reserve, and then nobody needs to. */
  async #attempt(engine: Engine, asking: Asking, request: ReservationRequest): Promise<Result<Attempted>> {
    let last: Result<Attempted> | undefined;
    const look = async (others: OtherReservations): Promise<Result<Attempted>> => {
      const looked = await this.#look(engine, others);
      if (!looked.ok) return looked;
      return { ok: true, value: { look: looked.value, step: nextStep(asking, looked.value) } };
    };
    const attempt = await request.attempt(async (others) => {
      last = await look(others);
      return last.ok && entersBy(last.value.step);
    });
    if (!attempt.ok) return attempt;
    const { reservation, others } = attempt.value;
    const seen = last ?? (await look(others));
    return seen.ok && reservation !== undefined ? { ok: true, value: { ...seen.value, reservation } } : seen;
  }

  async #look(engine: Engine, others: OtherReservations): Promise<Result<DiskLook>> {
    const disk = await engineDiskFree(engine);
    if (!disk.ok) return disk;
    const policy = resolveCleanupPolicy(this.#tools.config.cleanup, { policy: "normal" });
    const minFreeBytes = disk.value === undefined ? 0 : minimumFreeBytes(policy, disk.value);
    return { ok: true, value: { disk: disk.value, minFreeBytes, others } };
  }

  /** Does what the step says; a failure ends the search. */
  async #take(
    step: RoomStep,
    engine: Engine,
    asking: Asking,
    look: DiskLook,
    changed: Promise<void>,
  ): Promise<Failure | undefined> {
    if (step === "clean-normal" || step === "clean-aggressive") {
      return await this.#clean(engine, asking, look, step === "clean-normal" ? "normal" : "aggressive");
    }
    tell(asking, describeWait(asking.need, look), "parked");
    await untilChange(changed, asking.context.signal);
    return undefined;
  }

  /** Cleans until the build would fit beside all others, or until the policy has nothing left to give. */
  async #clean(
    engine: Engine,
    asking: Asking,
    look: DiskLook,
    policy: "normal" | "aggressive",
  ): Promise<Failure | undefined> {
    return await this.#cleanings.next(async () => {
      if (policy === "normal") asking.cleanedNormally = true;
      else asking.cleanedAggressively = true;
      tell(asking, `${describeLack(asking.need, look)}; cleaning by the policy ${policy}`);
      return await this.#applyPolicy(engine, asking, look, policy);
    });
  }

  async #applyPolicy(
    engine: Engine,
    asking: Asking,
    { disk, others, minFreeBytes }: DiskLook,
    policy: "normal" | "aggressive",
  ): Promise<Failure | undefined> {
    const { signal } = asking.context;
    const tasks = this.#tasks.values();
    // The policy adds its own minimum; where that is less than ours, the rest is part of the need.
    const resolved = resolveCleanupPolicy(this.#tools.config.cleanup, { policy });
    const { minFree } = resolved;
    const addedBytes = minFree === undefined || disk === undefined ? 0 : freeSpaceBytes(minFree.low, disk);
    const needBytes = asking.need.bytes + others.heldBytes + Math.max(0, minFreeBytes - addedBytes);
    const options = { nowMs: Date.now(), signal, tasks, needBytes };
    const observed = await observeForClean(this.#tools, {}, options);
    if (!observed.ok) return observed.failure;
    const { observation, scope } = observed.value;
    const plan = planCleanup(observation, resolved, scope);
    const { result, failure } = await executeCleanup(engine, plan, observation, silentContext(signal));
    const freed = formatByteSize(Math.max(0, result.physicalBytes ?? result.accountedBytes));
    const done = `the ${policy} clean-up removed ${result.removed.length} items and freed ${freed}`;
    asking.tried.push(done);
    tell(asking, done);
    // Not even a full disk keeps the engine from pruning its cache, but it may keep it from removing images.
    return failure?.reason === "no-space" ? undefined : failure;
  }

  #room(engine: Engine, asking: Asking, reservation: HeldReservation | undefined, again: boolean): Room {
    return {
      leave: () => this.#release(reservation),
      recover: (failure, context) => {
        if (again || failure.reason !== "no-space") return undefined;
        return this.#recover(engine, asking, reservation, context);
      },
    };
  }

  /**
   * After a build that ran out of space: what it had was too little, so it asks for all that is free now and what it was thought to need.
   * That makes the clean-ups begin; in the end it may try alone.
   */
  async #recover(
    engine: Engine,
    { task, need }: Asking,
    reservation: HeldReservation | undefined,
    context: RoomContext,
  ): Promise<RoomResult> {
    this.#release(reservation);
    await Promise.all(this.#releases);
    context.waiting("the build ran out of disk space; making room to try once more");
    const disk = await engineDiskFree(engine, { signal: context.signal });
    if (!disk.ok) return disk;
    const bytes = need.bytes + (disk.value?.freeBytes ?? 0);
    // In the end it is tried whatever is free.
    const least = { bytes, basis: "guessed", leastBytes: Number.NEGATIVE_INFINITY } as const;
    return await this.#find(engine, task, least, context, true);
  }

  #release(reservation: HeldReservation | undefined): void {
    if (reservation === undefined) return;
    const released = this.#giveBack(reservation);
    this.#releases.add(released);
    void released.finally(() => this.#releases.delete(released));
  }

  async #giveBack(reservation: HeldReservation): Promise<void> {
    await reservation.release();
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }
}

function entersBy(step: RoomStep): step is "enter" | "enter-alone" {
  return step === "enter" || step === "enter-alone";
}

/** What a clean-up does for a task that has not begun is told by its result alone. */
function silentContext(signal: AbortSignal): TaskContext {
  return { signal, attempt: 1, outputs: () => undefined, lookUp: () => undefined, report: () => undefined };
}

function nextStep(asking: Asking, { disk, minFreeBytes, others }: DiskLook): RoomStep {
  if (disk === undefined) return "enter";
  const count = others.held + others.ahead;
  if (count < asking.others && asking.others !== Infinity) asking.cleanedNormally = false;
  asking.others = count;
  return nextRoomStep(asking.need, {
    roomBytes: disk.freeBytes - minFreeBytes - others.heldBytes - others.aheadBytes,
    others: count,
    ahead: others.ahead,
    cleanedNormally: asking.cleanedNormally,
    cleanedAggressively: asking.cleanedAggressively,
  });
}

/** Free space changes all the time: told again only when something else does. */
function tell(asking: Asking, text: string, how?: "parked"): void {
  const gist = text.replace(/, [^,]* are free,/, ",");
  if (gist === asking.told) return;
  asking.told = gist;
  asking.context.waiting(text, how);
}

/** Ends when a build of this process gives room back, when it is time to look at those of others, or when the signal aborts. */
async function untilChange(changed: Promise<void>, signal: AbortSignal): Promise<void> {
  const looked = new AbortController();
  const timer = delay(LOOK_MS, undefined, { signal: AbortSignal.any([signal, looked.signal]) }).catch(() => undefined);
  await Promise.race([changed, timer]);
  looked.abort();
}
