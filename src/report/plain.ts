import type { RunEvent, TaskStep } from "../model/event.ts";
import { formatDuration } from "../model/duration.ts";
import type { TaskId } from "../model/task.ts";
import { describeFact, plural } from "./fact-text.ts";
import { createPalette } from "./palette.ts";
import type { Palette } from "./palette.ts";
import { clip, printableLine, printableOutput } from "./printable.ts";
import type { Reporter } from "./reporter.ts";
import { factsOf, foldRun } from "./run-view.ts";
import type { RunView, TaskView } from "./run-view.ts";
import { explainAttempt, explainTask, summarizeRun } from "./summary.ts";
import { paintFor, renderSummaryText } from "./summary-text.ts";

/** How much the plain text says, and whether in colour. Both are the caller's decision. */
export interface PlainOptions {
  readonly color: boolean;
  /**
   * `normal`: starts, finished steps and ends of tasks, what still runs after a while, and the output of every kind but
   * `build` (a build's log is evidence when it fails). `all`: every step and every line.
   */
  readonly output: "normal" | "all";
}

/** A line of text and the task it belongs to; none for what concerns the whole run. */
export interface PlainLine {
  readonly task?: TaskId;
  readonly text: string;
}

/** A step is first mentioned as running when another event comes this long after its start, and then each minute. */
const MENTION_AFTER_MS = 10_000;
const MENTION_AGAIN_MS = 60_000;
const LONGEST_STEP = 160;

/**
 * The fold from events to text. The text depends on the options and the events so far and on nothing else (no clock, no
 * environment, no file), so replaying recorded events gives the bytes that were printed. Each call returns whole lines, or "".
 */
export function foldPlain(options: PlainOptions): (event: RunEvent) => string {
  const palette = createPalette(options.color);
  const describe = foldPlainLines(options);
  return (event) => {
    let text = "";
    for (const line of describe(event)) {
      text +=
        line.task === undefined ? `${line.text}\n` : `${palette.cyan(`[${printableLine(line.task)}]`)} ${line.text}\n`;
    }
    return text;
  };
}

/** All the text of a recorded run. */
export function renderPlain(events: Iterable<RunEvent>, options: PlainOptions): string {
  const fold = foldPlain(options);
  let text = "";
  for (const event of events) text += fold(event);
  return text;
}

/** Writes the text as events come. */
export function createPlainReporter(options: PlainOptions, write: (text: string) => void): Reporter {
  const fold = foldPlain(options);
  return {
    onEvent(event) {
      const text = fold(event);
      if (text !== "") write(text);
    },
  };
}

/** As {@link foldPlain}, line by line with the task apart, for reporters that group lines. */
export function foldPlainLines(options: PlainOptions): (event: RunEvent) => readonly PlainLine[] {
  const { view, advance } = foldRun();
  const palette = createPalette(options.color);
  const mentions = new Map<string, number>();
  return (event) => {
    const before = event.type === "task-finished" ? runningNames(view.tasks.get(event.task)) : [];
    advance(event);
    const mentioned = mentionRunning(view, mentions);
    return [...mentioned, ...describeEvent(view, event, before, palette, options)];
  };
}

function describeEvent(
  view: RunView,
  event: RunEvent,
  before: readonly string[],
  palette: Palette,
  options: PlainOptions,
): readonly PlainLine[] {
  switch (event.type) {
    case "run-started":
      return [{ text: describeStart(view) }];
    case "task-waiting":
      return [{ task: event.task, text: palette.yellow(printableLine(`waiting: ${event.because}`)) }];
    case "task-started":
      return [
        {
          task: event.task,
          text: `${view.tasks.get(event.task)?.kind ?? "task"} started${attemptNote(event.attempt)}`,
        },
      ];
    case "task-step":
      return describeStep(event.task, event.step, options);
    case "task-output":
      if (options.output === "normal" && view.tasks.get(event.task)?.kind === "build") return [];
      return [{ task: event.task, text: printableOutput(event.line) }];
    case "task-retrying":
      return [{ task: event.task, text: palette.yellow(describeRetry(view, event)) }];
    case "task-finished":
      return describeEnd(view, event.task, before, palette);
    case "run-cancelling":
      return [{ text: palette.yellow(describeCancelling(event)) }];
    case "run-finished":
      return [{ text: "" }, { text: renderSummaryText(summarizeRun(view), palette).trimEnd() }];
  }
}

