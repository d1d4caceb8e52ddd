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

/** A filter value that matches exactly these ids: the engine reads `id` filters as regular expressions. */
export function exactIds(ids: readonly string[]): string {
  return `^(${ids.map((id) => id.replaceAll(/[^\w]/g, String.raw`\$&`)).join("|")})$`;
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

/** Ids in one prune request; a longer filter makes the request line too long for the engine. */
const PRUNE_CHUNK = 500;

/** The ids in lists that fit into a request each. */
export function chunkIds(ids: readonly string[]): readonly (readonly string[])[] {
  const count = Math.ceil(ids.length / PRUNE_CHUNK);
  return Array.from({ length: count }, (_, index) => ids.slice(index * PRUNE_CHUNK, (index + 1) * PRUNE_CHUNK));
}
