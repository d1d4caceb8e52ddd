import * as fc from "fast-check";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../../src/model/event.ts";
import { renderFrame } from "../../../src/report/live-frame.ts";
import type { FrameSurroundings } from "../../../src/report/live-frame.ts";
import { createPalette } from "../../../src/report/palette.ts";
import { foldRun } from "../../../src/report/run-view.ts";
import { arbitraryRun } from "../../rig/arbitrary-events.ts";
import { SCRIPT_START_MS, typicalRun, wideRun } from "../../rig/event-script.ts";

function around(over: Partial<FrameSurroundings> = {}): FrameSurroundings {
  return {
    columns: 80,
    rows: 24,
    nowMs: SCRIPT_START_MS,
    spinner: "*",
    unicode: false,
    palette: createPalette(false),
    lastLine: () => undefined,
    ...over,
  };
}

function frameAt(
  events: readonly RunEvent[],
  untilMs: number,
  over: Partial<FrameSurroundings> = {},
): readonly string[] {
  const fold = foldRun();
  for (const event of events) if (event.atMs <= SCRIPT_START_MS + untilMs) fold.advance(event);
  return renderFrame(fold.view, around({ nowMs: SCRIPT_START_MS + untilMs, ...over }));
}

describe("renderFrame", () => {
  it("shows a small graph whole: icons, elapsed time, the current step or the last line", () => {
    const lastLine = (task: string): string | undefined =>
      task === "images/frontend" ? "added 312 packages" : undefined;
    expect(frameAt(typicalRun(), 6_000, { lastLine })).toEqual([
      "deploy-blue  6s  1 of 7 tasks done, 3 running",
      "+ make-room           1.2s  freed 1.20 GB (predicted 1.31 GB) in 5 removals",
      "* images/frontend       4s  added 312 packages",
      "* images/backend        4s  attempt 1 failed (network), trying again soon",
      "* images/ml             4s  [builder 3/5] RUN npm ci 4s",
      ". check-images",
      ". release@blue",
      ". tell@blue",
    ]);
  });

  it("counts the time of a repeated task from its first attempt", () => {
    expect(frameAt(typicalRun(), 12_000)[3]).toBe("* images/backend       10s  attempt 2");
  });

  it("shows how tasks ended", () => {
    const frame = frameAt(typicalRun(), 75_000);
    expect(frame[0]).toBe("deploy-blue  1m 15s  7 of 7 tasks done, 0 running, 2 failed");
    expect(frame.slice(5)).toEqual([
      "x check-images       299ms  The image of backend is 810 MB, 60.0 MB (8 %) over…",
      "- release@blue              blocked by check-images",
      "- tell@blue                 skipped: if: success() does not hold",
    ]);
  });

  it("shows of a large graph what failed, what runs, and counts of the rest", () => {
    const frame = frameAt(wideRun(120), 11_000, { rows: 20 });
    expect(frame[0]).toMatch(/^deploy-blue {2}11s {2}56 of 120 tasks done, 8 running, 2 failed$/);
    expect(frame.filter((line) => line.startsWith("x "))).toHaveLength(2);
    expect(frame.filter((line) => line.startsWith("* "))).toHaveLength(8);
    expect(frame.at(-1)).toBe("  54 succeeded, 56 waiting");
    const small = frameAt(wideRun(120), 11_000, { rows: 8 });
    expect(small.length).toBeLessThanOrEqual(6);
    expect(small.at(-1)).toMatch(/more failed, .*more running/);
  });

  it("says that it is being cancelled", () => {
    const events = typicalRun().slice(0, 10);
    const cancelling: RunEvent = { atMs: SCRIPT_START_MS, type: "run-cancelling", because: "signal", signal: "SIGINT" };
    expect(frameAt([...events, cancelling], 2_000)[0]).toMatch(/; cancelling, once more to kill$/);
  });

  it("never is wider or higher than the terminal, and never moves the cursor", () => {
    const size = fc.integer({ min: 1, max: 100 });
    fc.assert(
      fc.property(arbitraryRun, fc.nat(), size, size, fc.boolean(), (events, cut, columns, rows, color) => {
        const fold = foldRun();
        for (const event of events.slice(0, (cut % events.length) + 1)) fold.advance(event);
        const lastLine = (): string => "printing";
        const frame = renderFrame(
          fold.view,
          around({ columns, rows, palette: createPalette(color), lastLine, nowMs: 1_700_000_100_000 }),
        );
        expect(frame.length).toBeLessThanOrEqual(Math.max(1, rows - 2));
        for (const line of frame) {
          const bare = stripVTControlCharacters(line);
          expect(bare.length).toBeLessThanOrEqual(Math.max(1, columns - 1));
          // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
          expect(bare).not.toMatch(/[\u0000-\u0008\u000A-\u001F]|undefined|NaN/);
        }
      }),
      { numRuns: 300 },
    );
  });
});
