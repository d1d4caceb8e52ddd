import type { DiagnosticCode } from "../model/diagnostic.ts";
import type { SchemaNode } from "./schema-node.ts";
import { didYouMean, suggest } from "../model/suggestion.ts";

/** What is wrong with a single value, without its place. */
export interface ValueProblem {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint?: string;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  array: "a list",
  object: "a mapping",
  integer: "a whole number",
  number: "a number",
  boolean: "`true` or `false`",
};

/** What a text that broke the pattern of a definition should have been. */
const PATTERN_PROBLEMS: Readonly<Record<string, (text: string) => ValueProblem>> = {
  Duration: durationProblem,
  Size: sizeProblem,
  Name: (text) => ({
    code: "value-invalid",
    message: `\`${text}\` is not a possible name`,
    hint: "use letters, digits, `_`, `.` and `-`, starting with a letter or digit",
  }),
  EnvironmentName: (text) => ({
    code: "value-invalid",
    message: `\`${text}\` is not a possible name of an environment`,
    hint: "use lower-case letters, digits, `_` and `-`",
  }),
  VariableName: (text) => ({
    code: "value-invalid",
    message: `\`${text}\` is not a possible name of a variable`,
    hint: "use letters, digits and `_`, not starting with a digit",
  }),
  Percentage: (text) => ({
    code: "value-invalid",
    message: `\`${text}\` is not a percentage`,
    hint: "write it like `10%`",
  }),
  FreeSpace: freeSpaceProblem,
};

/** What is wrong with a text that should be a duration. */
export function durationProblem(text: string): ValueProblem {
  const bare = /^\s*\d+(\.\d+)?\s*$/.test(text);
  return {
    code: "duration-invalid",
    message: bare ? `The duration \`${text}\` has no unit` : `\`${text}\` is not a duration`,
    hint: bare ? `write \`${text.trim()}s\` or \`${text.trim()}m\`` : "write it like `30s`, `5m` or `1h30m`",
  };
}

/** What is wrong with a text that should be a size. */
export function sizeProblem(text: string): ValueProblem {
  const bare = /^\s*\d+(\.\d+)?\s*$/.test(text);
  return {
    code: "size-invalid",
    message: bare ? `The size \`${text}\` has no unit` : `\`${text}\` is not a size`,
    hint: bare ? `write \`${text.trim()}MB\` or \`${text.trim()}GB\`` : "write it like `500MB`, `10GB` or `1.5GiB`",
  };
}

/** What is wrong with a text that should be a size or a percentage of a disk. */
export function freeSpaceProblem(text: string): ValueProblem {
  const hint = "write it like `10GB`, or like `10%` for a part of the disk";
  return { code: "size-invalid", message: `\`${text}\` is neither a size nor a percentage below 100`, hint };
}

/** A value of another type than the schema wants. `part` names the definition that the schema comes from. */
export function explainType(value: unknown, schema: SchemaNode, part: string | undefined): ValueProblem | undefined {
  if (schema.type === undefined) return undefined;
  const wanted = [schema.type].flat();
  const actual = typeOf(value);
  if (wanted.includes(actual) || (actual === "integer" && wanted.includes("number"))) return undefined;
  if (typeof value === "number" && part === "Duration") return durationProblem(String(value));
  if (typeof value === "number" && part === "Size") return sizeProblem(String(value));
  if (typeof value === "number" && part === "FreeSpace") return freeSpaceProblem(String(value));
  const expected = [...new Set(wanted)].map((type) => TYPE_NAMES[type] ?? type).join(" or ");
  const hint = typeHint(value, wanted);
  return {
    code: "value-invalid",
    message:
      value === null ? `The value is empty; expected ${expected}` : `Expected ${expected}, not ${describe(value)}`,
    ...(hint === undefined ? {} : { hint }),
  };
}

function typeHint(value: unknown, wanted: readonly string[]): string | undefined {
  if (value === null) return wanted.includes("object") ? "write `{}` where there is nothing to set" : undefined;
  if (wanted.includes("string") && (typeof value === "number" || typeof value === "boolean")) return "put it in quotes";
  if (wanted.includes("array") && typeof value === "string") return `write it as a list: [${value}]`;
  return undefined;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value !== "number") return typeof value;
  if (!Number.isFinite(value)) return "not a finite number";
  return Number.isInteger(value) ? "integer" : "number";
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a mapping" : `\`${JSON.stringify(value).replaceAll(/^"|"$/g, "")}\``;
}

/** A text that a pattern refuses, or a value that is none of the allowed ones. */
export function explainPattern(value: unknown, schema: SchemaNode, part: string | undefined): ValueProblem | undefined {
  if (typeof value === "string" && schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(value)) {
    return (
      PATTERN_PROBLEMS[part ?? ""]?.(value) ?? { code: "value-invalid", message: `\`${value}\` is not allowed here` }
    );
  }
  const allowed = schema.enum;
  if (allowed === undefined || allowed.some((candidate) => candidate === value)) return undefined;
  const names = allowed.map(String);
  const meant = typeof value === "string" ? suggest(value, names) : undefined;
  const list = names.map((name) => `\`${name}\``).join(", ");
  return {
    code: "value-invalid",
    message: `${describe(value)} is none of ${list}`,
    ...(meant === undefined ? {} : { hint: didYouMean(meant) }),
  };
}

/** A number outside its range. */
export function explainRange(value: unknown, schema: SchemaNode): ValueProblem | undefined {
  if (typeof value !== "number") return undefined;
  const { minimum, maximum, exclusiveMinimum } = schema;
  const problem = (text: string): ValueProblem => ({ code: "value-invalid", message: `${value} ${text}` });
  if (minimum !== undefined && value < minimum) return problem(`is too small: at least ${minimum}`);
  if (maximum !== undefined && value > maximum) return problem(`is too large: at most ${maximum}`);
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum)
    return problem(`must be more than ${exclusiveMinimum}`);
  return undefined;
}

/** The JSON types that a schema accepts. */
export function typesOf(schema: SchemaNode, definitions: Readonly<Record<string, SchemaNode>>): readonly string[] {
  if (schema.$ref !== undefined) {
    return typesOf(definitions[schema.$ref.slice("#/definitions/".length)] ?? {}, definitions);
  }
  const own = schema.type === undefined ? [] : [schema.type].flat();
  const inner = [...(schema.allOf ?? []), ...(schema.anyOf ?? [])].flatMap((part) => typesOf(part, definitions));
  return [...new Set([...own, ...inner])];
}
