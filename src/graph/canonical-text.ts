/**
 * Text that is the same for two values of plain data exactly when they mean the same: keys are sorted, and places in a file
 * ({@link SourceLocation}) are left out, whatever they are called.
 */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => (isMapping(member) ? sortKeys(member) : member));
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sortKeys(mapping: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const sorted: Record<string, unknown> = {};
  for (const key of Object.keys(mapping).sort()) {
    const member = mapping[key];
    if (!isLocation(member)) sorted[key] = member;
  }
  return sorted;
}

/** Recognised by shape: a user's own map may well have a key `location`. */
function isLocation(value: unknown): boolean {
  return (
    isMapping(value) &&
    typeof value["file"] === "string" &&
    typeof value["line"] === "number" &&
    typeof value["column"] === "number"
  );
}
