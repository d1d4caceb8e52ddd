import type { Failure, Result } from "../model/failure.ts";
/**
 * The `filters` parameter: JSON of key to list of values. Keys without a value are left out; undefined when none is left,
 * so that the parameter is not sent.
 */
export function encodeFilters(
  filters: Readonly<Record<string, readonly string[] | boolean | undefined>>,
): string | undefined {
  const given = Object.entries(filters).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return [[key, typeof value === "boolean" ? [String(value)] : value] as const];
  });
  return given.length === 0 ? undefined : JSON.stringify(Object.fromEntries(given));
}

/** An image reference as part of a path; the engine wants its slashes as they are. */
export function encodeReference(reference: string): string {
  return reference.split("/").map(encodeURIComponent).join("/");
}

/** Repository and tag of a reference; `latest` where it has no tag. A port of the registry is not a tag. */
export function splitReference(reference: string): { readonly repository: string; readonly tag: string } {
  const colon = reference.lastIndexOf(":");
  if (colon <= reference.lastIndexOf("/")) return { repository: reference, tag: "latest" };
  return { repository: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}

/** Digits that tell one random id from another that is made while we look away: 1 in 10^15. */
const TELLING_DIGITS = 10;

/**
 * A filter value that matches these ids and none of the other known ones: the engine reads `id` filters as regular expressions. Of
 * long ids only the beginning is named, because the engine's time grows with the length of the expression.
 */
export function exactIds(ids: readonly string[], known: Iterable<string> = []): string {
  const counts = new Map<string, number>();
  for (const id of new Set([...known, ...ids])) {
    const start = id.slice(0, TELLING_DIGITS);
    counts.set(start, (counts.get(start) ?? 0) + 1);
  }
  const quote = (text: string): string => text.replaceAll(/[^\w]/g, String.raw`\$&`);
  const alternatives = ids.map((id) => {
    const start = id.slice(0, TELLING_DIGITS);
    const tells = start.length === TELLING_DIGITS && id.length > TELLING_DIGITS && counts.get(start) === 1;
    return tells ? quote(start) : `${quote(id)}$`;
  });
  return `^(${alternatives.join("|")})`;
}

/** Turns "no such thing" into undefined. */
export function orUndefined<T>(result: Result<T>): Result<T | undefined> {
  const missing = !result.ok && result.failure.reason === "engine-refused" && result.failure.status === 404;
  return missing ? { ok: true, value: undefined } : result;
}

/** The engine's own words where a failure has some. */
export function describeFailure(failure: Failure): string {
  return "error" in failure ? failure.error : failure.reason;
}
