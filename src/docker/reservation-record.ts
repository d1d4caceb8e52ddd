import type { ProcessIdentity } from "../model/journal.ts";
import { isRecord, numberAt, parseJson, recordAt, textAt, textMapAt, timeAt } from "./json-value.ts";
import { identifyProcess, identifySystem, isRunning, sharesSystem } from "./process-identity.ts";
import type { SystemIdentity } from "./process-identity.ts";

/** Marks the volumes that are reservations; its value is the {@link ReservationKind}. */
export const RESERVATION_LABEL = "dev.orchestrate.reservation";
/** The rest of the reservation, as JSON. */
const RECORD_LABEL = "dev.orchestrate.reservation.of";
/** A holder that gave no sign for so long is gone, or stopped: three renewals. */
export const RESERVATION_TTL_MS = 60_000;

/**
 * `run`: a run is in progress · `held`: a build may write so much · `queued`: a build waits for so much, and whoever comes later lets it
 * go first.
 */
export type ReservationKind = "run" | "held" | "queued";

/** Who reserves: a process that cannot be mistaken for another one. */
export type ReservationHolder = ProcessIdentity & SystemIdentity;

/** What a reservation says. Its volume may be renewed under another name, `id` stays. */
export interface ReservationRecord {
  readonly id: string;
  readonly kind: ReservationKind;
  readonly runId: string;
  readonly bytes: number;
  /** By the engine's clock, the only one that all holders have in common. */
  readonly sinceMs: number;
  readonly holder: ReservationHolder;
}

/** A reservation as the engine lists it. */
export interface ListedReservation {
  readonly volume: string;
  /** Undefined where it cannot be read: made by hand, or by a newer orchestrate. */
  readonly record: ReservationRecord | undefined;
  /** Since it was made or renewed, by the engine's clock. */
  readonly silentMs: number;
}

/** This process as a holder. */
export function identifyHolder(): ReservationHolder {
  const self = identifyProcess(process.pid) ?? { processId: process.pid, startTime: "" };
  return { ...self, ...identifySystem() };
}

/** Whether a volume with these labels is a reservation, and not a user's. */
export function isReservation(labels: Readonly<Record<string, string>>): boolean {
  return labels[RESERVATION_LABEL] !== undefined;
}

/** The labels of a reservation's volume. */
export function reservationLabels(record: ReservationRecord): Readonly<Record<string, string>> {
  return { [RESERVATION_LABEL]: record.kind, [RECORD_LABEL]: JSON.stringify(record) };
}

/** Reads an entry of `/volumes`. */
export function parseReservation(entry: unknown, engineNowMs: number): ListedReservation {
  const labels = textMapAt(entry, "Labels");
  return {
    volume: textAt(entry, "Name"),
    record: parseRecord(labels[RECORD_LABEL] ?? ""),
    silentMs: Math.max(0, engineNowMs - timeAt(entry, "CreatedAt")),
  };
}

/**
 * Whether whoever holds it is gone: its process ended, where that can be known here; and everywhere, when it was silent for
 * {@link RESERVATION_TTL_MS}. So neither a killed nor a stopped process holds anybody up.
 */
export function isForsaken({ record, silentMs }: ListedReservation, here: SystemIdentity): boolean {
  if (silentMs > RESERVATION_TTL_MS) return true;
  return record !== undefined && sharesSystem(record.holder, here) && !isRunning(record.holder);
}

function parseRecord(text: string): ReservationRecord | undefined {
  const value = parseJson(text);
  if (!isRecord(value)) return undefined;
  const kind = textAt(value, "kind");
  if (kind !== "run" && kind !== "held" && kind !== "queued") return undefined;
  const holder = recordAt(value, "holder");
  return {
    id: textAt(value, "id"),
    kind,
    runId: textAt(value, "runId"),
    bytes: numberAt(value, "bytes"),
    sinceMs: numberAt(value, "sinceMs"),
    holder: {
      processId: numberAt(holder, "processId"),
      startTime: textAt(holder, "startTime"),
      host: textAt(holder, "host"),
      user: textAt(holder, "user"),
      bootId: textAt(holder, "bootId"),
      processNamespace: textAt(holder, "processNamespace"),
    },
  };
}
