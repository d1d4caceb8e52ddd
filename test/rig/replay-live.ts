/**
 * Shows recorded or scripted events in the live view, at real speed, so that a person can look at it:
 *
 *     node test/rig/replay-live.ts [FILE.ndjson | typical | wide] [speed]
 *
 * Ctrl-C behaves as in the program: the first announces the cancellation, the second exits in the middle.
 */
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { RunEvent } from "../../src/model/event.ts";
import { createLiveReporter } from "../../src/report/live.ts";
import { parseEvents } from "../../src/report/ndjson.ts";
import { typicalRun, wideRun } from "./event-script.ts";

const [source = "typical", speed = "1"] = process.argv.slice(2);
const events = await loadScript(source);
const reporter = await createLiveReporter({ color: true, stdout: process.stdout, stderr: process.stderr });
let interrupts = 0;
process.on("SIGINT", () => {
  interrupts += 1;
  if (interrupts > 1) process.exit(130);
  reporter.onEvent({ atMs: Date.now(), type: "run-cancelling", because: "signal", signal: "SIGINT" });
});

const startMs = Date.now();
const firstMs = events[0]?.atMs ?? 0;
for (const event of events) {
  const dueMs = startMs + (event.atMs - firstMs) / Number(speed);
  if (dueMs > Date.now()) await wait(dueMs - Date.now());
  reporter.onEvent({ ...event, atMs: dueMs });
}
await reporter.end();

async function loadScript(name: string): Promise<readonly RunEvent[]> {
  if (name === "typical") return typicalRun();
  if (name === "wide") return wideRun(120);
  const recorded = await parseEvents(readFileSync(name, "utf8"));
  if (!recorded.ok) throw new Error(recorded.problem);
  return recorded.events;
}
