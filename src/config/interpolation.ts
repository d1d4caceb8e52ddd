/** A `${…}` as written. */
export interface Reference {
  /** The whole `${…}`. */
  readonly text: string;
  /** `HOME`, `var.channel`, `tasks.images/frontend.image_id`. */
  readonly name: string;
  readonly fallback?: Fallback;
}

/** What a reference does when it has no value, as in Compose. The variants with `:` also count an empty value as none. */
export interface Fallback {
  readonly operator: ":-" | "-" | ":?" | "?" | ":+" | "+";
  readonly operand: readonly Segment[];
}

/** Plain text or a reference. */
export type Segment = string | Reference;

/** Text that cannot be read as an interpolation. */
export interface InterpolationProblem {
  readonly message: string;
  readonly hint: string;
  /** The part of the text that is to blame. */
  readonly part: string;
}

/** Segments of a text, or the first problem in it. */
export type ParsedInterpolation =
  | { readonly ok: true; readonly segments: readonly Segment[] }
  | { readonly ok: false; readonly problem: InterpolationProblem };

/** A reference that starts at some index of a text, and where it ends. */
export type ParsedReference =
  | { readonly ok: true; readonly reference: Reference; readonly end: number }
  | { readonly ok: false; readonly problem: InterpolationProblem };

/** A name with a namespace may hold what task names hold; a bare name is an environment variable. */
const NAME = /(?:[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_./-]*[A-Za-z0-9_])|[A-Za-z_][A-Za-z0-9_]*)/y;
const OPERATOR = /:-|:\?|:\+|-|\?|\+/y;

/** Splits a text at its `${…}`. `$$` is a dollar sign; a `$` before anything else is text. */
export function parseInterpolation(text: string): ParsedInterpolation {
  const result = parseSegments(text, 0, undefined);
  return result.ok ? { ok: true, segments: result.segments } : result;
}

/** Parses the reference whose `${` stands at `start`. */
export function parseReference(text: string, start: number): ParsedReference {
  NAME.lastIndex = start + 2;
  const name = NAME.exec(text)?.[0];
  if (name === undefined) return { ok: false, problem: invalidReference(text, start) };
  const afterName = start + 2 + name.length;
  if (text[afterName] === "}") {
    return { ok: true, reference: { text: text.slice(start, afterName + 1), name }, end: afterName + 1 };
  }
  OPERATOR.lastIndex = afterName;
  const operator = asOperator(OPERATOR.exec(text)?.[0]);
  if (operator === undefined) return { ok: false, problem: invalidReference(text, start) };
  const operand = parseSegments(text, afterName + operator.length, "}");
  if (!operand.ok) return operand;
  if (text[operand.end] !== "}") return { ok: false, problem: invalidReference(text, start) };
  const end = operand.end + 1;
  const fallback = { operator, operand: operand.segments };
  return { ok: true, reference: { text: text.slice(start, end), name, fallback }, end };
}

type Segments =
  | { readonly ok: true; readonly segments: readonly Segment[]; readonly end: number }
  | { readonly ok: false; readonly problem: InterpolationProblem };

/** Reads up to `stop`, which is not consumed, or to the end of the text. */
function parseSegments(text: string, start: number, stop: "}" | undefined): Segments {
  const segments: Segment[] = [];
  let plain = "";
  let at = start;
  while (at < text.length && text[at] !== stop) {
    if (text.startsWith("$$", at)) {
      plain += "$";
      at += 2;
    } else if (text.startsWith("${", at)) {
      const parsed = parseReference(text, at);
      if (!parsed.ok) return parsed;
      if (plain !== "") segments.push(plain);
      plain = "";
      segments.push(parsed.reference);
      at = parsed.end;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  if (plain !== "") segments.push(plain);
  return { ok: true, segments, end: at };
}

function invalidReference(text: string, start: number): InterpolationProblem {
  const close = text.indexOf("}", start);
  if (close === -1) {
    return {
      message: "`${` is never closed",
      hint: "add `}`, or write `$${` for the two characters",
      part: text.slice(start).split("\n")[0] ?? "",
    };
  }
  const part = text.slice(start, close + 1);
  if (part.startsWith("${{")) {
    const name = part.replaceAll(/[${}\s]/g, "");
    return { message: `\`${part}}\` is not an interpolation`, hint: `write \`\${${name}}\``, part };
  }
  return {
    message: `\`${part}\` is not an interpolation`,
    hint: "write `${NAME}`, `${NAME:-default}` or `${NAME:?why}`; `$${` stands for the two characters",
    part,
  };
}

function asOperator(text: string | undefined): Fallback["operator"] | undefined {
  switch (text) {
    case ":-":
    case "-":
    case ":?":
    case "?":
    case ":+":
    case "+":
      return text;
    default:
      return undefined;
  }
}
