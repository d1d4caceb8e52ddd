import { existsSync } from "node:fs";
import { loadProject } from "../config/project.ts";
import type { Project } from "../config/project.ts";
import { parseVariableFlag } from "../config/config-inputs.ts";
import type { ConfigInputs } from "../config/config-inputs.ts";
import type { GitFacts } from "../config/scope.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Invocation } from "./command-declaration.ts";
import { findProjectDirectory } from "./project-directory.ts";
import type { Surroundings } from "./surroundings.ts";
import { refuse, succeed } from "./trouble.ts";
import type { Outcome } from "./trouble.ts";

/** The project that a command works on, with everything its files may refer to. */
export interface LoadedProject {
  /** Absolute. */
  readonly directory: string;
  readonly project: Project;
  readonly inputs: ConfigInputs;
}

/**
 * Reads the project's files. Fails only for a directory that does not exist and for `--var` flags that are none; mistakes in
 * the files come with their use.
 */
export async function openProject(invocation: Invocation, surroundings: Surroundings): Promise<Outcome<LoadedProject>> {
  const directory = findProjectDirectory(invocation.options, surroundings);
  if (!existsSync(directory)) return refuse([describeMissingDirectory(directory)], new Map());
  const project = loadProject(directory);
  const variables: Record<string, string> = {};
  const wrong: Diagnostic[] = [];
  for (const flag of invocation.options.list("var")) {
    const parsed = parseVariableFlag(flag);
    if (parsed === undefined) wrong.push(describeWrongFlag(flag));
    else variables[parsed.name] = parsed.value;
  }
  if (wrong.length > 0) return refuse(wrong, project.sources);
  const git = await loadGitFacts(project);
  return succeed({ directory, project, inputs: { environment: surroundings.env, variables, git } });
}

function describeMissingDirectory(directory: string): Diagnostic {
  return {
    code: "file-unreadable",
    severity: "error",
    message: `the directory ${directory} does not exist`,
    hint: "--directory names the directory of a project, where pipelines/ is",
  };
}

function describeWrongFlag(flag: string): Diagnostic {
  return {
    code: "value-invalid",
    severity: "error",
    message: `--var ${flag} sets no variable`,
    hint: "write --var NAME=VALUE",
  };
}

/** Asks git only where a file refers to it: starting a process costs more than reading all pipelines. */
async function loadGitFacts(project: Project): Promise<GitFacts> {
  const used = [...project.sources.values()].some((text) => text.includes("git."));
  if (!used) return {};
  const { inspectGit } = await import("./git-facts.ts");
  return inspectGit(project.directory);
}
