import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldGithub } from "../../../src/report/github.ts";
import { foldPlain, createPlainReporter, renderPlain } from "../../../src/report/plain.ts";
import type { PlainOptions } from "../../../src/report/plain.ts";
import { parseEvents, serializeEvent } from "../../../src/report/ndjson.ts";
import { arbitraryRun } from "../../rig/arbitrary-events.ts";
import { typicalRun } from "../../rig/event-script.ts";

const ALL_OPTIONS: readonly PlainOptions[] = [
  { color: false, output: "normal" },
  { color: true, output: "normal" },
  { color: false, output: "all" },
  { color: true, output: "all" },
];

describe("replaying recorded events", () => {
  it("prints byte for byte what was printed, whatever happened in the run", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryRun, fc.constantFrom(...ALL_OPTIONS), async (events, options) => {
        let printed = "";
        let recorded = "";
        const reporter = createPlainReporter(options, (text) => {
          printed += text;
        });
        for (const event of events) {
          reporter.onEvent(event);
          recorded += serializeEvent(event);
        }
        const parsed = await parseEvents(recorded);
        expect(parsed).toEqual({ ok: true, events, unreadableLines: 0 });
        if (!parsed.ok) return;
        expect(Buffer.from(renderPlain(parsed.events, options))).toEqual(Buffer.from(printed));
      }),
      { numRuns: 300 },
    );
  });

  it("prints the beginning of a killed run as it was printed", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryRun, fc.nat(), async (events, cut) => {
        const options = { color: false, output: "normal" } as const;
        const recorded = events.map(serializeEvent).join("");
        const left = recorded.slice(0, Math.max(recorded.indexOf("\n") + 1, cut % recorded.length));
        const parsed = await parseEvents(left);
        if (!parsed.ok) throw new Error(parsed.problem);
        // The last line may lack nothing but its line end, and then it counts.
        expect(parsed.events).toEqual(events.slice(0, parsed.events.length));
        expect(parsed.events.length - (left.split("\n").length - 1)).toBeOneOf([0, 1]);
        expect(renderPlain(events, options).startsWith(renderPlain(parsed.events, options))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("moves no cursor and writes whole lines", () => {
    fc.assert(
      fc.property(arbitraryRun, fc.constantFrom(...ALL_OPTIONS), (events, options) => {
        const fold = foldPlain(options);
        for (const event of events) {
          const text = fold(event);
          // Colours are the only escape sequences, line feeds and tabs the only control characters.
          // oxlint-disable-next-line no-control-regex -- so are these
          const rest = text.replaceAll(/\u001B\[\d+m/g, options.color ? "" : "COLOR");
          // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
          expect(rest).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]|COLOR|undefined|\[object|NaN/);
          expect(text === "" || text.endsWith("\n")).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("GitHub text", () => {
  it("lets no output speak to the runner, and opens and closes every group", () => {
    const token = "b1946ac92492d2347c6235b4d2611184";
    fc.assert(
      fc.property(arbitraryRun, (events) => {
        const fold = foldGithub({ color: false, stopToken: token });
        expect(findBreaches(events.map(fold).join(""), token)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it("would be seen to leak a command", () => {
    expect(findBreaches("::set-env name=PATH::x\n", "t")).toHaveLength(1);
    expect(findBreaches("text ##[error]x\n", "t")).toHaveLength(1);
    expect(findBreaches("::group::a\n::group::b\n::endgroup::\n", "t")).toHaveLength(1);
    expect(findBreaches("::stop-commands::t\n::set-env name=PATH::x\n::t::\n", "t")).toEqual([]);
  });
});

/** What the runner would take for a command without it being one of ours, and groups that do not match. */
function findBreaches(text: string, token: string): readonly string[] {
  const breaches: string[] = [];
  let stopped = false;
  let grouped = false;
  for (const line of text.split("\n")) {
    if (stopped) {
      stopped = line !== `::${token}::`;
    } else if (line === `::stop-commands::${token}`) {
      stopped = true;
    } else if (line.startsWith("::group::") || line === "::endgroup::") {
      if (grouped === line.startsWith("::group::")) breaches.push(line);
      grouped = line.startsWith("::group::");
    } else if (!/^::(error|warning) (file=[^,:]*,line=\d+,col=\d+,)?title=[^,:]*::/.test(line)) {
      if (/^\s*::|##\[/.test(line)) breaches.push(line);
    }
  }
  return stopped || grouped ? [...breaches, "left open at the end"] : breaches;
}

describe("plain text of a typical run", () => {
  const lines = renderPlain(typicalRun(), { color: false, output: "normal" }).split("\n");

  it("tells starts, finished steps, ends with durations and facts, each under its task", () => {
    expect(lines.slice(0, 11)).toEqual([
      "run 20261123-210000-abcd: deploy-blue, 7 tasks, 4 at a time; logs in logs/docker/20261123-210000-abcd",
      "[make-room] clean started",
      "[make-room] remove image shop/frontend:old (61.2 MB) (40ms)",
      "[make-room] succeeded in 1.2s: freed 1.20 GB (predicted 1.31 GB) in 5 removals",
      "[images/frontend] build started",
      "[images/backend] build started",
      "[images/ml] build started",
      "[images/frontend] [builder 3/5] RUN npm ci (3.0s)",
      "[images/backend] attempt 1 failed: A connection failed: connect ECONNRESET 10.0.0.1:443; trying again in 5.0s",
      "[images/frontend] succeeded in 7.8s: 58.1 MB, 12 of 15 steps cached",
      "[images/backend] build started (attempt 2)",
    ]);
  });

  it("mentions what has been running for long, and what ran when a task failed", () => {
    expect(lines).toContain("[images/ml] [builder 3/5] RUN npm ci: running for 10.8s");
    expect(lines).toContain("[images/ml] was running: [builder 3/5] RUN npm ci");
  });

  it("leaves cached and internal steps and a build's log to the log file, unless all is wanted", () => {
    expect(lines.join("\n")).not.toMatch(/internal|cached\)|added 312 packages/);
    const all = renderPlain(typicalRun(), { color: false, output: "all" }).split("\n");
    expect(all).toContain("[images/frontend] [internal] load build definition from Dockerfile (20ms)");
    expect(all).toContain("[images/frontend] [builder 1/5] FROM docker.io/library/node:24 (cached)");
    expect(all).toContain("[images/frontend] added 312 packages in 3s");
    expect(all).toContain("[images/ml] Downloading torch 90%");
  });

  it("ends with the summary, what decides last", () => {
    const summary = lines.slice(lines.indexOf("Tasks"));
    expect(summary).toContain("  succeeded  images/backend    12.8s  attempt 2");
    expect(summary).toContain("  blocked    release@blue             by check-images");
    expect(summary).toContain("  backend    810 MB   of 750 MB  [====================]  108 %  over");
    expect(summary).toContain("  freed 1.20 GB (predicted 1.31 GB) in 5 removals");
    expect(summary.indexOf("Failed, but does not count: images/ml")).toBeLessThan(
      summary.indexOf("Failed: check-images"),
    );
    expect(summary.slice(-3)).toEqual([
      "deploy-blue failed in 1m 15s: 3 succeeded, 2 failed, 1 blocked, 1 skipped",
      "Logs: logs/docker/20261123-210000-abcd",
      "",
    ]);
  });
});
