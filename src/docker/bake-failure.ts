import type { CommandEvidence, Failure } from "../model/failure.ts";
import type { BakeProgress } from "./bake-progress.ts";
import type { CommandResult } from "./command.ts";
import { classifyErrorLines, classifyRunOutput } from "./failure-classification.ts";

/** At most this many lines of evidence, as everywhere. */
const EVIDENCE_LINES = 20;

/**
 * The failure behind a bake process that did not exit with 0. What BuildKit says decides first (exit code 102 and its text),
 * then what the failing step printed, so that a full disk is recognised both when BuildKit and when a RUN hits it. What a RUN printed about
 * space counts only where the disk may have been full: a quota, /dev/shm and the number of watched files run out with the same words.
 */
export function describeBakeFailure(
  bakeTarget: string,
  result: CommandResult,
  progress: Pick<BakeProgress, "failedStep" | "plainLines">,
  endpoint: string,
  mayHaveBeenFull: () => boolean = () => true,
): Failure {
  if (result.outcome === "not-found") return { reason: "command-not-found", command: result.command };
  if (result.outcome !== "exited") return { reason: "command-failed", evidence: withLines(result, progress) };
  const step = progress.failedStep();
  const plain = progress.plainLines();
  const errors = plain.filter((line) => line.startsWith("ERROR: "));
  const evidence = withLines(result, progress);
  const said = classifyErrorLines([...errors, ...(step === undefined ? [] : [step.error])], result.exitCode);
  const printed = step === undefined ? undefined : classifyRunOutput(step.lastLines);
  const found = said ?? (printed?.trouble === "no-space" && !mayHaveBeenFull() ? undefined : printed);
  const error = step?.error ?? errors.at(-1)?.slice("ERROR: ".length) ?? plain.at(-1) ?? "bake ended without a reason";
  if (found === undefined) {
    return { reason: "build-failed", bakeTarget, ...(step === undefined ? {} : { step: step.name }), error, evidence };
  }
  const line = found.line.replace(/^ERROR: /, "");
  if (found.trouble === "engine-unreachable") return { reason: "engine-unreachable", endpoint, error: line };
  return { reason: found.trouble, error: step === undefined ? line : `${step.name}: ${line}`, evidence };
}

/** The output of the step to blame, then BuildKit's frame of the Dockerfile and its error. */
function withLines(result: CommandResult, progress: Pick<BakeProgress, "failedStep" | "plainLines">): CommandEvidence {
  const plain = progress.plainLines().slice(-12);
  const printed = progress.failedStep()?.lastLines ?? [];
  return { ...result.evidence, lastLines: [...printed.slice(plain.length - EVIDENCE_LINES), ...plain] };
}
