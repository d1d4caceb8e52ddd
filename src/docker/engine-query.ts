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
