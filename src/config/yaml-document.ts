import { parseEvents, YAMLException } from "js-yaml";
import { LineIndex, SourceDocument } from "./source-document.ts";
import type { ParsedSource } from "./source-document.ts";
import { YamlConverter } from "./yaml-converter.ts";
import { describeSyntaxError } from "./yaml-syntax.ts";

/**
 * Parses a YAML 1.2 text. Unknown tags and duplicate keys are errors too; after an error of syntax there is no document, since
 * what the parser guessed would only cause more messages. Merge keys (`<<`) are supported; keys are always text.
 */
export function parseYamlDocument(file: string, text: string): ParsedSource {
  const lines = new LineIndex(text);
  try {
    const converter = new YamlConverter(file, text, lines, parseEvents(text, {}));
    const value = converter.convertDocument();
    const { diagnostics } = converter;
    if (converter.hopeless) return { diagnostics };
    return { document: new SourceDocument(file, text, value, lines, converter.indexers), diagnostics };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { reason, mark } = error;
    return { diagnostics: [describeSyntaxError(file, text, lines, { reason, position: mark?.position ?? 0 })] };
  }
}
