import { describe, expect, it } from "vitest";
import {
  identifyHolder,
  isForsaken,
  isReservation,
  parseReservation,
  RESERVATION_TTL_MS,
  reservationLabels,
} from "../../../src/docker/reservation-record.ts";
import type { ReservationRecord } from "../../../src/docker/reservation-record.ts";

const here = { host: "h", user: "u", bootId: "boot", processNamespace: "ns" };
const self = { ...here, processId: process.pid, startTime: "" };
const record: ReservationRecord = { id: "a", kind: "held", runId: "r", bytes: 5, sinceMs: 7, holder: self };

describe("a reservation", () => {
  it("comes back from the labels of its volume as it went in, with the time since its renewal", () => {
    const labels = reservationLabels(record);
    const entry = { Name: "v", Labels: labels, CreatedAt: "2026-11-24T00:00:00Z" };
    const engineNowMs = Date.UTC(2026, 10, 24, 0, 0, 12);
    expect(parseReservation(entry, engineNowMs)).toEqual({ volume: "v", record, silentMs: 12_000 });
    expect(isReservation(labels)).toBe(true);
    expect(isReservation({ other: "x" })).toBe(false);
  });

  it("of a newer orchestrate or of nobody is none that can be read", () => {
    const labels = { "dev.orchestrate.reservation": "x", "dev.orchestrate.reservation.of": '{"kind":"leased"}' };
    expect(parseReservation({ Name: "v", Labels: labels }, 0).record).toBeUndefined();
  });

  it.each([
    ["by a process that runs", record, 0, false],
    ["by one that ended here", { ...record, holder: { ...self, processId: 2 ** 22 + 1 } }, 0, true],
    [
      "by one elsewhere that was heard of",
      { ...record, holder: { ...self, bootId: "b", processId: 1 } },
      30_000,
      false,
    ],
    [
      "by one elsewhere that fell silent",
      { ...record, holder: { ...self, bootId: "b" } },
      RESERVATION_TTL_MS + 1,
      true,
    ],
    // Stopped, or hung: a renewal takes nothing else.
    ["by one that runs here and fell silent", record, RESERVATION_TTL_MS + 1, true],
    ["by nobody can tell whom", undefined, 0, false],
    ["by nobody can tell whom, long ago", undefined, RESERVATION_TTL_MS + 1, true],
  ])("held %s", (_, held, silentMs, forsaken) => {
    expect(isForsaken({ volume: "v", record: held, silentMs }, here)).toBe(forsaken);
  });

  it("names this process as its holder", () => {
    expect(identifyHolder()).toMatchObject({ processId: process.pid });
  });
});
