import { formatByteSize } from "../model/byte-size.ts";
import { formatPercent, plural } from "../report/fact-text.ts";
import type { Palette } from "../report/palette.ts";
import { clip } from "../report/printable.ts";
import { judgeGauge, renderBar } from "./budget-bar.ts";
import type { Gauge } from "./budget-bar.ts";
import { renderImages } from "./image-table.ts";
import type { Cleanable, Usage } from "./usage.ts";

/** Where the screen is shown. */
export interface ScreenOptions {
  /** Lines are cut to it; absent in a pipe, where they are whole. */
  readonly columns?: number;
  /** The screen keeps to it as far as it can: services are never left out, images of them are. */
  readonly rows: number;
  readonly palette: Palette;
  /** Bars are for terminals; a pipe gets the numbers alone. */
  readonly bars: boolean;
}

/** A line before it is cut and painted. */
interface Line {
  readonly text: string;
  readonly paint?: (text: string) => string;
  /** Painted already; counted by `text`. */
  readonly tail?: { readonly text: string; readonly painted: string };
}

const BAR_COLUMNS = 20;
/** As wide as the widest title. */
const TITLE_COLUMNS = 12;

/**
 * One screen: images against their limits with why they stay, cache against its budget by kind, disk, volumes, containers, what a
 * clean would free, and which numbers of Docker mislead. At most 24 lines for a handful of services.
 */
export function renderUsage(usage: Usage, options: ScreenOptions): readonly string[] {
  const below = [
    ...renderBudgets(usage, options),
    ...renderRest(usage),
    ...renderCleanable(usage),
    ...renderNotes(usage),
  ];
  const room = Math.max(usage.services.length, options.rows - below.length - 2);
  const lines: readonly Line[] = [
    { text: describeHeader(usage), paint: options.palette.bold },
    ...renderImages(usage.services, room).map(({ text, broken }) =>
      broken ? { text, paint: options.palette.red } : { text },
    ),
    { text: "" },
    ...below,
  ];
  return lines.map((line) => finish(line, options.columns));
}

/** The budgets alone: cache against its maximum, disk against its minimum free space. */
export function renderBudgetLines(usage: Usage, options: ScreenOptions): readonly string[] {
  return renderBudgets(usage, options).map((line) => finish(line, options.columns));
}

function finish({ text, paint, tail }: Line, columns: number | undefined): string {
  const room = columns ?? Number.POSITIVE_INFINITY;
  if (tail !== undefined && text.length + 1 + tail.text.length <= room) return `${text} ${tail.painted}`.trimEnd();
  const cut = clip(text, room).trimEnd();
  return paint === undefined ? cut : paint(cut);
}

function describeHeader({ project, images, store }: Usage): string {
  const own =
    images.ownBytes === undefined
      ? plural(images.own, "image")
      : `${formatByteSize(images.ownBytes)} in ${plural(images.own, "image")}`;
  const all = images.allBytes === undefined ? "" : `, of ${formatByteSize(images.allBytes)} on the engine`;
  return `${project}: ${own}${all}${store === "containerd" ? " (containerd store)" : ""}`;
}

