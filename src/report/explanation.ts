import type { CommandEvidence } from "../model/failure.ts";

/** A failure as a reader needs it. Every line is printable and never empty of meaning. */
export interface Explanation {
  /** One sentence that starts with what happened; no trailing full stop. */
  readonly headline: string;
  /** Command line, last lines of output, states: what proves the headline. May be empty. */
  readonly evidence: readonly string[];
  /** What to do, most likely first; at least one, each a command in backticks or an edit. */
  readonly nextSteps: readonly string[];
}

/** Where a failure happened, as far as the events tell. */
export interface FailurePlace {
  /** Empty before a run. */
  readonly task: string;
  /** The task's log file, relative to the project directory; empty before a run. */
  readonly logFile: string;
  /** What the user ran: `deploy-blue`. Empty where it was no pipeline of a file. */
  readonly variants: readonly string[];
  /** `pipelines/deploy.yaml:12`, where the announcement carried it. */
  readonly source?: string;
}

/** The command line, then what it printed last, then how it ended. */
export function commandEvidence(evidence: CommandEvidence): readonly string[] {
  return [`$ ${evidence.command}`, ...evidence.lastLines, `(${describeExit(evidence)})`];
}

/** How a process ended: `exit code 1`, `ended by SIGKILL`. */
export function describeExit(evidence: CommandEvidence): string {
  if (evidence.exitCode !== undefined) return `exit code ${evidence.exitCode}`;
  if (evidence.signal !== undefined) return `ended by ${evidence.signal}`;
  return "ended without an exit code";
}

/** The place of a failure that prevents a run. */
export const BEFORE_RUN: FailurePlace = { task: "", logFile: "", variants: [] };

/** The step that leads to everything the task printed; empty where there is no log. */
export function readLog(place: FailurePlace): string {
  if (place.logFile === "") return "";
  return `read the whole log: \`less ${shellWord(place.logFile)}\``;
}

/** The step that runs the failed task again, alone; empty where it is no task of a pipeline file. */
export function runAgain(place: FailurePlace): string {
  if (place.variants.length === 0) return "";
  return `run it again alone: \`orchestrate run ${place.variants.map(shellWord).join(" ")} --only ${shellWord(place.task)}\``;
}

/** Where the task is written, for a sentence: `task images in pipelines/deploy.yaml:12`. */
export function describePlace(place: FailurePlace): string {
  return place.source === undefined ? `task ${place.task}` : `task ${place.task} in ${place.source}`;
}

/** A word that a shell takes as one argument. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
