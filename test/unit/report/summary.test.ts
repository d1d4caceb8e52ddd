import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../../src/model/event.ts";
import { describeFreed, describeSize, formatPercent } from "../../../src/report/fact-text.ts";
import { renderJsonResult } from "../../../src/report/json.ts";
import { createPalette } from "../../../src/report/palette.ts";
import { foldRun } from "../../../src/report/run-view.ts";
import type { RunView } from "../../../src/report/run-view.ts";
import { escapeMarkdown, renderSummaryMarkdown } from "../../../src/report/summary-markdown.ts";
import { renderSummaryText } from "../../../src/report/summary-text.ts";
import { summarizeRun } from "../../../src/report/summary.ts";
import { arbitraryRun } from "../../rig/arbitrary-events.ts";
import { typicalRun, wideRun } from "../../rig/event-script.ts";

function viewOf(events: readonly RunEvent[]): RunView {
  const fold = foldRun();
  for (const event of events) fold.advance(event);
  return fold.view;
}

const palette = createPalette(false);

describe("summarizeRun", () => {
  it("counts every task once, whatever happened", () => {
    fc.assert(
      fc.property(arbitraryRun, (events) => {
        const summary = summarizeRun(viewOf(events));
        const finished = Object.values(summary.counts).reduce((sum, count) => sum + count, 0);
        expect(finished).toBe(summary.tasks.length);
        expect(summary.failures).toHaveLength(summary.counts.failed);
        expect(summarizeRun(viewOf(events.slice(0, -1)))).toMatchObject({
          status: "unfinished",
          counts: summary.counts,
        });
      }),
      { numRuns: 100 },
    );
  });

  it("merges what was built and what was measured of an image, and sums the bytes of all clean tasks", () => {
    const summary = summarizeRun(viewOf(typicalRun()));
    expect(summary.images).toEqual([
      { name: "frontend", sizeBytes: 58_100_000, limitBytes: 80_000_000 },
      { name: "backend", sizeBytes: 810_000_000, limitBytes: 750_000_000 },
    ]);
    expect(summary.space).toEqual({ predictedBytes: 1_310_000_000, accountedBytes: 1_204_000_000, removed: 5 });
    const finish = { type: "task-finished", durationMs: 1, status: "succeeded", outputs: {} } as const;
    const freed = { fact: "space-freed", predictedBytes: 1, accountedBytes: 2, removed: 3 } as const;
    const [started, ...rest] = typicalRun();
    if (started?.type !== "run-started") throw new Error("no run-started");
    const tasks = [...started.tasks, { id: "more-room", kind: "clean", needs: [] } as const];
    const more = viewOf([{ ...started, tasks }, ...rest, { atMs: 1, task: "more-room", ...finish, facts: [freed] }]);
    expect(summarizeRun(more).space).toEqual({
      predictedBytes: 1_310_000_001,
      accountedBytes: 1_204_000_002,
      removed: 8,
    });
  });

  it("tells what users saw of a deploy that failed", () => {
    const failure = {
      reason: "release-unhealthy",
      colour: "green",
      breach: "web restarted",
      lastLines: ["bang"],
    } as const;
    const facts = [{ fact: "traffic-served", live: "blue", requests: 1_204, failed: 7, retried: 12 }] as const;
    const [started] = typicalRun();
    if (started?.type !== "run-started") throw new Error("no run-started");
    const ending = { status: "failed", failure, continueOnError: false, facts } as const;
    const tasks = [{ id: "release", kind: "deploy", needs: [] } as const];
    const view = viewOf([
      { ...started, tasks },
      { atMs: 1, type: "task-finished", task: "release", durationMs: 1, ...ending },
    ]);
    const seen = "blue is live, 1204 requests seen and 7 failed, 12 more attempts failed and were repeated";
    expect(summarizeRun(view).failures[0]?.evidence).toEqual([seen, "bang"]);
  });

  it("says where the logs of a failure are and who is not to blame", () => {
    const { failures } = summarizeRun(viewOf(typicalRun()));
    expect(
      failures.map(({ task, reason, continueOnError, logFile }) => [task, reason, continueOnError, logFile]),
    ).toEqual([
      ["images/ml", "build-failed", true, "logs/docker/20261123-210000-abcd/images.ml.log"],
      ["check-images", "size-limit-exceeded", false, "logs/docker/20261123-210000-abcd/check-images.log"],
    ]);
  });
});