function describeStart(view: RunView): string {
  const name = view.variants.length === 0 ? "" : `: ${view.variants.join(" + ")}`;
  return printableLine(
    `run ${view.runId}${name}, ${plural(view.tasks.size, "task")}, ${view.concurrency} at a time; logs in ${view.logDirectory}`,
  );
}

function attemptNote(attempt: number): string {
  return attempt > 1 ? ` (attempt ${attempt})` : "";
}

function describeStep(task: TaskId, step: TaskStep, options: PlainOptions): readonly PlainLine[] {
  if (options.output === "normal" && (step.state === "running" || step.state === "cached" || isInternal(step)))
    return [];
  const name = stepName(step);
  const duration = step.durationMs === undefined ? "" : ` (${formatDuration(step.durationMs)})`;
  switch (step.state) {
    case "running":
      return [{ task, text: `${name} …` }];
    case "cached":
      return [{ task, text: `${name} (cached)` }];
    case "done":
      return [{ task, text: `${name}${duration}` }];
    case "failed":
      return [{ task, text: `${name} failed${duration}` }];
  }
}

/** BuildKit's own errands, unless they fail. */
function isInternal(step: TaskStep): boolean {
  return step.state !== "failed" && step.name.startsWith("[internal]");
}

function stepName(step: TaskStep): string {
  return clip(printableLine(step.name), LONGEST_STEP);
}

function describeRetry(view: RunView, event: Extract<RunEvent, { type: "task-retrying" }>): string {
  const task = view.tasks.get(event.task);
  const headline = task === undefined ? event.failure.reason : explainAttempt(view, task, event.failure).headline;
  return `attempt ${event.attempt} failed: ${headline}; trying again in ${formatDuration(event.delayMs)}`;
}

function describeCancelling(event: Extract<RunEvent, { type: "run-cancelling" }>): string {
  if (event.because === "fail-fast") return "stopping after the first failure: ending what runs";
  return `cancelling${event.signal === undefined ? "" : ` on ${printableLine(event.signal)}`}: ending what runs (once more to kill it)`;
}

function describeEnd(view: RunView, id: TaskId, before: readonly string[], palette: Palette): readonly PlainLine[] {
  const task = view.tasks.get(id);
  if (task?.ending === undefined) return [];
  const left = task.ending.status === "succeeded" ? [] : before;
  return [
    ...left.map((name) => ({ task: id, text: `was running: ${name}` })),
    { task: id, text: endText(view, task, palette) },
  ];
}

function endText(view: RunView, task: TaskView, palette: Palette): string {
  const status = paintFor(task.status, palette)(task.status);
  const duration = formatDuration(task.durationMs ?? 0);
  switch (task.ending?.status) {
    case "succeeded": {
      const facts = factsOf(task).map(describeFact).join("; ");
      return `${status} in ${duration}${facts === "" ? "" : `: ${printableLine(facts)}`}`;
    }
    case "failed": {
      const note = task.ending.continueOnError ? " (continue_on_error: does not count)" : "";
      return `${status} after ${duration}${note}: ${explainTask(view, task)?.headline ?? ""}`;
    }
    case "cancelled":
      return task.startedAtMs === undefined ? status : `${status} after ${duration}`;
    case "blocked":
      return `${status} by ${printableLine(task.ending.by.join(", "))}`;
    case "skipped":
      return `${status}: ${printableLine(task.ending.because)}`;
    case undefined:
      return status;
  }
}

function runningNames(task: TaskView | undefined): readonly string[] {
  return task === undefined ? [] : Array.from(task.runningSteps.values(), ({ step }) => stepName(step));
}

/** Lines for steps that have been running for long. Looks at the running tasks only; time is that of the latest event. */
function mentionRunning(view: RunView, mentions: Map<string, number>): readonly PlainLine[] {
  const lines: PlainLine[] = [];
  for (const task of view.running) {
    for (const [id, { step, sinceMs }] of view.tasks.get(task)?.runningSteps ?? []) {
      if (view.nowMs - sinceMs < MENTION_AFTER_MS) continue;
      const key = `${task}\n${id}\n${sinceMs}`;
      const last = mentions.get(key);
      if (last !== undefined && view.nowMs - last < MENTION_AGAIN_MS) continue;
      mentions.set(key, view.nowMs);
      lines.push({ task, text: `${stepName(step)}: running for ${formatDuration(view.nowMs - sinceMs)}` });
    }
  }
  return lines;
}
