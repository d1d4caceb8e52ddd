import { randomBytes } from "node:crypto";
import type { RunInProgress } from "../model/cleanup.ts";
import type { Result } from "../model/failure.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { encodeFilters } from "./engine-query.ts";
import { listAt, parseJson } from "./json-value.ts";
import {
  identifyHolder,
  isForsaken,
  parseReservation,
  RESERVATION_LABEL,
  reservationLabels,
} from "./reservation-record.ts";
import type { ReservationKind, ReservationRecord } from "./reservation-record.ts";

/** How often a holder shows that it lives: most builds end before. */
const RENEW_MS = 20_000;
/** Renewing and giving back take 5 ms; an engine that hangs keeps nobody from ending, and others remove what is left. */
const ANSWER_TIMEOUT_MS = 3_000;

/** What others have, or are to have first. */
export interface OtherReservations {
  /** Builds that may be writing now, and how much they may write at most. */
  readonly held: number;
  readonly heldBytes: number;
  /** Builds that waited before. */
  readonly ahead: number;
  readonly aheadBytes: number;
}

/** A right to write so many bytes. */
export interface HeldReservation {
  /** Gives it back. Never fails: what cannot be removed now is removed by others later. */
  release(): Promise<void>;
}

/** What became of an attempt to reserve; the others as they were then. */
export type ReservationAttempt = { readonly others: OtherReservations; readonly reservation?: HeldReservation };

/** Whether the bytes fit beside those of others; asked after the others were listed, so that what they wrote by then is seen. */
export type FitBeside = (others: OtherReservations) => Promise<boolean>;

/** Somebody who wants to reserve, until he does or gives up. */
export interface ReservationRequest {
  /** Tries once. Whoever is refused stands in the queue from then on. */
  attempt(fits: FitBeside): Promise<Result<ReservationAttempt>>;
  /** Leaves the queue. Never fails. */
  withdraw(): Promise<void>;
}

/** A volume of ours, whatever its name is after the last renewal. */
interface Entry {
  readonly record: ReservationRecord;
  volume: string;
  /** Renewal and removal, one after the other. */
  work: Promise<unknown>;
  removed: boolean;
}

/**
 * What builds may write on an engine's disk, seen by every orchestrate process that uses the engine, from wherever: each reservation is
 * an empty volume with labels, because making one takes no image and 2 ms, and is possible from everywhere.
 *
 * Never more is reserved than fits: who reserves first makes his reservation known, then looks at all others, and takes it back when they
 * do not fit together. Of two at the same time the one that looks last sees the other. Who is refused queues, and nobody who comes later
 * gets what would fit only without those in the queue.
 *
 *     refused ──► queued ──► held ──► released
 *        └───────────────────►┘  └─ holder gone ── removed by the next who looks
 */