describe("renderSummaryText", () => {
  it("shows the failure that decides last, wherever it stands in the graph", () => {
    const [started] = typicalRun();
    if (started === undefined) throw new Error("no event");
    const failure = { reason: "image-missing", service: "x", reference: "x" } as const;
    const end = { atMs: 2, type: "task-finished", durationMs: 1, status: "failed", facts: [], failure } as const;
    const view = viewOf([
      started,
      { ...end, task: "make-room", continueOnError: false },
      { ...end, task: "images/ml", continueOnError: true },
    ]);
    expect(summarizeRun(view).failures.map(({ task }) => task)).toEqual(["images/ml", "make-room"]);
  });

  it("shows of a large run what did not succeed and the slowest", () => {
    const text = renderSummaryText(summarizeRun(viewOf(wideRun(1_000))), palette);
    const table = text.split("\n\n")[0]?.split("\n") ?? [];
    expect(table.filter((line) => line.startsWith("  failed"))).toHaveLength(30);
    expect(table.length).toBeLessThan(50);
    expect(table.at(-1)).toMatch(/^ {2}and 9\d\d more tasks$/);
  });

  it("tells an unfinished run apart, and an empty one", () => {
    const killed = viewOf(typicalRun().slice(0, 12));
    expect(renderSummaryText(summarizeRun(killed), palette)).toMatch(
      /deploy-blue did not finish; last seen after .*: 1 succeeded\n/,
    );
    expect(renderSummaryText(summarizeRun(viewOf([])), palette)).toContain("no task ended");
  });

  it("shows where an environment answers", () => {
    const facts = [
      { fact: "deployed", environment: "blue", project: "shop-blue", url: "http://127.0.0.1:8081/", containers: 3 },
    ] as const;
    const [started] = typicalRun();
    if (started === undefined) throw new Error("no event");
    const view = viewOf([
      started,
      { atMs: 1, type: "task-started", task: "release@blue", attempt: 1 },
      { atMs: 2, type: "task-finished", task: "release@blue", durationMs: 1, status: "succeeded", outputs: {}, facts },
    ]);
    expect(renderSummaryText(summarizeRun(view), palette)).toContain(
      "Deployed\n  blue  http://127.0.0.1:8081/  project shop-blue, 3 containers\n",
    );
    expect(renderSummaryMarkdown(summarizeRun(view))).toContain(
      "- Deployed blue: <http://127.0.0.1:8081/> (project shop-blue, 3 containers)",
    );
  });
});

