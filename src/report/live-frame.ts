import { formatDuration } from "../model/duration.ts";
import { describeFact, plural } from "./fact-text.ts";
import type { Palette } from "./palette.ts";
import { clip, printableLine } from "./printable.ts";
import { factsOf } from "./run-view.ts";
import type { RunView, RunningStep, TaskView } from "./run-view.ts";
import { explainTask } from "./summary.ts";
import { paintFor } from "./summary-text.ts";

/** What a frame depends on besides the run. */
export interface FrameSurroundings {
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
  /** The current picture of the spinner, one column wide. */
  readonly spinner: string;
  readonly unicode: boolean;
  readonly palette: Palette;
  /** The last line that a running task printed. */
  readonly lastLine: (task: string) => string | undefined;
}

interface FrameLine {
  readonly text: string;
  /** Columns on the screen: the text without its colours. */
  readonly paint?: (text: string) => string;
}

/**
 * The terminal view as lines, each narrower than the terminal and together lower than it. A small graph is shown whole, in
 * graph order; of a large one what runs, what failed last, and how many of the rest there are.
 */
export function renderFrame(view: RunView, around: FrameSurroundings): readonly string[] {
  if (view.runId === "") return [];
  const room = Math.max(1, around.rows - 2);
  const tasks = [...view.tasks.values()];
  const lines = [describeHeader(view, tasks, around), ...renderTasks(tasks, view, room - 1, around)];
  const width = Math.max(1, around.columns - 1);
  return lines.slice(0, room).map((line) => {
    const text = clip(line.text, width);
    return line.paint === undefined ? text : line.paint(text);
  });
}

function describeHeader(view: RunView, tasks: readonly TaskView[], around: FrameSurroundings): FrameLine {
  const done = tasks.filter((task) => task.ending !== undefined).length;
  const failed = tasks.filter((task) => task.status === "failed").length;
  const parts = [`${done} of ${plural(tasks.length, "task")} done`, `${view.running.size} running`];
  if (failed > 0) parts.push(`${failed} failed`);
  const elapsed = formatSeconds(around.nowMs - view.startedAtMs);
  const cancelling =
    view.cancelling === undefined
      ? ""
      : view.cancelling.because === "signal"
        ? "; cancelling, once more to kill"
        : "; stopping after the first failure";
  const text = `${printableLine(view.variants.join(" + "))}  ${elapsed}  ${parts.join(", ")}${cancelling}`;
  const { bold, red, yellow } = around.palette;
  return { text, paint: (line) => bold(view.cancelling !== undefined ? yellow(line) : failed > 0 ? red(line) : line) };
}

function renderTasks(
  tasks: readonly TaskView[],
  view: RunView,
  room: number,
  around: FrameSurroundings,
): readonly FrameLine[] {
  if (tasks.length <= room) {
    const width = Math.max(0, ...tasks.map((task) => task.id.length));
    return tasks.map((task) => describeTask(task, view, Math.min(40, width), around));
  }
  const running = tasks.filter((task) => task.status === "running");
  const failed = tasks.filter((task) => task.status === "failed");
  const failedRoom = Math.min(failed.length, Math.max(1, Math.floor(room / 3)));
  const shownFailed = failed.slice(failed.length - failedRoom);
  const runningRoom = Math.max(1, room - shownFailed.length - 1);
  const shownRunning = running.slice(0, runningRoom);
  const shown = [...shownFailed, ...shownRunning];
  const width = Math.min(40, Math.max(0, ...shown.map((task) => task.id.length)));
  const rest = describeRest(tasks, new Set(shown));
  return [
    ...shown.map((task) => describeTask(task, view, width, around)),
    ...(rest === "" ? [] : [{ text: `  ${rest}`, paint: around.palette.dim }]),
  ];
}

/** What a large graph leaves out, by status: `42 waiting, 3 more running, 120 succeeded`. */
function describeRest(tasks: readonly TaskView[], shown: ReadonlySet<TaskView>): string {
  const counts = new Map<string, number>();
  for (const task of tasks) {
    if (!shown.has(task)) counts.set(task.status, (counts.get(task.status) ?? 0) + 1);
  }
  return Array.from(counts, ([status, count]) =>
    status === "running" || status === "failed" ? `${count} more ${status}` : `${count} ${status}`,
  ).join(", ");
}

function describeTask(task: TaskView, view: RunView, width: number, around: FrameSurroundings): FrameLine {
  const name = printableLine(task.id).padEnd(width);
  const time = timeOf(task, around).padStart(7);
  const detail = printableLine(detailOf(task, view, around));
  const text = `${iconOf(task, around)} ${name}  ${time}  ${detail}`.trimEnd();
  return { text, paint: task.status === "running" ? identity : paintFor(task.status, around.palette) };
}

function identity(text: string): string {
  return text;
}

function iconOf(task: TaskView, around: FrameSurroundings): string {
  switch (task.status) {
    case "running":
      return around.spinner;
    case "succeeded":
      return around.unicode ? "✔" : "+";
    case "failed":
      return around.unicode ? "✖" : "x";
    case "cancelled":
      return "!";
    case "blocked":
    case "skipped":
      return "-";
    case "waiting":
      return around.unicode ? "·" : ".";
  }
}

function timeOf(task: TaskView, around: FrameSurroundings): string {
  if (task.startedAtMs === undefined) return "";
  return task.durationMs === undefined
    ? formatSeconds(around.nowMs - task.startedAtMs)
    : formatDuration(task.durationMs);
}

function detailOf(task: TaskView, view: RunView, around: FrameSurroundings): string {
  switch (task.ending?.status) {
    case "succeeded":
      return factsOf(task).map(describeFact).join("; ");
    case "failed":
      return explainTask(view, task)?.headline ?? "";
    case "cancelled":
      return "cancelled";
    case "blocked":
      return `blocked by ${task.ending.by.join(", ")}`;
    case "skipped":
      return `skipped: ${task.ending.because}`;
    case undefined:
      if (task.waitingFor !== undefined) return `waiting: ${task.waitingFor}`;
      return task.status === "running" ? describeProgress(task, around) : "";
  }
}

/** The step that has been running longest, how many more run, and else the last line of output. */
function describeProgress(task: TaskView, around: FrameSurroundings): string {
  const failed = task.retried.at(-1);
  if (failed !== undefined && failed.attempt === task.attempt) {
    return `attempt ${failed.attempt} failed (${failed.failure.reason}), trying again soon`;
  }
  const attempt = task.attempt > 1 ? `attempt ${task.attempt}  ` : "";
  let longest: RunningStep | undefined;
  for (const step of task.runningSteps.values()) {
    if (longest === undefined || step.sinceMs < longest.sinceMs) longest = step;
  }
  if (longest === undefined) return attempt + (around.lastLine(task.id) ?? "");
  const more = task.runningSteps.size > 1 ? ` (and ${task.runningSteps.size - 1} more)` : "";
  return `${attempt}${longest.step.name} ${formatSeconds(around.nowMs - longest.sinceMs)}${more}`;
}

/** Whole seconds, so that a frame changes once a second: `7s`, `1m 05s`. */
function formatSeconds(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1_000));
  return seconds < 60 ? `${seconds}s` : formatDuration(seconds * 1_000);
}
