import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseEvents, serializeEvent } from "../../../src/report/ndjson.ts";
import { renderPlain } from "../../../src/report/plain.ts";
import { createRunLog } from "../../../src/report/run-log.ts";
import { pruneRunLogs } from "../../../src/report/run-log-pruning.ts";
import { typicalRun } from "../../rig/event-script.ts";

let project = "";
beforeEach(() => {
  project = mkdtempSync(path.join(tmpdir(), "orchestrate-log-"));
});
afterEach(() => {
  rmSync(project, { recursive: true, force: true });
});

const RUN = "20261123-210000-abcd";
const HOUR_MS = 3_600_000;

function read(...names: readonly string[]): string {
  return readFileSync(path.join(project, "logs", "docker", ...names), "utf8");
}

describe("createRunLog", () => {
  it("writes each event before the call returns, so that a kill loses nothing that was told", async () => {
    const log = createRunLog(project);
    const printed = new Map<string, string>();
    let expected = "";
    for (const event of typicalRun()) {
      log.onEvent(event);
      expected += serializeEvent(event);
      expect(read(RUN, "events.ndjson")).toBe(expected);
      if (event.type === "task-output") printed.set(`${event.task.replace("/", ".")}.log`, event.line);
      for (const [name, line] of printed) expect(read("latest", name)).toContain(line);
    }
    await log.end();
  });

  it("leaves a directory with the events, a log for each task that printed or failed, and the summaries", async () => {
    const log = createRunLog(project);
    for (const event of typicalRun()) log.onEvent(event);
    await log.end();
    expect(readdirSync(path.join(project, "logs", "docker", RUN)).toSorted()).toEqual([
      "check-images.log",
      "events.ndjson",
      "images.backend.log",
      "images.frontend.log",
      "images.ml.log",
      "summary.json",
      "summary.md",
      "summary.txt",
    ]);
    expect(readlinkSync(path.join(project, "logs", "docker", "latest"))).toBe(RUN);
    expect(read(RUN, "images.ml.log").split("\n")).toEqual([
      "\u001B[2K\rDownloading torch 10%\rDownloading torch 90%",
      expect.stringMatching(/^--- The build of ml failed at/),
      "",
    ]);
    expect(read(RUN, "images.backend.log")).toBe("--- attempt 1 failed (network); trying again ---\n");
    const events = await parseEvents(read(RUN, "events.ndjson"));
    if (!events.ok) throw new Error(events.problem);
    const printed = renderPlain(events.events, { color: false, output: "normal" });
    expect(printed.endsWith(read(RUN, "summary.txt"))).toBe(true);
    expect(read(RUN, "summary.md")).toMatch(/^## deploy-blue failed in 1m 15s/);
    expect(JSON.parse(read(RUN, "summary.json"))).toMatchObject({ version: 1, run: RUN, status: "failed" });
  });

  it("points `latest` to the newest run and leaves somebody else's `latest` alone", async () => {
    const [started] = typicalRun();
    if (started?.type !== "run-started") throw new Error("no run-started");
    for (const id of ["20261123-210000-aaaa", "20261123-210100-bbbb"]) {
      const log = createRunLog(project);
      log.onEvent({ ...started, runId: id, logDirectory: `logs/docker/${id}` });
      await log.end();
      expect(readlinkSync(path.join(project, "logs", "docker", "latest"))).toBe(id);
    }
    rmSync(path.join(project, "logs", "docker", "latest"));
    mkdirSync(path.join(project, "logs", "docker", "latest"));
    const log = createRunLog(project);
    log.onEvent(started);
    await log.end();
    expect(readdirSync(path.join(project, "logs", "docker", "latest"))).toEqual([]);
    expect(existsSync(path.join(project, "logs", "docker", RUN, "events.ndjson"))).toBe(true);
    expect(readdirSync(path.join(project, "logs", "docker")).filter((name) => name.startsWith("latest."))).toEqual([]);
  });

  it("throws where nothing can be written", () => {
    writeFileSync(path.join(project, "logs"), "a file");
    const [started] = typicalRun();
    if (started === undefined) throw new Error("no event");
    expect(() => createRunLog(project).onEvent(started)).toThrow(/ENOTDIR|EEXIST/);
  });
});

describe("pruneRunLogs", () => {
  const NOW_MS = Date.UTC(2026, 10, 23, 22);
  const names = [0, 1, 2, 3, 4].map((index) => `2026112${index}-120000-abcd`);

  function logs(): string {
    return path.join(project, "logs", "docker");
  }

  function makeRun(name: string, ageMs: number): void {
    mkdirSync(path.join(logs(), name), { recursive: true });
    const file = path.join(logs(), name, "events.ndjson");
    writeFileSync(file, "{}\n");
    utimesSync(file, (NOW_MS - ageMs) / 1_000, (NOW_MS - ageMs) / 1_000);
  }

  it("removes the oldest beyond the count that are old enough", () => {
    for (const [index, name] of names.entries()) makeRun(name, (5 - index) * 24 * HOUR_MS);
    expect(pruneRunLogs(logs(), { keepRuns: 2, maxAgeMs: 84 * HOUR_MS }, NOW_MS)).toEqual({
      removed: [names[1], names[0]],
      failed: [],
    });
    expect(readdirSync(logs()).toSorted()).toEqual(names.slice(2));
  });

  it("keeps at least one, whatever was asked, and what wrote within the last hour", () => {
    for (const name of names) makeRun(name, HOUR_MS / 2);
    expect(pruneRunLogs(logs(), { keepRuns: 0, maxAgeMs: 0 }, NOW_MS).removed).toEqual([]);
    for (const name of names) makeRun(name, 2 * HOUR_MS);
    expect(pruneRunLogs(logs(), { keepRuns: 0, maxAgeMs: 0 }, NOW_MS).removed).toHaveLength(4);
    expect(readdirSync(logs())).toEqual([names[4]]);
  });

  it("never touches links, foreign names, directories without events, nor what `latest` points to", () => {
    for (const name of names) makeRun(name, 2 * HOUR_MS);
    const outside = path.join(project, "outside");
    mkdirSync(outside);
    writeFileSync(path.join(outside, "events.ndjson"), "{}\n");
    utimesSync(path.join(outside, "events.ndjson"), 1, 1);
    symlinkSync(outside, path.join(logs(), "20200101-000000-link"));
    symlinkSync(names[0] ?? "", path.join(logs(), "latest"));
    mkdirSync(path.join(logs(), "keep-me"));
    mkdirSync(path.join(logs(), "20200101-000000-none"));
    expect(pruneRunLogs(logs(), { keepRuns: 1, maxAgeMs: 0 }, NOW_MS).removed).toEqual([names[3], names[2], names[1]]);
    expect(readdirSync(logs()).toSorted()).toEqual([
      "20200101-000000-link",
      "20200101-000000-none",
      names[0],
      names[4],
      "keep-me",
      "latest",
    ]);
    expect(existsSync(path.join(outside, "events.ndjson"))).toBe(true);
  });

  it("finds nothing where there is nothing", () => {
    expect(pruneRunLogs(logs(), { keepRuns: 1, maxAgeMs: 0 }, NOW_MS)).toEqual({ removed: [], failed: [] });
  });
});
