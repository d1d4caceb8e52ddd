import { closeSync, mkdirSync, openSync, renameSync, rmSync, symlinkSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import type { RunEvent } from "../model/event.ts";
import { renderJsonResult } from "./json.ts";
import { createLineWriter } from "./line-writer.ts";
import { taskLogName } from "./log-name.ts";
import { serializeEvent } from "./ndjson.ts";
import { createPalette } from "./palette.ts";
import type { Reporter } from "./reporter.ts";
import { foldRun } from "./run-view.ts";
import type { RunFold } from "./run-view.ts";
import { explainTask, summarizeRun } from "./summary.ts";
import { renderSummaryMarkdown } from "./summary-markdown.ts";
import { renderSummaryText } from "./summary-text.ts";

/** The reporter that writes a run's directory. */
export type RunLog = Required<Reporter>;

/**
 * Writes `<project>/<log directory of the run>/`:
 * `events.ndjson` (every event), `<task>.log` (all output of a task, as it came), and when the run ends `summary.txt`,
 * `summary.md` and `summary.json`; beside the directory, `latest` points to it.
 *
 * Every line is handed to the system before `onEvent` returns, so `kill -9` loses at most the line being written, and nothing
 * is kept in memory. Throws where a file cannot be written (the fan-out tells it once); later lines are written all the same
 * once they can be, on a line of their own.
 */
export function createRunLog(projectDirectory: string): RunLog {
  const fold = foldRun();
  let files: RunFiles | undefined;
  return {
    onEvent(event) {
      fold.advance(event);
      if (event.type === "run-started") files = openRunFiles(projectDirectory, event.logDirectory);
      files?.events.append(serializeEvent(event));
      if (files !== undefined) writeTaskLine(files, fold, event);
      if (files !== undefined && event.type === "run-finished") writeSummaries(files.directory, fold);
    },
    end() {
      files?.events.close();
      for (const file of files?.tasks.values() ?? []) file.close();
      files = undefined;
      return Promise.resolve();
    },
  };
}

interface RunFiles {
  readonly directory: string;
  readonly events: AppendedFile;
  readonly tasks: Map<string, AppendedFile>;
}

interface AppendedFile {
  readonly append: (text: string) => void;
  readonly close: () => void;
}

function openRunFiles(projectDirectory: string, logDirectory: string): RunFiles {
  const directory = path.resolve(projectDirectory, logDirectory);
  mkdirSync(directory, { recursive: true });
  pointLatest(directory);
  return { directory, events: openAppended(path.join(directory, "events.ndjson")), tasks: new Map() };
}

/** Lets `latest` point to the run; a plain file or directory of that name is somebody else's and stays. */
function pointLatest(directory: string): void {
  const latest = path.join(path.dirname(directory), "latest");
  const fresh = `${latest}.${process.pid}`;
  try {
    rmSync(fresh, { force: true });
    symlinkSync(path.basename(directory), fresh);
    renameSync(fresh, latest);
  } catch {
    rmSync(fresh, { force: true });
  }
}

function openAppended(file: string): AppendedFile {
  const descriptor = openSync(file, "a");
  return {
    append: createLineWriter((bytes, offset) => writeSync(descriptor, bytes, offset)),
    close: () => closeSync(descriptor),
  };
}

function writeTaskLine(files: RunFiles, fold: RunFold, event: RunEvent): void {
  switch (event.type) {
    case "task-output":
      taskFile(files, event.task).append(`${event.line}\n`);
      return;
    case "task-retrying":
      taskFile(files, event.task).append(
        `--- attempt ${event.attempt} failed (${event.failure.reason}); trying again ---\n`,
      );
      return;
    case "task-step":
      if (event.step.state === "failed") taskFile(files, event.task).append(`--- failed: ${event.step.name} ---\n`);
      return;
    case "task-finished":
      if (event.status === "failed") taskFile(files, event.task).append(failureNote(fold, event.task));
      files.tasks.get(event.task)?.close();
      files.tasks.delete(event.task);
      return;
    default:
  }
}

function failureNote(fold: RunFold, id: string): string {
  const task = fold.view.tasks.get(id);
  const explanation = task === undefined ? undefined : explainTask(fold.view, task);
  return `--- ${explanation?.headline ?? "failed"} ---\n`;
}

function taskFile(files: RunFiles, task: string): AppendedFile {
  const known = files.tasks.get(task);
  if (known !== undefined) return known;
  const file = openAppended(path.join(files.directory, taskLogName(task)));
  files.tasks.set(task, file);
  return file;
}

function writeSummaries(directory: string, fold: RunFold): void {
  const summary = summarizeRun(fold.view);
  writeFileSync(path.join(directory, "summary.txt"), renderSummaryText(summary, createPalette(false)));
  writeFileSync(path.join(directory, "summary.md"), renderSummaryMarkdown(summary));
  writeFileSync(path.join(directory, "summary.json"), `${JSON.stringify(renderJsonResult(fold.view), undefined, 2)}\n`);
}