describe("renderSummaryMarkdown", () => {
  it("holds the verdict, the failures with their evidence fenced, and the tables", () => {
    const text = renderSummaryMarkdown(summarizeRun(viewOf(typicalRun())));
    expect(text).toMatch(/^## deploy-blue failed in 1m 15s: 3 succeeded, 2 failed, 1 blocked, 1 skipped\n/);
    expect(text).toContain("### Failed: check-images\n");
    expect(text).toContain("```text\nshop/backend:latest: 810 MB of 750 MB (108 %), 60.0 MB over\n```");
    expect(text).toContain("| backend | 810 MB | 750 MB | 108 % **over** |");
    expect(text).toContain("- Space: freed 1.20 GB (predicted 1.31 GB) in 5 removals");
  });

  it("lets no task name or output break the table, the fence or the page", () => {
    expect(escapeMarkdown("a|b <img src=x> *c* `d` [e](f)\nx")).toBe(
      String.raw`a\|b &lt;img src=x&gt; \*c\* \`d\` \[e\](f) x`,
    );
    const [started] = typicalRun();
    if (started === undefined) throw new Error("no event");
    const evidence = { command: "x", exitCode: 1, lastLines: ["```", "<script>", "````"] };
    const text = renderSummaryMarkdown(
      summarizeRun(
        viewOf([
          started,
          {
            atMs: 2,
            type: "task-finished",
            task: "make-room",
            durationMs: 1,
            status: "failed",
            continueOnError: false,
            facts: [],
            failure: { reason: "command-failed", evidence },
          },
        ]),
      ),
    );
    expect(text).toContain("`````text\n$ x\n```\n<script>\n````\n(exit code 1)\n`````");
  });

  it("stays far below the 1 MiB of a job summary", () => {
    expect(renderSummaryMarkdown(summarizeRun(viewOf(wideRun(10_000)))).length).toBeLessThan(400_000);
  });
});

describe("renderJsonResult", () => {
  it("says of each task how it ended, with its data", () => {
    const result = renderJsonResult(viewOf(typicalRun()));
    expect(result).toMatchObject({
      version: 1,
      run: "20261123-210000-abcd",
      variants: ["deploy-blue"],
      status: "failed",
      startedAt: "2026-11-23T21:00:00.000Z",
      durationMs: 75_010,
      counts: { succeeded: 3, failed: 2, blocked: 1, skipped: 1, cancelled: 0 },
      logDirectory: "logs/docker/20261123-210000-abcd",
    });
    const tasks = Object.fromEntries(result.tasks.map((task) => [task.id, task]));
    expect(tasks["images/backend"]).toMatchObject({
      status: "succeeded",
      attempts: 2,
      outputs: {},
      facts: [{ fact: "image-built" }],
    });
    expect(tasks["check-images"]?.failure).toMatchObject({
      reason: "size-limit-exceeded",
      headline: expect.stringContaining("over its limit"),
      nextSteps: expect.any(Array),
      details: { images: [{ service: "backend" }] },
    });
    expect(tasks["release@blue"]).toMatchObject({ status: "blocked", blockedBy: ["check-images"], attempts: 0 });
    expect(tasks["tell@blue"]).toMatchObject({ status: "skipped", skippedBecause: "if: success() does not hold" });
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });
});

describe("sizes against limits", () => {
  it("shows 100 % only where the limit is reached, and more only where it is broken", () => {
    expect(formatPercent(999_999, 1_000_000)).toBe("99 %");
    expect(formatPercent(1_000_000, 1_000_000)).toBe("100 %");
    expect(formatPercent(1_000_001, 1_000_000)).toBe("101 %");
    expect(formatPercent(1, 0)).toBe("over");
    expect(describeSize(5_000_000, undefined)).toBe("5.00 MB");
  });
});

describe("describeFreed", () => {
  it("never calls it freed when the account grew because others built meanwhile", () => {
    expect(describeFreed({ accountedBytes: -110e6, predictedBytes: 928e6 })).toBe(
      "the engine's account grew by 110 MB meanwhile (predicted 928 MB to go)",
    );
  });

  it("tells predicted, accounted and physical bytes apart, and that others were at work", () => {
    const freed = { predictedBytes: 928e6, accountedBytes: 920e6, physicalBytes: 941e6 };
    expect(describeFreed(freed)).toBe("freed 920 MB (predicted 928 MB, the disk gained 941 MB)");
    expect(describeFreed({ ...freed, physicalBytes: -5e6, disturbance: { added: 1, removed: 2 } })).toBe(
      "freed 920 MB (predicted 928 MB, the disk lost 5.00 MB; meanwhile others added 1 object and removed 2)",
    );
  });

  it("sums up physical bytes only where all were measured", () => {
    const fact = { fact: "space-freed", predictedBytes: 1, accountedBytes: 2, removed: 3 } as const;
    const [started, ...rest] = typicalRun();
    if (started?.type !== "run-started") throw new Error("no run-started");
    const ids = ["one", "two"];
    const tasks = ids.map((id) => ({ id, kind: "clean", needs: [] }) as const);
    const ends = (facts: readonly { readonly physicalBytes?: number }[]) =>
      summarizeRun(
        viewOf([
          { ...started, tasks },
          ...facts.map((more, index) => ({
            atMs: 1,
            type: "task-finished" as const,
            task: ids[index] ?? "",
            durationMs: 1,
            status: "succeeded" as const,
            outputs: {},
            facts: [{ ...fact, ...more }],
          })),
          ...rest.slice(-1),
        ]),
      ).space?.physicalBytes;
    expect(ends([{ physicalBytes: 5 }, { physicalBytes: 7 }])).toBe(12);
    expect(ends([{ physicalBytes: 5 }, {}])).toBeUndefined();
  });
});
