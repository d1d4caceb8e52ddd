import type { YAMLError } from "yaml";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { LineIndex } from "./source-document.ts";

/** What the parser's terse messages mean to somebody who writes pipelines. */
const EXPLANATIONS: Readonly<Record<string, { readonly message: string; readonly hint: string }>> = {
  TAB_AS_INDENT: { message: "A tab is used as indentation", hint: "indent with spaces" },
  MULTIPLE_DOCS: {
    message: "The file holds more than one YAML document",
    hint: "keep one document; remove the line `---`",
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: "A value holds `: `, which starts a nested mapping",
    hint: "put the value in quotes, or the mapping on a line of its own",
  },
  BAD_SCALAR_START: { message: "A value starts with a character that YAML reserves", hint: "put the value in quotes" },
  BAD_ALIAS: { message: "An alias (`*name`) cannot stand here", hint: "put the value in quotes if it is text" },
};

/** The parser's errors and warnings as diagnostics, one for each line: the rest of a line only echoes the first. */
export function describeSyntaxErrors(
  file: string,
  text: string,
  lines: LineIndex,
  errors: readonly YAMLError[],
): readonly Diagnostic[] {
  const seen = new Set<number>();
  const diagnostics: Diagnostic[] = [];
  for (const error of [...errors].sort((a, b) => a.pos[0] - b.pos[0])) {
    const { line } = lines.position(error.pos[0]);
    if (seen.has(line)) continue;
    seen.add(line);
    diagnostics.push(describe(file, text, lines, error));
  }
  return diagnostics;
}

function describe(file: string, text: string, lines: LineIndex, error: YAMLError): Diagnostic {
  const [start, end] = error.pos;
  const found = { code: "syntax-invalid", severity: "error" } as const;
  if (text[start] === "{" && text[start - 1] === "$") {
    return {
      ...found,
      message: "`${…}` stands without quotes between brackets, where `{` starts a mapping",
      location: lines.location(file, start - 1, interpolationEnd(text, start)),
      hint: "put the whole value in quotes",
    };
  }
  const location = lines.location(file, start, end);
  if (error.code === "TAG_RESOLVE_FAILED") {
    const tag = text.slice(start, end);
    return {
      ...found,
      message: `\`${tag}\` is read as a YAML tag, and the value becomes empty`,
      location,
      hint: `put it in quotes: "${tag}"`,
    };
  }
  const explanation = EXPLANATIONS[error.code];
  if (explanation !== undefined) return { ...found, ...explanation, location };
  const message = error.message.split("\n")[0]?.replace(/\.$/, "") ?? error.code;
  return { ...found, message: `The text is not valid YAML: ${message}`, location };
}

function interpolationEnd(text: string, start: number): number {
  const close = text.indexOf("}", start);
  const lineEnd = text.indexOf("\n", start);
  return close === -1 || (lineEnd !== -1 && close > lineEnd) ? start + 1 : close + 1;
}
