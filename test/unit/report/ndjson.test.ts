import { describe, expect, it } from "vitest";
import { parseEvents, serializeEvent } from "../../../src/report/ndjson.ts";
import { typicalRun } from "../../rig/event-script.ts";

const events = typicalRun();
const recorded = events.map(serializeEvent).join("");

describe("parseEvents", () => {
  it("gives back what was written, one event a line, the version in the first", async () => {
    expect(recorded.split("\n")).toHaveLength(events.length + 1);
    expect(JSON.parse(recorded.split("\n")[0] ?? "")).toMatchObject({ type: "run-started", version: 1 });
    expect(await parseEvents(recorded)).toEqual({ ok: true, events, unreadableLines: 0 });
  });

  it("leaves out a half-written last line", async () => {
    const parsed = await parseEvents(recorded.slice(0, -20));
    expect(parsed).toEqual({ ok: true, events: events.slice(0, -1), unreadableLines: 1 });
  });

  it("leaves out a line torn by a full disk and goes on after it", async () => {
    const lines = recorded.split("\n");
    lines[3] = (lines[3] ?? "").slice(0, 30);
    const parsed = await parseEvents(lines.join("\n"));
    expect(parsed).toMatchObject({ ok: true, unreadableLines: 1, events: { length: events.length - 1 } });
  });

  it("leaves out JSON that is no event", async () => {
    const parsed = await parseEvents(
      `${recorded}{"type":"task-started","task":5}\n{"type":"unheard-of","atMs":1}\n[]\nnull\n`,
    );
    expect(parsed).toMatchObject({ ok: true, unreadableLines: 4, events: { length: events.length } });
  });

  it("refuses a newer version with what to do", async () => {
    const newer = recorded.replace('"version":1', '"version":2');
    expect(await parseEvents(newer)).toEqual({
      ok: false,
      problem: "The events are of version 2; this orchestrate reads up to version 1: use the newer one",
    });
  });

  it("refuses what is no record of a run", async () => {
    for (const text of ["", "hello\n", "{}\n", recorded.split("\n").slice(1).join("\n")]) {
      expect(await parseEvents(text)).toEqual({ ok: false, problem: expect.stringContaining("no record of a run") });
    }
  });
});
