import type { BakeDefinition, BakeTarget } from "../model/bake-definition.ts";
import type { Failure } from "../model/failure.ts";
import type { BakeCall } from "../model/pipeline.ts";
import { classifyErrorLines } from "./failure-classification.ts";
import type { CommandResult } from "./command.ts";
import { commandFailure } from "./command.ts";
import { isRecord, parseJson, recordAt, textAt, textListAt } from "./json-value.ts";

/** Why bake did not print a definition. */
export type BakeProblem =
  /** None of the bake files defines this target or group. */
  | { readonly problem: "target-unknown"; readonly target: string; readonly message: string }
  /** A bake file is missing or wrong. Lines and columns count from 1. */
  | {
      readonly problem: "file-invalid";
      readonly message: string;
      readonly file?: string;
      readonly line?: number;
      readonly column?: number;
    }
  /** Not the files' fault: buildx is missing, the engine does not answer, the signal aborted. */
  | { readonly problem: "failed"; readonly failure: Failure };

/** Reads what `bake --print` prints; undefined when it is no definition. */
export function parseBakeDefinition(output: string): BakeDefinition | undefined {
  const value = parseJson(output);
  if (!isRecord(value) || !isRecord(value["target"])) return undefined;
  const groups = Object.entries(recordAt(value, "group")).map(
    ([name, group]) => [name, { targets: textListAt(group, "targets") }] as const,
  );
  const targets = Object.entries(recordAt(value, "target")).map(
    ([name, target]) => [name, isRecord(target) ? target : {}] as const,
  );
  return { group: Object.fromEntries(groups), target: Object.fromEntries<BakeTarget>(targets) };
}

/** The definition with the call's network, which `--set` cannot carry. */
export function withNetwork(definition: BakeDefinition, call: BakeCall): BakeDefinition {
  const { network } = call;
  if (network === undefined) return definition;
  const targets = Object.entries(definition.target).map(([name, target]) => [name, { ...target, network }] as const);
  return { group: definition.group, target: Object.fromEntries<BakeTarget>(targets) };
}

/** Reads what `bake --list type=targets,format=json` prints: names of targets and groups, sorted. */
export function parseBakeList(output: string): readonly string[] {
  const value = parseJson(output);
  const entries = Array.isArray(value) ? value : [];
  return [...new Set(entries.map((entry: unknown) => textAt(entry, "name")).filter((name) => name !== ""))].sort();
}

/** What the metadata file says about a bake target; empty where nothing was exported. */
export function parseBakeMetadata(
  text: string,
  target: string,
): { readonly digests: readonly string[]; readonly tags: readonly string[] } {
  const metadata = recordAt(parseJson(text), target);
  const digests = [textAt(metadata, "containerimage.digest"), textAt(metadata, "containerimage.config.digest")];
  const names = textAt(metadata, "image.name").split(",");
  return {
    digests: [...new Set(digests.filter((digest) => digest !== ""))],
    tags: names.map((name) => name.trim().replace(/^docker\.io\/(library\/)?/, "")).filter((name) => name !== ""),
  };
}

/** Why `bake --print` failed, from its exit and its last lines. */
export function parseBakeProblem(result: CommandResult): BakeProblem {
  const lines = result.evidence.lastLines;
  const error = lines.findLast((line) => line.startsWith("ERROR: "))?.slice("ERROR: ".length);
  if (result.outcome === "exited" && error !== undefined) {
    const unknown = /^failed to find target (.+?)(?:\.|$)/.exec(error)?.[1];
    if (unknown !== undefined) return { problem: "target-unknown", target: unknown, message: error };
    const trouble = classifyErrorLines([error])?.trouble;
    if (trouble === "engine-unreachable") {
      return { problem: "failed", failure: { reason: "engine-unreachable", endpoint: "the docker builder", error } };
    }
    return { problem: "file-invalid", ...parseFileError(error) };
  }
  const failure = commandFailure(result) ?? { reason: "command-failed", evidence: result.evidence };
  return { problem: "failed", failure };
}

/** Takes `docker-bake.hcl:3,14-17: Unknown variable; …` apart. */
function parseFileError(error: string): {
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
} {
  const place = /^(?:failed to parse )?([^\s:]+):(\d+),(\d+)(?:-[\d,]+)?: (.*)$/.exec(error);
  if (place !== null) {
    const [, file = "", line, column, message = ""] = place;
    return { file, line: Number(line), column: Number(column), message };
  }
  return { message: error };
}
