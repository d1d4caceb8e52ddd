const INTEGER = /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const SPECIAL: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["", null],
  ["~", null],
  ...["null", "Null", "NULL"].map((text) => [text, null] as const),
  ...["true", "True", "TRUE"].map((text) => [text, true] as const),
  ...["false", "False", "FALSE"].map((text) => [text, false] as const),
  ...[".nan", ".NaN", ".NAN"].map((text) => [text, Number.NaN] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map((text) => [text, Number.POSITIVE_INFINITY] as const),
  ...["-.inf", "-.Inf", "-.INF"].map((text) => [text, Number.NEGATIVE_INFINITY] as const),
]);

/** The value of an unquoted scalar by the core schema of YAML 1.2: `yes`, `on` and dates are text. */
export function parsePlainScalar(text: string): unknown {
  if (SPECIAL.has(text)) return SPECIAL.get(text);
  const first = text.charCodeAt(0);
  // Digits, `+`, `-` and `.`: nothing else starts a number, and nearly all scalars are text.
  if (!((first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46)) return text;
  return INTEGER.test(text) || FLOAT.test(text) ? Number(text) : text;
}
