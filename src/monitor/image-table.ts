import { formatByteSize } from "../model/byte-size.ts";
import type { Protection } from "../model/cleanup.ts";
import { formatDuration } from "../model/duration.ts";
import { describeProtection } from "../plan/cleanup-text.ts";
import { alignColumns } from "../report/columns.ts";
import { formatPercent } from "../report/fact-text.ts";
import type { ImageUsage, ServiceUsage } from "./usage-images.ts";

/** A line of the table. */
export interface ImageLine {
  readonly text: string;
  /** Whether it shows a broken limit. */
  readonly broken: boolean;
}

/**
 * The images of each service: size, limit, age, name and why it stays. In `rows` lines where that can be done: every service has
 * one, and the images that are in use or released come before the rest, which are counted.
 */
export function renderImages(services: readonly ServiceUsage[], rows: number): readonly ImageLine[] {
  const shares = shareRows(services, rows);
  const lines = services.flatMap((service, index) => imageRows(service, shares[index] ?? 1));
  const aligned = alignColumns(
    lines.map(({ cells }) => cells),
    ["left", "right", "left", "right", "left"],
  );
  return aligned.map((text, index) => ({ text, broken: lines[index]?.broken === true }));
}

/** One row for each service, and of the rest one after the other to each that has more to show. */
function shareRows(services: readonly ServiceUsage[], rows: number): readonly number[] {
  const shares = services.map(() => 1);
  let left = rows - services.length;
  for (let given = true; given && left > 0;) {
    given = false;
    for (const [index, { images }] of services.entries()) {
      const share = shares[index] ?? 1;
      if (left === 0 || share >= images.length) continue;
      shares[index] = share + 1;
      left -= 1;
      given = true;
    }
  }
  return shares;
}

interface Row {
  readonly cells: readonly string[];
  readonly broken: boolean;
}

function imageRows({ service, images, limitBytes }: ServiceUsage, rows: number): readonly Row[] {
  if (images.length === 0) {
    const limit = limitBytes === undefined ? "" : `of ${formatByteSize(limitBytes)}`;
    return [{ cells: [service, "-", limit, "", "no image"], broken: false }];
  }
  const fits = images.length <= rows;
  const shown = fits ? new Set(images) : new Set(byInterest(images).slice(0, Math.max(1, rows - 1)));
  const listed = images
    .filter((image) => shown.has(image))
    .map((image, index) => ({
      cells: [
        index === 0 ? service : "",
        formatByteSize(image.sizeBytes),
        limitBytes === undefined
          ? ""
          : `${formatPercent(image.sizeBytes, limitBytes)} of ${formatByteSize(limitBytes)}`,
        describeAge(image.ageMs),
        describeImage(image),
      ],
      broken: image.overLimit,
    }));
  const rest = images.filter((image) => !shown.has(image));
  if (rest.length === 0) return listed;
  if (rows > 1)
    return [
      ...listed,
      { cells: ["", "", "", "", describeMore(rest)], broken: rest.some(({ overLimit }) => overLimit) },
    ];
  return listed.map(({ cells, broken }) => ({
    cells: [...cells.slice(0, -1), `${cells.at(-1) ?? ""}; ${describeMore(rest)}`],
    broken,
  }));
}

/** The newest, then what is used or released, then what has a name, then the rest; within that the newest first. */
function byInterest(images: readonly ImageUsage[]): readonly ImageUsage[] {
  const [newest] = images;
  const rank = (image: ImageUsage): number => {
    if (image === newest) return 0;
    if (image.containers.length > 0 || image.kept?.because === "released") return 1;
    return image.tags.length > 0 ? 2 : 3;
  };
  return images.toSorted((a, b) => rank(a) - rank(b) || a.ageMs - b.ageMs);
}

function describeMore(rest: readonly ImageUsage[]): string {
  const normal = rest.filter(({ removedBy }) => removedBy === "normal").length;
  const aggressive = rest.filter(({ removedBy }) => removedBy === "aggressive").length;
  const going = [
    ...(normal > 0 ? [`${normal} for \`clean\``] : []),
    ...(aggressive > 0 ? [`${aggressive} for \`clean --aggressive\``] : []),
  ];
  return `and ${rest.length} more${going.length === 0 ? "" : `, of which ${going.join(", ")}`}`;
}

function describeImage(image: ImageUsage): string {
  const { tags, id } = image;
  const name = tags[0] ?? id.replace(/^sha256:/, "").slice(0, 12);
  const why = describeStay(image);
  return why === "" ? name : `${name}, ${why}`;
}

function describeStay({ kept, removedBy, containers }: ImageUsage): string {
  if (removedBy !== undefined) return removedBy === "normal" ? "`clean` removes it" : "`clean --aggressive` removes it";
  if (kept !== undefined) return describeKept(kept, containers.length);
  const [first] = containers;
  return first === undefined ? "" : `used by ${first}${more(containers.length)}`;
}

/** Short forms of what is seen on every screen; the rest as everywhere. */
function describeKept(kept: Protection, containers: number): string {
  if (kept.because === "used-by-container") {
    return `${kept.state === "running" ? "runs in" : `kept by ${kept.state}`} ${kept.container}${more(containers)}`;
  }
  return describeProtection(kept);
}

function more(containers: number): string {
  return containers > 1 ? ` and ${containers - 1} more` : "";
}

/** Days, because an image's age matters in days; `formatDuration` stays with hours. */
export function describeAge(ageMs: number): string {
  const days = Math.floor(ageMs / 86_400_000);
  if (days >= 1) return `${days} d`;
  if (ageMs < 60_000) return "now";
  const minutes = Math.floor(ageMs / 60_000);
  return minutes < 60 ? `${minutes} min` : formatHours(minutes);
}

function formatHours(minutes: number): string {
  return minutes < 600 ? formatDuration(Math.floor(minutes) * 60_000) : `${Math.floor(minutes / 60)} h`;
}
