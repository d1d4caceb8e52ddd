import type { Diagnostic } from "../model/diagnostic.ts";
import type { LineIndex } from "./source-document.ts";

/** What the parser found and where. */
export interface SyntaxError {
  /** The parser's terse words. */
  readonly reason: string;
  /** Offset in the text. */
  readonly position: number;
}

interface Explanation {
  readonly message: string;
  readonly hint?: string;
}

/** What the parser's words mean to somebody who writes pipelines. */
const EXPLANATIONS: readonly (readonly [RegExp, Explanation])[] = [
  [/^tab characters/, { message: "A tab is used as indentation", hint: "indent with spaces" }],
  [/^nesting exceeded/, { message: "The text is nested too deeply to be read" }],
  [
    /^missed comma/,
    {
      message: "A comma or a closing bracket is missing before this",
      hint: "quote a value that holds brackets or braces",
    },
  ],
  [
    /^deficient indentation/,
    {
      message: "Something opened above is not closed before this line",
      hint: "close the bracket or quote, or indent the line",
    },
  ],
  [/^unexpected end of the (?:stream|document) within/, { message: "A bracket or quote is never closed" }],
  [
    /^end of the stream or a document separator/,
    {
      message: "This line does not belong to what stands above it",
      hint: "look at the indentation, and for a missing `:`",
    },
  ],
  [
    /^bad indentation/,
    {
      message: "This does not belong to what stands above it",
      hint: "look at the indentation, and for a missing quote",
    },
  ],
];

/** The parser's error as a diagnostic, in words that name the usual cause. */
export function describeSyntaxError(file: string, text: string, lines: LineIndex, error: SyntaxError): Diagnostic {
  const { reason, position } = error;
  const at = (start: number, end: number, explanation: Explanation): Diagnostic => ({
    code: "syntax-invalid",
    severity: "error",
    ...explanation,
    location: lines.location(file, start, end),
  });
  if (text[position] === "{" && text[position - 1] === "$") {
    return at(position - 1, interpolationEnd(text, position), {
      message: "`${…}` stands without quotes between brackets, where `{` starts a mapping",
      hint: "put the whole value in quotes",
    });
  }
  if (reason.startsWith("bad indentation")) {
    const reserved = [position, position - 1].find((offset) => /[@`%]/.test(text[offset] ?? ""));
    if (reserved !== undefined) {
      const message = "A value starts with a character that YAML reserves";
      return at(reserved, reserved + 1, { message, hint: "put the value in quotes" });
    }
    if (text[position] === ":") {
      const hint = "put the value in quotes, or the mapping on a line of its own";
      return at(position, position + 1, { message: "A value holds `: `, which starts a nested mapping", hint });
    }
  }
  const explanation = EXPLANATIONS.find(([pattern]) => pattern.test(reason))?.[1];
  return at(position, position + 1, explanation ?? { message: `The text is not valid YAML: ${reason}` });
}

function interpolationEnd(text: string, start: number): number {
  const close = text.indexOf("}", start);
  const lineEnd = text.indexOf("\n", start);
  return close === -1 || (lineEnd !== -1 && close > lineEnd) ? start + 1 : close + 1;
}
