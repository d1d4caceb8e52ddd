import type { Diagnostic } from "../model/diagnostic.ts";
import { LineIndex } from "./source-document.ts";
import type { ParsedSource } from "./source-document.ts";
import { parseYamlDocument } from "./yaml-document.ts";

/** Where V8's message says that the error is. */
const POSITION = / (?:in JSON )?at position (\d+)(?: \(line \d+ column \d+\))?$/;

/**
 * Parses a JSON text. It must be strict JSON, since other tools read the file too; positions come from the YAML parser, of
 * which JSON is a subset.
 */
export function parseJsonDocument(file: string, text: string): ParsedSource {
  try {
    JSON.parse(text);
  } catch (error) {
    return { diagnostics: [syntaxError(file, text, error instanceof Error ? error.message : String(error))] };
  }
  return parseYamlDocument(file, text);
}

function syntaxError(file: string, text: string, message: string): Diagnostic {
  const match = POSITION.exec(message);
  const offset = match === null ? text.trimEnd().length : Number(match[1]);
  const hint = hintFor(text, offset);
  return {
    code: "syntax-invalid",
    severity: "error",
    message: `The text is not valid JSON: ${message.replace(POSITION, "").replace(/, ("|\.\.\.)[\s\S]* is not valid JSON$/, "")}`,
    location: new LineIndex(text).location(file, offset, offset + 1),
    ...(hint === undefined ? {} : { hint }),
  };
}

function hintFor(text: string, offset: number): string | undefined {
  const rest = text.slice(offset);
  if (rest.startsWith("//") || rest.startsWith("/*") || rest.startsWith("#")) return "JSON has no comments";
  if (/^[}\]]/.test(rest) && /,\s*$/.test(text.slice(0, offset))) return "remove the comma before it";
  if (rest.startsWith("'")) return "JSON strings stand in double quotes";
  return undefined;
}
