import type { Diagnostic } from "../model/diagnostic.ts";
import type { SourceLocation } from "../model/location.ts";
import { explainDocument } from "./schema-explanation.ts";
import type { DocumentValidator, SchemaNode } from "./schema-node.ts";
import type { SourceDocument } from "./source-document.ts";
import type { ValuePath, Violation } from "./violation.ts";

/** A document that follows its schema, perhaps only after what breaks it was taken out. */
export interface WrittenDocument<T> {
  readonly source: SourceDocument;
  /** What is left of the document; undefined when nothing of it can be used. */
  readonly written: T | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Paths that were taken out, or whose key was misspelt: what depends on them must not be reported on top. */
  readonly damage: readonly ValuePath[];
}

/** Taking something out can break its container in turn, at most once for each level of the schema. */
const MAX_REPAIRS = 8;

/**
 * Checks a document against its schema. What breaks the schema is reported and taken out, so that the rest can still be
 * resolved and all problems of a file are shown at once.
 */
export function parseWrittenDocument<T>(
  source: SourceDocument,
  schema: SchemaNode,
  isValid: DocumentValidator<T>,
): WrittenDocument<T> {
  const { value } = source;
  if (isValid(value)) return { source, written: value, diagnostics: [], damage: [] };
  const violations = explainDocument(value, schema);
  const diagnostics = violations.map((violation) => describeViolation(source, violation));
  const damage: ValuePath[] = [];
  let found = violations;
  for (let round = 0; round < MAX_REPAIRS && found.length > 0; round += 1) {
    const paths = found.map((violation) => removedPath(value, violation));
    for (const violation of found) damage.push(...damagedPaths(violation));
    damage.push(...paths);
    for (const path of paths) remove(value, path);
    if (isValid(value)) return { source, written: value, diagnostics, damage };
    found = explainDocument(value, schema);
  }
  return { source, written: undefined, diagnostics, damage };
}

function describeViolation(source: SourceDocument, violation: Violation): Diagnostic {
  const { code, message, hint, related } = violation;
  return {
    code,
    severity: "error",
    message,
    location: locate(source, violation.path, violation.blames),
    ...(hint === undefined ? {} : { hint }),
    ...(related === undefined
      ? {}
      : { related: [{ message: related.message, location: locate(source, related.path, "key") }] }),
  };
}

function locate(source: SourceDocument, path: ValuePath, blames: "key" | "value"): SourceLocation {
  const key = path.at(-1);
  const container = valueAt(source.value, path.slice(0, -1));
  if (key === undefined || typeof container !== "object" || container === null) return source.start();
  return blames === "key" ? source.keyLocation(container, key) : source.valueLocation(container, key);
}

function valueAt(root: unknown, path: ValuePath): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

/**
 * What must go so that the violation is gone: the value itself, and of a list the whole list, since the places of the
 * entries are known by their index.
 */
function removedPath(root: unknown, violation: Violation): ValuePath {
  let { path } = violation;
  const choosesTwice = violation.related !== undefined;
  if (choosesTwice) path = path.slice(0, -1);
  while (path.length > 0 && Array.isArray(valueAt(root, path.slice(0, -1)))) path = path.slice(0, -1);
  return path;
}

function damagedPaths(violation: Violation): readonly ValuePath[] {
  return violation.meant === undefined ? [] : [[...violation.path.slice(0, -1), violation.meant]];
}

function remove(root: unknown, path: ValuePath): void {
  const container = valueAt(root, path.slice(0, -1));
  const key = path.at(-1);
  if (key !== undefined && typeof container === "object" && container !== null) Reflect.deleteProperty(container, key);
}
