import type { Diagnostic } from "../model/diagnostic.ts";
import type { SourceLocation } from "../model/location.ts";

/** How diagnostics are rendered. */
export interface FrameOptions {
  /** Whether to use ANSI colours. */
  readonly color: boolean;
}

/** Wider lines are cut around the caret. */
const MAX_WIDTH = 120;
const CODES = { bold: 1, red: 31, yellow: 33, blue: 34, cyan: 36 } as const;

/** The lines of a file; undefined when its text is not at hand. */
type LinesOf = (file: string) => readonly string[] | undefined;
type Paint = (style: keyof typeof CODES, text: string) => string;

/**
 * A diagnostic for people: what is wrong, the line of the file with the place underlined, a hint, and other places that belong
 * to it. Several lines, no line end after the last. Without the text of the file the frame is left out.
 */
export function renderDiagnostic(
  diagnostic: Diagnostic,
  sourceText: string | undefined,
  options: FrameOptions,
): string {
  const lines = sourceText?.split("\n");
  return render(diagnostic, () => lines, options).join("\n");
}

/** All diagnostics, each with its frame, and a line that counts them. `sources` holds the texts of the files by name. */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  options: FrameOptions,
): string {
  const split = new Map<string, readonly string[]>();
  const linesOf: LinesOf = (file) => {
    const lines = split.get(file) ?? sources.get(file)?.split("\n");
    if (lines !== undefined) split.set(file, lines);
    return lines;
  };
  const blocks = diagnostics.map((diagnostic) => render(diagnostic, linesOf, options).join("\n"));
  return [...blocks, countLine(diagnostics)].join("\n\n");
}

/** `3 errors and 1 warning in 2 files`. */
function countLine(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const warnings = diagnostics.length - errors;
  const files = new Set(diagnostics.flatMap(({ location }) => location?.file ?? [])).size;
  const parts = [
    ...(errors > 0 || warnings === 0 ? [plural(errors, "error")] : []),
    ...(warnings > 0 ? [plural(warnings, "warning")] : []),
  ];
  return parts.join(" and ") + (files > 0 ? ` in ${plural(files, "file")}` : "");
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function painter({ color }: FrameOptions): Paint {
  return (style, text) => (color ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text);
}

function render(diagnostic: Diagnostic, linesOf: LinesOf, options: FrameOptions): readonly string[] {
  const paint = painter(options);
  const { severity, code, message, location, hint, related = [] } = diagnostic;
  const style = severity === "error" ? "red" : "yellow";
  const place = location === undefined ? "" : ` ${describePlace(location)}`;
  const gutter = gutterWidth([location, ...related.map((other) => other.location)]);
  const margin = " ".repeat(gutter);
  const lines = [`${paint(style, `${severity}[${code}]`)}${paint("blue", place)}`, paint("bold", printable(message))];
  if (location !== undefined) {
    lines.push(...renderFrame(location, linesOf(location.file), { gutter, style, mark: "^" }, paint));
  }
  for (const other of related) {
    const note = `${printable(other.message)}: ${describePlace(other.location)}`;
    lines.push(`${margin} ${paint("blue", "note:")} ${note}`);
    lines.push(
      ...renderFrame(other.location, linesOf(other.location.file), { gutter, style: "blue", mark: "-" }, paint),
    );
  }
  if (hint !== undefined) lines.push(`${margin} ${paint("cyan", "hint:")} ${printable(hint)}`);
  return lines;
}

interface FrameStyle {
  /** Width of the line numbers. */
  readonly gutter: number;
  readonly style: keyof typeof CODES;
  readonly mark: "^" | "-";
}

function renderFrame(
  location: SourceLocation,
  lines: readonly string[] | undefined,
  { gutter, style, mark }: FrameStyle,
  paint: Paint,
): readonly string[] {
  const line = lines?.[location.line - 1]?.replace(/\r$/, "");
  if (line === undefined) return [];
  const start = Math.min(location.column - 1, line.length);
  const sameLine = location.endLine === undefined || location.endLine === location.line;
  const end = sameLine ? (location.endColumn ?? location.column + 1) - 1 : line.length;
  const cut = start > MAX_WIDTH - 20 ? start - 40 : 0;
  const shown = line.slice(cut, cut + MAX_WIDTH);
  const prefix = cut > 0 ? "…" : "";
  const suffix = line.length > cut + MAX_WIDTH ? "…" : "";
  const lead = prefix + displayed(line.slice(cut, start));
  const width = Math.max(1, displayed(line.slice(start, Math.min(end, cut + MAX_WIDTH))).length);
  const bar = paint("blue", "|");
  const number = paint("blue", String(location.line).padStart(gutter));
  return [
    `${number} ${bar} ${prefix}${displayed(shown)}${suffix}`,
    `${" ".repeat(gutter)} ${bar} ${" ".repeat(lead.length)}${paint(style, mark.repeat(width))}`,
  ];
}

/** As a terminal shows it: tabs have a width, and control characters of a file must not reach the terminal. */
function displayed(text: string): string {
  return printable(text.replaceAll("\t", "  "));
}

function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\u{fffd}").replaceAll("\n", " ");
}

function describePlace({ file, line, column }: SourceLocation): string {
  return `${printable(file)}:${line}:${column}`;
}

function gutterWidth(locations: readonly (SourceLocation | undefined)[]): number {
  return Math.max(...locations.map((location) => String(location?.line ?? 0).length));
}
