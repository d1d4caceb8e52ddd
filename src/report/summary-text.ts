import { formatByteSize } from "../model/byte-size.ts";
import { formatDuration } from "../model/duration.ts";
import type { FinalStatus } from "../model/status.ts";
import { alignColumns } from "./columns.ts";
import { describeFreed, formatPercent, plural } from "./fact-text.ts";
import type { Palette } from "./palette.ts";
import { clip, printableLine } from "./printable.ts";
import type { ImageSummary, RunSummary, TaskSummary } from "./summary.ts";

/** Longer task tables show what did not succeed and the slowest. */
const LONG_TABLE = 30;
const SLOWEST = 10;
const BAR_WIDTH = 20;
const STATUSES = ["succeeded", "failed", "cancelled", "blocked", "skipped"] as const satisfies readonly FinalStatus[];

/** The summary for a terminal or a log: headings, aligned tables, at the end the failures and where the logs are. */
export function renderSummaryText(summary: RunSummary, palette: Palette): string {
  const sections = [
    renderTasks(summary, palette),
    renderImages(summary, palette),
    renderSpace(summary, palette),
    renderDeployed(summary, palette),
    renderFailures(summary, palette),
    [
      renderVerdict(summary, palette),
      ...(summary.logDirectory === "" ? [] : [`Logs: ${printableLine(summary.logDirectory)}`]),
    ],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

/** One line: `deploy-blue failed in 1m 20s: 3 succeeded, 1 failed, 2 blocked`. */
export function renderVerdict(summary: RunSummary, palette: Palette): string {
  const name = summary.variants.length === 0 ? "The run" : printableLine(summary.variants.join(" + "));
  const counts = STATUSES.filter((status) => summary.counts[status] > 0)
    .map((status) => `${summary.counts[status]} ${status}`)
    .join(", ");
  const by = summary.cancelledBy === undefined ? "" : ` (${printableLine(summary.cancelledBy)})`;
  const verb = summary.status === "unfinished" ? "did not finish; last seen after" : `${summary.status}${by} in`;
  const paint = summary.status === "succeeded" ? palette.green : palette.red;
  return `${palette.bold(paint(`${name} ${verb} ${formatDuration(summary.durationMs)}`))}: ${counts === "" ? "no task ended" : counts}`;
}

function renderTasks(summary: RunSummary, palette: Palette): readonly string[] {
  const shown = selectTasks(summary.tasks);
  const rows = alignColumns(
    shown.map((task) => [
      task.status,
      printableLine(task.id),
      task.durationMs === undefined ? "" : formatDuration(task.durationMs),
      clip(printableLine(task.note ?? ""), 100),
    ]),
    ["left", "left", "right", "left"],
  );
  const rest = summary.tasks.length - shown.length;
  return [
    palette.bold("Tasks"),
    ...rows.map((row, index) => `  ${paintStatus(row, shown[index], palette)}`),
    ...(rest === 0 ? [] : [palette.dim(`  and ${plural(rest, "more task")}`)]),
  ];
}

/** All tasks of a small run; of a large one what did not succeed (at most {@link LONG_TABLE}) and the slowest. */
function selectTasks(tasks: readonly TaskSummary[]): readonly TaskSummary[] {
  if (tasks.length <= LONG_TABLE) return tasks;
  const chosen = new Set(
    tasks.filter((task) => task.status !== "succeeded" && task.status !== "skipped").slice(0, LONG_TABLE),
  );
  const slowest = tasks.toSorted((a, b) => (b.durationMs ?? -1) - (a.durationMs ?? -1)).slice(0, SLOWEST);
  for (const task of slowest) chosen.add(task);
  return tasks.filter((task) => chosen.has(task));
}

function paintStatus(row: string, task: TaskSummary | undefined, palette: Palette): string {
  if (task === undefined) return row;
  const status = row.slice(0, task.status.length);
  return paintFor(task.status, palette)(status) + row.slice(task.status.length);
}

/** The colour of a status, the same wherever it stands. */
export function paintFor(status: TaskSummary["status"], palette: Palette): (text: string) => string {
  switch (status) {
    case "succeeded":
      return palette.green;
    case "failed":
      return palette.red;
    case "cancelled":
    case "blocked":
      return palette.yellow;
    case "skipped":
    case "waiting":
      return palette.dim;
    case "running":
      return palette.cyan;
  }
}

function renderImages(summary: RunSummary, palette: Palette): readonly string[] {
  if (summary.images.length === 0) return [];
  const rows = alignColumns(
    summary.images.map((image) => [printableLine(image.name), formatByteSize(image.sizeBytes), ...limitCells(image)]),
    ["left", "right", "right", "left", "right"],
  );
  return [
    palette.bold("Images"),
    ...rows.map((row, index) => `  ${isOver(summary.images[index]) ? palette.red(`${row}  over`) : row}`),
  ];
}

function limitCells(image: ImageSummary): readonly string[] {
  if (image.limitBytes === undefined) return ["no limit"];
  const filled = Math.min(BAR_WIDTH, Math.round((image.sizeBytes / Math.max(1, image.limitBytes)) * BAR_WIDTH));
  return [
    `of ${formatByteSize(image.limitBytes)}`,
    `[${"=".repeat(filled)}${" ".repeat(BAR_WIDTH - filled)}]`,
    formatPercent(image.sizeBytes, image.limitBytes),
  ];
}

function isOver(image: ImageSummary | undefined): boolean {
  return image?.limitBytes !== undefined && image.sizeBytes > image.limitBytes;
}

function renderSpace(summary: RunSummary, palette: Palette): readonly string[] {
  const { space } = summary;
  if (space === undefined) return [];
  return [palette.bold("Space"), `  ${describeFreed(space)} in ${plural(space.removed, "removal")}`];
}

function renderDeployed(summary: RunSummary, palette: Palette): readonly string[] {
  if (summary.deployed.length === 0) return [];
  const rows = alignColumns(
    summary.deployed.map((fact) => [
      printableLine(fact.environment),
      printableLine(fact.url ?? ""),
      printableLine(`project ${fact.project}, ${plural(fact.containers, "container")}`),
    ]),
    ["left", "left", "left"],
  );
  return [palette.bold("Deployed"), ...rows.map((row) => `  ${row}`)];
}

function renderFailures(summary: RunSummary, palette: Palette): readonly string[] {
  return summary.failures.flatMap((failure, index) => {
    const title = failure.continueOnError ? `Failed, but does not count: ${failure.task}` : `Failed: ${failure.task}`;
    return [
      ...(index === 0 ? [] : [""]),
      palette.bold(palette.red(printableLine(title))),
      `  ${failure.headline}`,
      ...failure.evidence.map((line) => palette.dim(`  | ${line}`)),
      ...failure.nextSteps.map((step) => `  ${palette.cyan("next:")} ${step}`),
    ];
  });
}
