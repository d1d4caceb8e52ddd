import { formatByteSize } from "../model/byte-size.ts";
import { formatDuration } from "../model/duration.ts";
import type { ImageUsage, ServiceUsage, Usage } from "./usage.ts";

/** One screen: images against their limits, cache against its budget, free space, and what a clean would free. */
export function renderUsage(usage: Usage): readonly string[] {
  return [
    ...renderTable(usage.services.flatMap(imageRows)),
    "",
    ...renderTable([
      ["build cache", describeCache(usage)],
      ...(usage.disk === undefined ? [] : [["disk", describeDisk(usage.disk)]]),
      ...(usage.cleanable === undefined ? [] : [["orchestrate clean", describeCleanable(usage.cleanable)]]),
    ]),
  ];
}

function imageRows({ service, images, limitBytes }: ServiceUsage): readonly (readonly string[])[] {
  const limit = limitBytes === undefined ? "" : `of ${formatByteSize(limitBytes)}`;
  if (images.length === 0) return [[service, "no image", limit, "", ""]];
  return images.map((image, index) => [
    index === 0 ? service : "",
    formatByteSize(image.sizeBytes),
    `${limit}${image.overLimit ? " OVER" : ""}`,
    describeAge(image.ageMs),
    describeImage(image),
  ]);
}

function describeImage({ tags, id, containers }: ImageUsage): string {
  const name = tags[0] ?? `untagged ${id.replace(/^sha256:/, "").slice(0, 12)}`;
  const [first] = containers;
  if (first === undefined) return name;
  return `${name}, used by ${first}${containers.length > 1 ? ` and ${containers.length - 1} more` : ""}`;
}

/** Days, because an image's age matters in days; `formatDuration` stays with hours. */
function describeAge(ageMs: number): string {
  const days = Math.floor(ageMs / 86_400_000);
  if (days >= 1) return `${days} d old`;
  return ageMs < 60_000 ? "just now" : `${formatDuration(ageMs)} old`;
}

function describeCache({ cache }: Usage): string {
  const { privateBytes, totalBytes, budgetBytes } = cache;
  const shared = `${formatByteSize(totalBytes - privateBytes)} more is part of images`;
  const over = privateBytes > budgetBytes ? ", OVER its budget" : "";
  return `${formatByteSize(privateBytes)} of ${formatByteSize(budgetBytes)}${over} (${shared})`;
}

function describeDisk({ freeBytes, totalBytes }: NonNullable<Usage["disk"]>): string {
  return `${formatByteSize(freeBytes)} free of ${formatByteSize(totalBytes)}`;
}

function describeCleanable({ bytes, images, cacheRecords }: NonNullable<Usage["cleanable"]>): string {
  if (images + cacheRecords === 0) return "would remove nothing";
  return `would free ${formatByteSize(bytes)} (images: ${images}, cache records: ${cacheRecords})`;
}

/** Columns as wide as their widest cell; the last one is not padded. */
function renderTable(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
