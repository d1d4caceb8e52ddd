import type { SQLOutputValue } from "node:sqlite";

/** A row as node:sqlite returns it. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** A text column; "" for anything else, which a STRICT table cannot hold. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  return typeof value === "string" ? value : "";
}

/** A number column; 0 for anything else. */
export function numberOf(row: Row, column: string): number {
  const value = row[column];
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : 0;
}

/** A list of strings stored as JSON; what is no string is left out. */
export function stringsOf(row: Row, column: string): readonly string[] {
  const value: unknown = JSON.parse(textOf(row, column));
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** A record of strings stored as JSON; what is no string is left out. */
export function stringRecordOf(row: Row, column: string): Readonly<Record<string, string>> {
  const value: unknown = JSON.parse(textOf(row, column));
  const entries: [string, string][] = [];
  for (const [key, item] of Object.entries(typeof value === "object" && value !== null ? value : {})) {
    if (typeof item === "string") entries.push([key, item]);
  }
  return Object.fromEntries(entries);
}
