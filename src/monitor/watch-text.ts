import { formatByteSize } from "../model/byte-size.ts";
import { formatDuration } from "../model/duration.ts";
import type { Palette } from "../report/palette.ts";
import { clip } from "../report/printable.ts";
import { renderImages } from "./image-table.ts";
import type { Usage } from "./usage.ts";
import { renderBudgetLines } from "./usage-text.ts";
import type { Change, TimedChange } from "./watch.ts";

/** A change as a line of a pipe: its time first, UTC. */
export function renderChangeLine(change: TimedChange): string {
  return `${new Date(change.atMs).toISOString().slice(0, 19)}Z ${describeChange(change)}`;
}

/** What changed, in a line that begins with what it is about. */
export function describeChange(change: Change): string {
  switch (change.change) {
    case "image-tagged": {
      const before = change.before === undefined ? "" : `, before ${shortId(change.before)}`;
      return `image      ${change.reference} is ${shortId(change.imageId)}${before}`;
    }
    case "image-untagged":
      return `image      ${change.reference} no longer names ${shortId(change.imageId)}`;
    case "image-removed":
      return `image      ${shortId(change.imageId)}${change.service === undefined ? "" : ` of ${change.service}`} removed`;
    case "container":
      return `container  ${change.name} ${change.state}`;
    case "cache-pruned":
      return `cache      pruned; the engine reports ${formatByteSize(change.reportedBytes)}, layers of images included`;
    case "cache":
      return `cache      ${formatByteSize(change.privateBytes)} of ${formatByteSize(change.budgetBytes)} (${signed(change.deltaBytes)})${change.privateBytes > change.budgetBytes ? ", OVER" : ""}`;
    case "disk": {
      const low = change.minFreeBytes !== undefined && change.freeBytes < change.minFreeBytes;
      return `disk       ${formatByteSize(change.freeBytes)} free (${signed(change.deltaBytes)})${low ? ", TOO LITTLE" : ""}`;
    }
    case "engine-lost":
      return `engine     connection lost: ${change.error}; waiting for it to come back`;
    case "engine-back":
      return `engine     back after ${formatDuration(change.afterMs)}; what changed meanwhile follows`;
  }
}

/** What the live view shows. */
export interface WatchView {
  readonly usage: Usage | undefined;
  /** Names and states of the project's containers. */
  readonly containers: readonly { readonly name: string; readonly state: string }[];
  /** Oldest first. */
  readonly changes: readonly TimedChange[];
  readonly endpoint: string;
  readonly connected: boolean;
}

/** Where it is shown. */
export interface WatchSurroundings {
  readonly columns: number;
  readonly rows: number;
  readonly spinner: string;
  readonly palette: Palette;
}

/** The live view: the budgets as bars, the newest images, the containers, and the latest changes in what room is left. */
export function renderWatchFrame(view: WatchView, around: WatchSurroundings): readonly string[] {
  const { palette, columns, rows, spinner } = around;
  const width = Math.max(1, columns - 1);
  const room = Math.max(1, rows - 2);
  const { usage } = view;
  const state = view.connected ? `${spinner} watching` : "! not connected to";
  const header = clip(`${usage?.project ?? ""}  ${state} ${view.endpoint}; Ctrl-C ends`, width);
  const lines = [view.connected ? palette.bold(header) : palette.yellow(header)];
  if (usage !== undefined) {
    const options = { columns: width, rows: room, palette, bars: true };
    lines.push(...renderBudgetLines(usage, options), "");
    const images = renderImages(usage.services, Math.max(usage.services.length, Math.floor(room / 3)));
    lines.push(...images.map(({ text, broken }) => (broken ? palette.red(clip(text, width)) : clip(text, width))), "");
  }
  const shown = view.containers.slice(0, Math.max(2, Math.floor(room / 4)));
  lines.push(...shown.map(({ name, state: now }) => paintState(clip(`${name}  ${now}`, width), now, palette)));
  if (view.containers.length > shown.length)
    lines.push(palette.dim(`and ${view.containers.length - shown.length} more containers`));
  if (shown.length > 0) lines.push("");
  const left = Math.max(0, room - lines.length);
  const latest = left === 0 ? [] : view.changes.slice(-left);
  lines.push(...latest.map((change) => clip(`${clock(change.atMs)} ${describeChange(change)}`, width)));
  return lines.slice(0, room);
}

function paintState(text: string, state: string, palette: Palette): string {
  if (state === "healthy") return palette.green(text);
  if (state === "unhealthy" || state === "out of memory") return palette.red(text);
  return state === "running" ? text : palette.dim(text);
}

/** Time of the day where the user is. */
function clock(atMs: number): string {
  return new Date(atMs).toTimeString().slice(0, 8);
}

function signed(bytes: number): string {
  return `${bytes < 0 ? "" : "+"}${formatByteSize(bytes)}`;
}

function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
