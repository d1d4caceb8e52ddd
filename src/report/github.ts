import type { Diagnostic } from "../model/diagnostic.ts";
import type { RunEvent } from "../model/event.ts";
import type { SourceLocation } from "../model/location.ts";
import { foldPlainLines } from "./plain.ts";
import type { Reporter } from "./reporter.ts";
import { foldRun } from "./run-view.ts";
import type { RunView, TaskView } from "./run-view.ts";
import { explainTask } from "./summary.ts";

/** What the caller decides about the text for GitHub Actions. */
export interface GithubOptions {
  readonly color: boolean;
  /**
   * A word that no output can guess (random, at least 20 letters or digits). What tasks print stands between
   * `::stop-commands::` and it, so that no task can speak to the runner.
   */
  readonly stopToken: string;
}

/** Lines of one task kept until its group is printed; the log file has them all. */
const LONGEST_GROUP = 1_000;

/**
 * The fold from events to what GitHub Actions shows: starts as they happen; when a task ends, its lines as one group (lines of
 * tasks that run at once would mix otherwise), an error annotation for its failure; at the end the summary.
 */
export function foldGithub(options: GithubOptions): (event: RunEvent) => string {
  const describe = foldPlainLines({ color: options.color, output: "all" });
  const { view, advance } = foldRun();
  const groups = new Map<string, string[]>();
  return (event) => {
    advance(event);
    let text = "";
    for (const line of describe(event)) {
      if (line.task === undefined) text += guarded([line.text], options.stopToken);
      else if (event.type === "task-started" || event.type === "task-waiting")
        text += guarded([`[${line.task}] ${line.text}`], options.stopToken);
      else keep(groups, line.task, line.text);
    }
    if (event.type === "task-finished") text += renderGroup(view, groups, event.task, options);
    return text;
  };
}

/** Writes the text as events come. */
export function createGithubReporter(options: GithubOptions, write: (text: string) => void): Reporter {
  const fold = foldGithub(options);
  return {
    onEvent(event) {
      const text = fold(event);
      if (text !== "") write(text);
    },
  };
}

/** An annotation for a problem in the user's files, shown at its line in the pull request. One line, line end included. */
export function renderDiagnosticAnnotation(diagnostic: Diagnostic): string {
  const hint = diagnostic.hint === undefined ? "" : `\n${diagnostic.hint}`;
  return annotation(diagnostic.severity, diagnostic.code, diagnostic.location, `${diagnostic.message}${hint}`);
}

function keep(groups: Map<string, string[]>, task: string, line: string): void {
  const lines = groups.get(task) ?? [];
  groups.set(task, lines);
  lines.push(line);
  // Cut rarely, not at each line: shift() of a long array costs.
  if (lines.length > 2 * LONGEST_GROUP) lines.splice(0, lines.length - LONGEST_GROUP);
}

function renderGroup(view: RunView, groups: Map<string, string[]>, id: string, options: GithubOptions): string {
  const lines = groups.get(id) ?? [];
  groups.delete(id);
  const title = lines.pop() ?? "";
  const task = view.tasks.get(id);
  const shown = lines.slice(-LONGEST_GROUP);
  const head = guarded([`[${id}] ${title}`], options.stopToken);
  const body =
    shown.length === 0
      ? head
      : `::group::${escapeData(`${id} log`)}\n${guarded(shown, options.stopToken)}::endgroup::\n${head}`;
  return body + (task === undefined ? "" : failureAnnotation(view, task));
}

function failureAnnotation(view: RunView, task: TaskView): string {
  const explanation = explainTask(view, task);
  if (explanation === undefined || task.ending?.status !== "failed") return "";
  const message = [explanation.headline, ...explanation.nextSteps.map((step) => `next: ${step}`)].join("\n");
  const severity = task.ending.continueOnError ? "warning" : "error";
  return annotation(severity, `${task.id}: ${task.ending.failure.reason}`, task.location, message);
}

function annotation(
  severity: "error" | "warning",
  title: string,
  location: SourceLocation | undefined,
  message: string,
): string {
  const properties: [string, string | number | undefined][] = [
    ["file", location?.file],
    ["line", location?.line],
    ["endLine", location?.endLine],
    // A column is only valid where the annotation stays on one line.
    ["col", location?.endLine === undefined || location.endLine === location.line ? location?.column : undefined],
    ["title", title],
  ];
  const written = properties
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${escapeProperty(String(value))}`)
    .join(",");
  return `::${severity} ${written}::${escapeData(message)}\n`;
}

/** Lines that the runner must not read as commands. */
function guarded(lines: readonly string[], token: string): string {
  const risky = lines.some((line) => line.includes("::") || line.includes("##["));
  const text = `${lines.join("\n")}\n`;
  return risky ? `::stop-commands::${token}\n${text}::${token}::\n` : text;
}

/** The message of a workflow command, escaped as the runner unescapes it. */
export function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

/** A property of a workflow command, escaped as the runner unescapes it. */
export function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