export class EngineReservations implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #runId: string;
  readonly #holder = identifyHolder();
  readonly #entries = new Set<Entry>();
  #timer: NodeJS.Timeout | undefined;
  #registered: Promise<Result<void>> | undefined;

  /** Writes nothing to the engine yet. */
  constructor(engine: Engine, runId: string) {
    this.#engine = engine;
    this.#runId = runId;
  }

  /** Makes the run known, so that no clean-up takes what it made: once, however often it is called. */
  async register(options: EngineOptions = {}): Promise<Result<void>> {
    this.#registered ??= this.#register(options);
    const registered = await this.#registered;
    if (!registered.ok) this.#registered = undefined;
    return registered;
  }

  /** A request that stands in no queue yet. */
  request(bytes: number, options: EngineOptions = {}): ReservationRequest {
    let queued: Entry | undefined;
    const leaveQueue = async (): Promise<void> => {
      const entry = queued;
      queued = undefined;
      if (entry !== undefined) await this.#remove(entry);
    };
    return {
      attempt: async (fits) => {
        const before = await listReservations(this.#engine, options);
        if (!before.ok) return before;
        const since = queued?.record;
        let seen = countOthers(before.value.records, undefined, since);
        // Who stands in the queue has been refused; the others save a look.
        if (since === undefined || (await fits(seen))) {
          const held = await this.#create("held", bytes, before.value.engineNowMs, options);
          if (held.ok) {
            const others = await this.#confirm(held.value, since, fits, options);
            if (!others.ok) return others;
            if (others.value.reservation !== undefined) {
              await leaveQueue();
              return others;
            }
            seen = others.value.others;
          } else if (held.failure.reason !== "no-space") return held;
        }
        if (queued === undefined) {
          const entry = await this.#create("queued", bytes, before.value.engineNowMs, options);
          if (entry.ok) queued = entry.value;
          else if (entry.failure.reason !== "no-space") return entry;
        }
        return { ok: true, value: { others: seen } };
      },
      withdraw: leaveQueue,
    };
  }

  /** Gives everything back. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#entries].map((entry) => this.#remove(entry)));
  }

  /** Looks at the others once more, now that they can see this reservation; gives it back where they do not fit together. */
  async #confirm(
    entry: Entry,
    queued: ReservationRecord | undefined,
    fits: FitBeside,
    options: EngineOptions,
  ): Promise<Result<ReservationAttempt>> {
    const listed = await listReservations(this.#engine, options);
    if (!listed.ok) {
      await this.#remove(entry);
      return listed;
    }
    const others = countOthers(listed.value.records, entry.record.id, queued);
    if (await fits(others)) {
      return { ok: true, value: { others, reservation: { release: async () => await this.#remove(entry) } } };
    }
    await this.#remove(entry);
    return { ok: true, value: { others } };
  }

  async #register(options: EngineOptions): Promise<Result<void>> {
    const listed = await listReservations(this.#engine, options);
    if (!listed.ok) return listed;
    const created = await this.#create("run", 0, listed.value.engineNowMs, options);
    // On a full disk the builds themselves say what is to be done.
    return created.ok || created.failure.reason === "no-space" ? { ok: true, value: undefined } : created;
  }

  async #create(kind: ReservationKind, bytes: number, sinceMs: number, options: EngineOptions): Promise<Result<Entry>> {
    const record = { id: randomName(), kind, runId: this.#runId, bytes, sinceMs, holder: this.#holder };
    const created = await createVolume(this.#engine, record, options);
    if (!created.ok) return created;
    const entry = { record, volume: created.value, work: Promise.resolve(), removed: false };
    this.#entries.add(entry);
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.#renewAll(), RENEW_MS);
      this.#timer.unref();
    }
    return { ok: true, value: entry };
  }

  #renewAll(): void {
    for (const entry of this.#entries) entry.work = entry.work.then(async () => await this.#renew(entry));
  }

  /** Labels and dates of a volume never change: a new one takes its place before the old one goes. */
  async #renew(entry: Entry): Promise<void> {
    if (entry.removed) return;
    const created = await createVolume(this.#engine, entry.record, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    if (!created.ok) return;
    const { volume } = entry;
    entry.volume = created.value;
    await removeVolume(this.#engine, volume);
  }

  async #remove(entry: Entry): Promise<void> {
    if (entry.removed) return;
    entry.removed = true;
    this.#entries.delete(entry);
    await entry.work;
    await removeVolume(this.#engine, entry.volume);
  }
}

/** The runs that build on an engine now, of all processes that use it, ours included. Removes what those who are gone left behind. */
export async function listRunsInProgress(
  engine: Engine,
  options: EngineOptions = {},
): Promise<Result<readonly RunInProgress[]>> {
  const listed = await listReservations(engine, options);
  if (!listed.ok) return listed;
  const runs = new Map<string, { startedAtMs: number; reservedBytes: number }>();
  for (const { kind, runId, sinceMs, bytes } of listed.value.records.values()) {
    const run = runs.get(runId) ?? { startedAtMs: sinceMs, reservedBytes: 0 };
    runs.set(runId, run);
    run.startedAtMs = Math.min(run.startedAtMs, sinceMs);
    if (kind === "held") run.reservedBytes += bytes;
  }
  return { ok: true, value: Array.from(runs, ([runId, run]) => ({ runId, ...run })) };
}

/** All reservations of those who live, by id: while one is renewed it has two volumes. */
async function listReservations(
  engine: Engine,
  { signal }: EngineOptions = {},
): Promise<Result<{ readonly engineNowMs: number; readonly records: ReadonlyMap<string, ReservationRecord> }>> {
  const query = { filters: encodeFilters({ label: [RESERVATION_LABEL] }) };
  const answer = await engine.request({ method: "GET", path: "/volumes", query, signal });
  if (!answer.ok) return answer;
  const { date } = answer.value.headers;
  const dated = typeof date === "string" ? Date.parse(date) : Number.NaN;
  const engineNowMs = Number.isNaN(dated) ? Date.now() : dated;
  const here = identifyHolder();
  const records = new Map<string, ReservationRecord>();
  for (const entry of listAt(parseJson(answer.value.body.toString("utf8")), "Volumes")) {
    const listed = parseReservation(entry, engineNowMs);
    if (isForsaken(listed, here)) await removeVolume(engine, listed.volume);
    else if (listed.record !== undefined) records.set(listed.record.id, listed.record);
  }
  return { ok: true, value: { engineNowMs, records } };
}

/** `self` is none of the others; who has no place in the queue comes after everybody who has. */
function countOthers(
  records: ReadonlyMap<string, ReservationRecord>,
  self: string | undefined,
  queued: ReservationRecord | undefined,
): OtherReservations {
  const others = [...records.values()].filter(({ id }) => id !== self && id !== queued?.id);
  const held = others.filter(({ kind }) => kind === "held");
  const ahead = others.filter((other) => other.kind === "queued" && (queued === undefined || isBefore(other, queued)));
  return { held: held.length, heldBytes: sumBytes(held), ahead: ahead.length, aheadBytes: sumBytes(ahead) };
}

function isBefore(left: ReservationRecord, right: ReservationRecord): boolean {
  return left.sinceMs < right.sinceMs || (left.sinceMs === right.sinceMs && left.id < right.id);
}

function sumBytes(records: readonly ReservationRecord[]): number {
  return records.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function createVolume(
  engine: Engine,
  record: ReservationRecord,
  { signal }: EngineOptions = {},
): Promise<Result<string>> {
  const volume = `orchestrate-reservation-${randomName()}`;
  const body = { Name: volume, Labels: reservationLabels(record) };
  const created = await engine.request({ method: "POST", path: "/volumes/create", body, signal });
  return created.ok ? { ok: true, value: volume } : created;
}

/** Names are never used again, so never a later reservation is hit. What fails is tried again by the next who lists. */
async function removeVolume(engine: Engine, volume: string): Promise<void> {
  await engine.request({ method: "DELETE", path: `/volumes/${volume}`, timeoutMs: ANSWER_TIMEOUT_MS });
}

function randomName(): string {
  return randomBytes(8).toString("hex");
}
