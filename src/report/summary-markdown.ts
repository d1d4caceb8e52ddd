import { formatByteSize } from "../model/byte-size.ts";
import { formatDuration } from "../model/duration.ts";
import { describeFreed, formatPercent, plural } from "./fact-text.ts";
import { createPalette } from "./palette.ts";
import { printableLine } from "./printable.ts";
import type { FailureSummary, ImageSummary, RunSummary, TaskSummary } from "./summary.ts";
import { renderVerdict } from "./summary-text.ts";

/** GitHub takes at most 1 MiB of summary for a step; tables longer than this are cut. */
const LONGEST_TABLE = 500;

/** The summary as Markdown, for `summary.md` and the job summary of a CI run. */
export function renderSummaryMarkdown(summary: RunSummary): string {
  const sections = [
    [`## ${escapeMarkdown(renderVerdict(summary, createPalette(false)))}`],
    ...summary.failures.map(renderFailure),
    renderTaskTable(summary.tasks),
    renderImageTable(summary.images),
    renderNotes(summary),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function renderFailure(failure: FailureSummary): readonly string[] {
  return [
    `### ${failure.continueOnError ? "Failed, but does not count" : "Failed"}: ${escapeMarkdown(failure.task)}`,
    "",
    escapeMarkdown(failure.headline),
    ...(failure.evidence.length === 0 ? [] : ["", ...fence(failure.evidence)]),
    "",
    ...failure.nextSteps.map((step) => `- Next: ${step}`),
  ];
}

/** A fenced block whose fence is longer than any run of backticks inside. */
function fence(lines: readonly string[]): readonly string[] {
  const longest = Math.max(2, ...Array.from(lines.join("\n").matchAll(/`+/g), ([run]) => run.length));
  const mark = "`".repeat(longest + 1);
  return [`${mark}text`, ...lines, mark];
}

function renderTaskTable(tasks: readonly TaskSummary[]): readonly string[] {
  if (tasks.length === 0) return [];
  const shown = tasks.slice(0, LONGEST_TABLE);
  return [
    "| Task | Kind | Status | Duration | |",
    "| --- | --- | --- | ---: | --- |",
    ...shown.map((task) =>
      row([
        escapeMarkdown(task.id),
        task.kind,
        task.status,
        task.durationMs === undefined ? "" : formatDuration(task.durationMs),
        escapeMarkdown(task.note ?? ""),
      ]),
    ),
    ...(shown.length === tasks.length ? [] : ["", `and ${plural(tasks.length - shown.length, "more task")}`]),
  ];
}

function renderImageTable(images: readonly ImageSummary[]): readonly string[] {
  if (images.length === 0) return [];
  return [
    "| Image | Size | Limit | |",
    "| --- | ---: | ---: | ---: |",
    ...images
      .slice(0, LONGEST_TABLE)
      .map((image) =>
        row([
          escapeMarkdown(image.name),
          formatByteSize(image.sizeBytes),
          image.limitBytes === undefined ? "" : formatByteSize(image.limitBytes),
          image.limitBytes === undefined
            ? ""
            : `${formatPercent(image.sizeBytes, image.limitBytes)}${image.sizeBytes > image.limitBytes ? " **over**" : ""}`,
        ]),
      ),
  ];
}

function renderNotes(summary: RunSummary): readonly string[] {
  const { space } = summary;
  return [
    ...(space === undefined ? [] : [`- Space: ${describeFreed(space)} in ${plural(space.removed, "removal")}`]),
    ...summary.deployed.map(
      (fact) =>
        `- Deployed ${escapeMarkdown(fact.environment)}${fact.url === undefined ? "" : `: <${fact.url}>`} (project ${escapeMarkdown(fact.project)}, ${plural(fact.containers, "container")})`,
    ),
    ...(summary.logDirectory === "" ? [] : [`- Logs: \`${summary.logDirectory}\``]),
  ];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** Text that Markdown and HTML take literally, in a table too. */
export function escapeMarkdown(text: string): string {
  return printableLine(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll(/[\\`*_[\]|~]/g, String.raw`\$&`);
}
