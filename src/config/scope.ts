import type { Environment } from "../model/build-config.ts";
import type { DiagnosticCode } from "../model/diagnostic.ts";
import type { LateReference, RunMember } from "../model/template.ts";
import { didYouMean, suggest } from "../model/suggestion.ts";

/** What git says about the project. Give an object with getters: a member is read only where a file refers to it. */
export interface GitFacts {
  /** The commit; undefined outside a repository, as are the others. */
  readonly sha?: string | undefined;
  readonly shortSha?: string | undefined;
  /** The branch; undefined on a detached head. */
  readonly branch?: string | undefined;
  /** `true` or `false`. */
  readonly dirty?: string | undefined;
}

/** Where the values of references come from. */
export interface Scope {
  /**
   * The variables of the file, overridden by `--var`. Undefined where `var.` means nothing; unknown where their declarations
   * are broken, which is reported already, so that every reference counts as good.
   */
  readonly variables: ReadonlyMap<string, string> | "unknown" | undefined;
  /** The same for the environment. */
  readonly environment: Environment | "unknown" | undefined;
  readonly processEnvironment: Readonly<Record<string, string | undefined>>;
  readonly git: GitFacts;
}

/** What a name stands for. */
export type LookUp =
  | { readonly found: "text"; readonly text: string; readonly ofEnvironment: boolean }
  | { readonly found: "unset"; readonly message: string; readonly hint: string; readonly ofEnvironment: boolean }
  | { readonly found: "late"; readonly reference: WithoutLocation<LateReference> }
  | { readonly found: "problem"; readonly code: DiagnosticCode; readonly message: string; readonly hint: string };

type WithoutLocation<T> = T extends unknown ? Omit<T, "location"> : never;

const NAMESPACES = ["var", "environment", "tasks", "git", "run"] as const;
const RUN_MEMBERS = ["id", "status", "pipeline", "log_directory"] as const satisfies readonly RunMember[];
const RUN_NAMES = RUN_MEMBERS.map((member) => `run.${member}`);
const GIT_MEMBERS = ["git.sha", "git.short_sha", "git.branch", "git.dirty"];
const ENVIRONMENT_MEMBERS = [
  "environment.name",
  "environment.port",
  "environment.docker_context",
  "environment.variables.NAME",
];

/** Looks a name up: `HOME`, `var.channel`, `environment.port`, `git.sha`, `tasks.images.image_id`, `run.status`. */
export function lookUp(name: string, scope: Scope): LookUp {
  const dot = name.indexOf(".");
  if (dot === -1) return lookUpProcessEnvironment(name, scope);
  const namespace = name.slice(0, dot);
  const member = name.slice(dot + 1);
  switch (namespace) {
    case "var":
      return lookUpVariable(member, scope);
    case "environment":
      return lookUpEnvironment(member, scope.environment);
    case "git":
      return lookUpGit(member, scope.git);
    case "tasks":
      return lookUpTask(member);
    case "run":
      return lookUpRun(member);
    case "env":
      return unknown(`The namespace \`env\` is unknown`, `an environment variable has none: \`\${${member}}\``);
    default:
      return unknownMember("namespace", namespace, NAMESPACES);
  }
}

function lookUpProcessEnvironment(name: string, scope: Scope): LookUp {
  const text = Object.hasOwn(scope.processEnvironment, name) ? scope.processEnvironment[name] : undefined;
  if (text !== undefined) return { found: "text", text, ofEnvironment: false };
  const isVariable = typeof scope.variables === "object" && scope.variables.has(name);
  return {
    found: "unset",
    message: `The environment variable \`${name}\` is not set`,
    hint: isVariable ? `did you mean \`\${var.${name}}\`?` : `set it, or give a default: \`\${${name}:-default}\``,
    ofEnvironment: false,
  };
}

function lookUpVariable(member: string, scope: Scope): LookUp {
  if (scope.variables === undefined) return unknown("`var.` means nothing here", "only pipeline files have variables");
  if (scope.variables === "unknown") return { found: "text", text: "", ofEnvironment: false };
  const text = scope.variables.get(member);
  if (text !== undefined) return { found: "text", text, ofEnvironment: false };
  const meant = suggest(member, scope.variables.keys());
  return unknown(
    `The variable \`${member}\` is not declared`,
    meant === undefined ? "declare it with its default under `variables`" : didYouMean(`var.${meant}`),
  );
}

function lookUpEnvironment(member: string, environment: Scope["environment"]): LookUp {
  if (environment === "unknown") return { found: "text", text: "", ofEnvironment: true };
  if (environment === undefined) {
    return unknown("`environment.` means nothing here", "the pipeline has no `environments`");
  }
  if (member.startsWith("variables.")) {
    const name = member.slice("variables.".length);
    const text = Object.hasOwn(environment.variables, name) ? environment.variables[name] : undefined;
    return ofEnvironment(text, environment, `the variable \`${name}\``);
  }
  switch (member) {
    case "name":
      return ofEnvironment(environment.name, environment, member);
    case "port":
      return ofEnvironment(environment.port?.toString(), environment, "`port`");
    case "docker_context":
      return ofEnvironment(environment.dockerContext, environment, "`docker_context`");
    default:
      return unknownMember("member", `environment.${member}`, ENVIRONMENT_MEMBERS);
  }
}

function ofEnvironment(text: string | undefined, environment: Environment, what: string): LookUp {
  if (text !== undefined) return { found: "text", text, ofEnvironment: true };
  const message = `The environment \`${environment.name}\` has no ${what.replace(/^the /, "")}`;
  return {
    found: "unset",
    message,
    hint: "set it in docker/build-config.json, or give a default",
    ofEnvironment: true,
  };
}

function lookUpGit(member: string, git: GitFacts): LookUp {
  let text: string | undefined;
  if (member === "sha") text = git.sha;
  else if (member === "short_sha") text = git.shortSha;
  else if (member === "branch") text = git.branch;
  else if (member === "dirty") text = git.dirty;
  else return unknownMember("member", `git.${member}`, GIT_MEMBERS);
  if (text !== undefined) return { found: "text", text, ofEnvironment: false };
  const message = `\`git.${member}\` has no value`;
  return { found: "unset", message, hint: `give a default: \`\${git.${member}:-unknown}\``, ofEnvironment: false };
}

function lookUpTask(member: string): LookUp {
  const dot = member.lastIndexOf(".");
  if (dot <= 0) return unknown(`\`tasks.${member}\` names no output`, "write `${tasks.TASK.OUTPUT}`");
  const reference = { namespace: "tasks", task: member.slice(0, dot), output: member.slice(dot + 1) } as const;
  return { found: "late", reference };
}

function lookUpRun(member: string): LookUp {
  const known = RUN_MEMBERS.find((candidate) => candidate === member);
  if (known === undefined) return unknownMember("member", `run.${member}`, RUN_NAMES);
  return { found: "late", reference: { namespace: "run", member: known } };
}

function unknownMember(kind: string, name: string, known: readonly string[]): LookUp {
  const meant = suggest(name, known);
  const hint = meant === undefined ? `known: ${known.join(", ")}` : didYouMean(meant);
  return unknown(`The ${kind} \`${name}\` is unknown`, hint);
}

function unknown(message: string, hint: string): LookUp {
  return { found: "problem", code: "reference-unknown", message, hint };
}
