import type { Diagnostic } from "../model/diagnostic.ts";
import type { GitFacts } from "./scope.ts";

/** What the resolution depends on besides the files. */
export interface ConfigInputs {
  /** A snapshot of the environment variables of the process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `--var NAME=value`. */
  readonly variables: Readonly<Record<string, string>>;
  readonly git: GitFacts;
}

/** Takes a diagnostic. */
export type Report = (diagnostic: Diagnostic) => void;

/** The name and value of `--var NAME=value`; undefined when the text is none. The value may be empty or hold `=`. */
export function parseVariableFlag(text: string): { readonly name: string; readonly value: string } | undefined {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(text);
  return match === null ? undefined : { name: match[1] ?? "", value: match[2] ?? "" };
}

/** Each diagnostic once, in the order of the files given and of their lines. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const unique = new Map<string, Diagnostic>();
  for (const diagnostic of diagnostics) {
    const { file, line, column } = diagnostic.location ?? { file: "", line: 0, column: 0 };
    const key = `${file}:${line}:${column}:${diagnostic.code}:${diagnostic.message}`;
    if (!unique.has(key)) unique.set(key, diagnostic);
  }
  const files = [...new Set([...unique.values()].map(({ location }) => location?.file ?? ""))];
  const rank = new Map(files.map((file, index) => [file, index]));
  return [...unique.values()].sort(
    (a, b) =>
      (rank.get(a.location?.file ?? "") ?? 0) - (rank.get(b.location?.file ?? "") ?? 0) ||
      (a.location?.line ?? 0) - (b.location?.line ?? 0) ||
      (a.location?.column ?? 0) - (b.location?.column ?? 0),
  );
}
