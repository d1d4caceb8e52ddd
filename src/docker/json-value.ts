/**
 * Readers for JSON that other programs print. The engine leaves keys out, writes null for empty lists and adds keys with
 * every version, so each reader answers with an empty value instead of failing.
 */

/** A JSON object. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** Whether the value is a JSON object (no array, no null). */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The parsed text; undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

/** The object under a key, or an empty one. */
export function recordAt(value: unknown, key: string): JsonRecord {
  const member = isRecord(value) ? value[key] : undefined;
  return isRecord(member) ? member : {};
}

/** The text under a key, or "". */
export function textAt(value: unknown, key: string): string {
  const member = isRecord(value) ? value[key] : undefined;
  return typeof member === "string" ? member : "";
}

/** The number under a key, or 0. Numbers written as text count. */
export function numberAt(value: unknown, key: string): number {
  const member = isRecord(value) ? value[key] : undefined;
  if (typeof member === "number") return member;
  const parsed = typeof member === "string" && member !== "" ? Number(member) : 0;
  return Number.isFinite(parsed) ? parsed : 0;
}

/** Whether the key holds true. */
export function flagAt(value: unknown, key: string): boolean {
  return isRecord(value) && value[key] === true;
}

/** The list under a key, or an empty one. */
export function listAt(value: unknown, key: string): readonly unknown[] {
  const member = isRecord(value) ? value[key] : undefined;
  return Array.isArray(member) ? member : [];
}

/** The texts of the list under a key; entries of other types are left out. */
export function textListAt(value: unknown, key: string): readonly string[] {
  return listAt(value, key).filter((entry) => typeof entry === "string");
}

/** The text members of the object under a key, as labels are. */
export function textMapAt(value: unknown, key: string): Readonly<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const [name, member] of Object.entries(recordAt(value, key))) {
    if (typeof member === "string") texts[name] = member;
  }
  return texts;
}

/** Milliseconds since 1970 of the RFC 3339 time under a key; 0 when absent or the zero time of Go. */
export function timeAt(value: unknown, key: string): number {
  const parsed = Date.parse(textAt(value, key));
  return Number.isFinite(parsed) && parsed > 0 ? parsed : 0;
}
