import { EVENT_VERSION } from "../model/event.ts";
import type { RunEvent } from "../model/event.ts";

/** An event as one line of NDJSON, line end included. The first line of a run carries the version. */
export function serializeEvent(event: RunEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** What recorded text holds. */
export type RecordedEvents =
  | {
      readonly ok: true;
      readonly events: readonly RunEvent[];
      /** Lines that are no events: half-written ones of a killed run or a full disk. They are left out. */
      readonly unreadableLines: number;
    }
  /** Not a record of events, or one of a newer version; the sentence says which. */
  | { readonly ok: false; readonly problem: string };

/**
 * Reads what {@link serializeEvent} wrote, also when the last line is half-written. A record of a newer version is refused,
 * since reading it with old eyes would show something else than what happened.
 */
export async function parseEvents(text: string): Promise<RecordedEvents> {
  const { parseEvent } = await import("./event-schema.ts");
  const events: RunEvent[] = [];
  let unreadableLines = 0;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const value = parseJson(line);
    const newer = newerVersion(value);
    if (newer !== undefined) {
      return {
        ok: false,
        problem: `The events are of version ${newer}; this orchestrate reads up to version ${EVENT_VERSION}: use the newer one`,
      };
    }
    const event = parseEvent(value);
    if (event === undefined) unreadableLines += 1;
    else events.push(event);
  }
  if (events[0]?.type !== "run-started") {
    return { ok: false, problem: "The file is no record of a run: it does not begin with a run-started event" };
  }
  return { ok: true, events, unreadableLines };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function newerVersion(value: unknown): number | undefined {
  if (typeof value !== "object" || value === null || !("type" in value) || !("version" in value)) return undefined;
  const { type, version } = value;
  return type === "run-started" && typeof version === "number" && version > EVENT_VERSION ? version : undefined;
}
