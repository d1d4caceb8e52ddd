import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import type { RunEvent } from "../model/event.ts";
import { createGithubReporter } from "../report/github.ts";
import { renderJsonResult } from "../report/json.ts";
import { serializeEvent } from "../report/ndjson.ts";
import { createPlainReporter } from "../report/plain.ts";
import { fanOut } from "../report/reporter.ts";
import type { NamedReporter, Reporter } from "../report/reporter.ts";
import { createRunLog } from "../report/run-log.ts";
import { foldRun } from "../report/run-view.ts";
import { summarizeRun } from "../report/summary.ts";
import { renderSummaryMarkdown } from "../report/summary-markdown.ts";
import type { Options } from "./command-declaration.ts";
import { wantsColor } from "./surroundings.ts";
import type { OutputStream, Surroundings } from "./surroundings.ts";

/** How a run's progress is shown. */
type ProgressKind = "live" | "plain" | "github" | "ndjson" | "silent";

/** What a run's reporters need. */
export interface ReportingSetup {
  /** The project directory. */
  readonly directory: string;
  readonly options: Options;
  readonly surroundings: Surroundings;
  /** Writes the run to the store. */
  readonly recorder: Reporter;
}

/**
 * The reporters of a run: its log directory, the store, the progress that the user asked for, and with `--json` the result
 * on standard output. One that fails is told once on standard error and never stops the run.
 */
export async function openReporters({
  directory,
  options,
  surroundings,
  recorder,
}: ReportingSetup): Promise<Required<Reporter>> {
  const json = options.flag("json");
  const reporters: NamedReporter[] = [
    { name: "run log", reporter: createRunLog(directory) },
    { name: "store", reporter: recorder },
  ];
  const progress = await createProgress(progressKind(options, surroundings), options, surroundings);
  if (progress !== undefined) reporters.push({ name: "progress", reporter: progress });
  if (surroundings.env["GITHUB_STEP_SUMMARY"] !== undefined) {
    reporters.push({ name: "job summary", reporter: createJobSummary(surroundings.env["GITHUB_STEP_SUMMARY"]) });
  }
  if (json) reporters.push({ name: "result", reporter: createJsonResult(surroundings.stdout) });
  return fanOut(reporters, (name, error) => {
    surroundings.stderr.write(
      `warning: the ${name} cannot be written: ${error instanceof Error ? error.message : String(error)}\n`,
    );
  });
}

/** `auto` is live on a terminal, annotations in GitHub Actions, else plain; a script that reads `--json` sees no progress. */
function progressKind(options: Options, { env, stdout }: Surroundings): ProgressKind {
  const named = options.text("reporter");
  if (named === "live" || named === "plain" || named === "github" || named === "ndjson" || named === "silent")
    return named;
  if (options.flag("json")) return "silent";
  if (env["GITHUB_ACTIONS"] === "true") return "github";
  return stdout.isTerminal && env["TERM"] !== "dumb" && (env["CI"] ?? "") === "" ? "live" : "plain";
}

async function createProgress(
  kind: ProgressKind,
  options: Options,
  surroundings: Surroundings,
): Promise<Reporter | undefined> {
  const stream = options.flag("json") ? surroundings.stderr : surroundings.stdout;
  const color = wantsColor(stream, surroundings.env);
  const write = (text: string): void => stream.write(text);
  const output = options.flag("verbose") ? "all" : "normal";
  switch (kind) {
    case "plain":
      return createPlainReporter({ color, output }, write);
    case "github":
      return createGithubReporter({ color, stopToken: randomUUID() }, write);
    case "ndjson":
      return { onEvent: (event) => write(serializeEvent(event)) };
    case "live": {
      const { createLiveReporter } = await import("../report/live.ts");
      return createLiveReporter({ color, stdout: stream.terminal(), stderr: surroundings.stderr.terminal() });
    }
    case "silent":
      return undefined;
  }
}

function createJobSummary(file: string): Reporter {
  const fold = foldRun();
  return {
    onEvent(event) {
      fold.advance(event);
      if (event.type === "run-finished") appendFileSync(file, renderSummaryMarkdown(summarizeRun(fold.view)));
    },
  };
}

function createJsonResult(stream: OutputStream): Reporter {
  const fold = foldRun();
  return {
    onEvent(event: RunEvent) {
      fold.advance(event);
      if (event.type === "run-finished") stream.write(`${JSON.stringify(renderJsonResult(fold.view), undefined, 2)}\n`);
    },
  };
}