/** The budgets that a clean-up works towards, each as a bar. */
function renderBudgets({ cache, disk }: Usage, { palette, bars }: ScreenOptions): readonly Line[] {
  const { privateBytes, totalBytes, budgetBytes } = cache;
  const shared = totalBytes - privateBytes;
  const more = shared > 0 ? `; ${formatByteSize(shared)} more is part of images` : "";
  const cacheGauge: Gauge = { value: privateBytes, limit: budgetBytes, bound: "most" };
  const lines = [
    gaugeLine("cache", `${formatByteSize(privateBytes)} of ${formatByteSize(budgetBytes)}`, cacheGauge),
    ...(cache.kinds.length === 0 ? [] : [row("", `${cache.kinds.map(describeKind).join(", ")}${more}`)]),
  ];
  if (disk !== undefined) {
    const { freeBytes, totalBytes: whole, minFreeBytes } = disk;
    const least = minFreeBytes === undefined ? "" : `, at least ${formatByteSize(minFreeBytes)}`;
    const gauge: Gauge = { value: freeBytes, limit: minFreeBytes ?? 0, bound: "least", whole };
    lines.push(gaugeLine("disk", `${formatByteSize(freeBytes)} free of ${formatByteSize(whole)}${least}`, gauge));
  }
  return lines;

  function gaugeLine(title: string, text: string, gauge: Gauge): Line {
    const broken = judgeGauge(gauge) === "broken";
    const whole = row(title, `${text}${broken ? (gauge.bound === "most" ? ", OVER" : ", TOO LITTLE") : ""}`);
    const percent = formatPercent(gauge.value, gauge.whole ?? gauge.limit);
    const tail = bars
      ? {
          text: `${"x".repeat(BAR_COLUMNS)} ${percent}`,
          painted: `${renderBar(gauge, BAR_COLUMNS, palette)} ${percent}`,
        }
      : { text: `(${percent})`, painted: `(${percent})` };
    return { ...whole, tail, ...(broken ? { paint: palette.red } : {}) };
  }
}

function describeKind({ type, records, privateBytes, sharedBytes }: Usage["cache"]["kinds"][number]): string {
  const size =
    privateBytes === 0 && sharedBytes > 0 ? `${formatByteSize(sharedBytes)} shared` : formatByteSize(privateBytes);
  return `${type === "" ? "other" : type} ${size} (${records})`;
}

function renderRest({ volumes, containers, hiddenBytes = 0 }: Usage): readonly Line[] {
  const written = containers.writableBytes > 0 ? `, ${formatByteSize(containers.writableBytes)} written` : "";
  const lines = [
    row(
      "containers",
      `${containers.running} running, ${containers.stopped} stopped${written}; ${containers.others} of others`,
    ),
  ];
  if (volumes !== undefined) {
    const [largest] = volumes.own;
    const named = largest === undefined ? "" : `, the largest ${largest.name} ${formatByteSize(largest.sizeBytes)}`;
    const unused = volumes.own.filter(({ usedBy }) => usedBy.length === 0).length;
    const idle = unused === 0 ? "" : `, ${unused} without a container`;
    const others = `; ${volumes.others} of others ${formatByteSize(volumes.otherBytes)}`;
    lines.push(row("volumes", `${formatByteSize(volumes.ownBytes)} in ${volumes.own.length}${named}${idle}${others}`));
  }
  if (hiddenBytes > 0) {
    lines.push(row("hidden", `${formatByteSize(hiddenBytes)} that Docker counts nowhere, held by the cache alone`));
  }
  return lines;
}

function renderCleanable({ cleanable }: Usage): readonly Line[] {
  if (cleanable.length === 0) return [];
  const width = Math.max(...cleanable.map(({ command }) => command.length));
  return [
    { text: "" },
    ...cleanable.map((entry) => ({ text: `${entry.command.padEnd(width)}  ${describeCleanable(entry)}` })),
  ];
}

function describeCleanable({ bytes, physicalBytes, images, cacheRecords }: Cleanable): string {
  if (images + cacheRecords === 0) return "would remove nothing";
  const parts = [
    ...(images > 0 ? [plural(images, "image")] : []),
    ...(cacheRecords > 0 ? [plural(cacheRecords, "cache record")] : []),
  ];
  const disk = physicalBytes === bytes ? "" : `, on the disk ${formatByteSize(physicalBytes)}`;
  return `would free ${formatByteSize(bytes)}${disk} (${parts.join(", ")})`;
}

/** The first two; all of them are in the JSON. */
function renderNotes({ misleading }: Usage): readonly Line[] {
  if (misleading.length === 0) return [];
  return [{ text: "" }, ...misleading.slice(0, 2).flatMap(({ command, text }) => wrapNote(`\`${command}\` ${text}`))];
}

/** Notes are sentences: broken at 80 columns rather than cut. */
function wrapNote(text: string): readonly Line[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > 78) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((part) => ({ text: part }));
}

function row(title: string, text: string): Line {
  return { text: `${title.padEnd(TITLE_COLUMNS)}${text}` };
}
