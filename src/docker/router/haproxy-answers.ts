import type { AnswerTime, Colour, RoutedBackend, RoutedInstance, TrafficCount } from "../../model/router.ts";
import { HAPROXY_BACKENDS, HAPROXY_SERVERS } from "./haproxy-config.ts";
import type { RoutedTarget } from "./routed-targets.ts";

/** HAProxy's means slide over this many requests (its TIME_STATS_SAMPLES), and tell times of earlier releases for long. */
const SLIDES_OVER = 512;
/** Each of the three times is rounded up to a millisecond. */
const ROUNDED_UP_MS = 3;

/**
 * Value of a key in the answer to `show map`; undefined when the map does not have it. HAProxy tells errors in words with exit
 * code 0, so that only reading back proves a change.
 */
export function parseMapValue(answer: string, key: string): string | undefined {
  for (const line of answer.split("\n")) {
    const [reference, name, value] = line.trim().split(" ");
    if (reference !== undefined && /^0x[0-9a-f]+$/.test(reference) && name === key) return value;
  }
  return undefined;
}

/** Value of a key in a map file: `KEY VALUE` on each line. */
export function parseMapFile(text: string, key: string): string | undefined {
  for (const line of text.split("\n")) {
    const [name, value] = line.trim().split(/\s+/);
    if (name === key) return value;
  }
  return undefined;
}

/** First line of an answer that says something; errors of HAProxy are one such line. */
export function firstWords(answer: string): string {
  return answer.split("\n").find((line) => line.trim() !== "") ?? "no answer";
}

/** `show servers state`: each routed service in each colour, by the checks of its settled backend. */
export function parseServersState(
  answer: string,
  targets: readonly RoutedTarget[],
  colours: readonly Colour[],
): readonly RoutedBackend[] {
  const rows = new Map<string, readonly string[]>();
  for (const line of answer.split("\n")) {
    const row = line.split(" ");
    const [, backend, , server] = row;
    if (row.length > 18 && backend !== undefined && server !== undefined) rows.set(`${backend}/${server}`, row);
  }
  return targets.flatMap((target) =>
    colours.map((colour) => {
      const backend = HAPROXY_BACKENDS.settled(target.name, colour);
      const servers = HAPROXY_SERVERS.names(colour).map((server) => rows.get(`${backend}/${server}`) ?? []);
      return describeInstances(target.service, colour, servers.flatMap(describeServer));
    }),
  );
}

/** A service by its instances, in the order of their addresses. */
export function describeInstances(service: string, colour: Colour, found: readonly RoutedInstance[]): RoutedBackend {
  const instances = found.toSorted((a, b) => a.address.localeCompare(b.address, "en", { numeric: true }));
  if (instances.length === 0) return { service, colour, state: "unresolved", instances };
  return { service, colour, state: instances.some(({ state }) => state === "up") ? "up" : "down", instances };
}

/** Columns: 5th address, 6th operational state (2 is up), 7th administrative state (bits; 32 is "name not resolved"), 19th port. */
function describeServer(row: readonly string[]): readonly RoutedInstance[] {
  const [, , , , address = "-", operational, administrative] = row;
  if (address === "-" || (Number(administrative) & 32) !== 0) return [];
  const up = operational === "2" && administrative === "0";
  return [{ address: `${address}:${row[18] ?? ""}`, state: up ? "up" : "down" }];
}

/** A row of `show stat`. */
type StatRow = Readonly<Record<string, string>>;

/** Rows of `show stat`, by the names of its header. */
export function parseStat(answer: string): readonly StatRow[] {
  const lines = answer.split("\n").filter((line) => line !== "");
  const header = lines.findIndex((line) => line.startsWith("# pxname,"));
  const names = (lines[header] ?? "").slice(2).split(",");
  return lines.slice(header + 1).map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? ""]));
  });
}

/** What `show stat` says of a colour, all routed services together. */
export function countTraffic(rows: readonly StatRow[], colour: Colour, targets: readonly RoutedTarget[]): TrafficCount {
  const { settled, observed, panic, websockets } = HAPROXY_BACKENDS;
  const own = new Set(targets.flatMap(({ name }) => [settled, observed, panic].map((of) => of(name, colour))));
  const sockets = new Set(targets.map(({ name }) => websockets(name, colour)));
  const isServer = (row: StatRow): boolean => HAPROXY_SERVERS.isOf(row["svname"] ?? "", colour);
  const totals = rows.filter((row) => own.has(row["pxname"] ?? "") && row["svname"] === "BACKEND");
  const servers = rows.filter((row) => own.has(row["pxname"] ?? "") && isServer(row));
  // Also in the other colours' backends, where it stands by.
  const serving = rows.filter((row) => isServer(row) && !sockets.has(row["pxname"] ?? ""));
  const upgraded = rows.filter((row) => sockets.has(row["pxname"] ?? "") && row["svname"] === "BACKEND");
  return {
    requests: sum(totals, "stot") + sum(upgraded, "hrsp_5xx"),
    // Counted once for each request, by its last attempt. An answer that breaks off has the code that it began with.
    failed: sum(totals, "hrsp_5xx") + sum(totals, "srv_abrt") + sum(upgraded, "hrsp_5xx"),
    retried: sum(servers, "wretr") + sum(servers, "wredis"),
    openRequests: sum(serving, "scur"),
    openWebsockets: sum(upgraded, "scur"),
    answerTimes: servers.map(describeAnswerTime),
  };
}

function describeAnswerTime(row: StatRow): AnswerTime {
  return {
    backend: `${row["pxname"] ?? ""}/${row["svname"] ?? ""}`,
    answers: numberOf(row, "stot"),
    meanMs: answerTime(row),
    roundedUpMs: ROUNDED_UP_MS,
    slidesOver: SLIDES_OVER,
  };
}

/** Until the answer begins: waiting for a connection, connecting, waiting for the answer. */
function answerTime(row: StatRow): number {
  return numberOf(row, "qtime") + numberOf(row, "ctime") + numberOf(row, "rtime");
}

function sum(rows: readonly StatRow[], column: string): number {
  return rows.reduce((total, row) => total + numberOf(row, column), 0);
}

function numberOf(row: StatRow, column: string): number {
  const value = Number(row[column]);
  return Number.isFinite(value) ? value : 0;
}
