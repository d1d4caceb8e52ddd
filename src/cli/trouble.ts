import type { Diagnostic } from "../model/diagnostic.ts";
import type { Failure } from "../model/failure.ts";
import { EXIT, signalExitCode } from "./exit-code.ts";
import { wantsColor } from "./surroundings.ts";
import type { Surroundings } from "./surroundings.ts";

/** Why a command cannot start. */
export type Trouble =
  /** Mistakes in the user's files. */
  | { readonly trouble: "diagnostics"; readonly diagnostics: readonly Diagnostic[]; readonly sources: SourceTexts }
  /** Docker, buildx or compose is missing or does not answer. */
  | { readonly trouble: "failure"; readonly failure: Failure };

/** A result, or why there is none. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly trouble: Trouble };

/** Texts of the files that diagnostics point into, by their path relative to the project directory. */
export type SourceTexts = ReadonlyMap<string, string>;

/** A good outcome. */
export function succeed<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

/** An outcome that mistakes in the user's files prevent. */
export function refuse<T>(diagnostics: readonly Diagnostic[], sources: SourceTexts): Outcome<T> {
  return { ok: false, trouble: { trouble: "diagnostics", diagnostics, sources } };
}

/**
 * Tells the user why nothing started: people on standard error, scripts (`--json`) on standard output. Gives the exit code.
 * After a signal the trouble is only its effect on what was being asked, and the signal is told instead.
 */
export async function tellTrouble(trouble: Trouble, surroundings: Surroundings, json: boolean): Promise<number> {
  if (surroundings.signal.aborted) {
    const signal = String(surroundings.signal.reason);
    surroundings.stderr.write(`cancelled on ${signal}: nothing was started\n`);
    return signalExitCode(signal);
  }
  if (json) surroundings.stdout.write(`${JSON.stringify(await describeForScripts(trouble), undefined, 2)}\n`);
  else surroundings.stderr.write(await describeForPeople(trouble, wantsColor(surroundings.stderr, surroundings.env)));
  if (trouble.trouble === "diagnostics" && surroundings.env["GITHUB_ACTIONS"] === "true")
    await annotate(trouble.diagnostics, surroundings);
  return EXIT.usage;
}

/** In GitHub Actions every diagnostic also becomes an annotation at its line. */
async function annotate(diagnostics: readonly Diagnostic[], surroundings: Surroundings): Promise<void> {
  const { renderDiagnosticAnnotation } = await import("../report/github.ts");
  for (const diagnostic of diagnostics) surroundings.stderr.write(renderDiagnosticAnnotation(diagnostic));
}

/** Warnings never stop a command; they are shown before it works. */
export async function tellWarnings(
  warnings: readonly Diagnostic[],
  sources: SourceTexts,
  surroundings: Surroundings,
): Promise<void> {
  if (warnings.length === 0) return;
  const { renderDiagnostics } = await import("../report/code-frame.ts");
  const color = wantsColor(surroundings.stderr, surroundings.env);
  surroundings.stderr.write(`${renderDiagnostics(warnings, sources, { color })}\n`);
}

async function describeForScripts(trouble: Trouble): Promise<unknown> {
  if (trouble.trouble === "diagnostics") return { version: 1, error: { diagnostics: trouble.diagnostics } };
  return { version: 1, error: { failure: trouble.failure, ...(await explain(trouble.failure)) } };
}

async function describeForPeople(trouble: Trouble, color: boolean): Promise<string> {
  if (trouble.trouble === "diagnostics") {
    const { renderDiagnostics } = await import("../report/code-frame.ts");
    return `${renderDiagnostics(trouble.diagnostics, trouble.sources, { color })}\n`;
  }
  const { headline, evidence, nextSteps } = await explain(trouble.failure);
  const lines = [
    `error: ${headline}`,
    ...evidence.map((line) => `  ${line}`),
    ...nextSteps.map((step) => `next: ${step}`),
  ];
  return `${lines.join("\n")}\n`;
}

async function explain(
  failure: Failure,
): Promise<{ headline: string; evidence: readonly string[]; nextSteps: readonly string[] }> {
  const [{ explainFailure }, { BEFORE_RUN }] = await Promise.all([
    import("../report/explain-failure.ts"),
    import("../report/explanation.ts"),
  ]);
  return explainFailure(failure, BEFORE_RUN);
}
