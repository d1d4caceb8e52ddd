import type { OptionDeclaration } from "./command-declaration.ts";

const flag = (name: string, description: string, short?: string): OptionDeclaration => ({
  name,
  description,
  value: { type: "flag" },
  ...(short === undefined ? {} : { short }),
});

const list = (name: string, placeholder: string, description: string): OptionDeclaration => ({
  name,
  description,
  value: { type: "list", placeholder },
});

/** Options that several commands share, each declared once. */
export const OPTION = {
  directory: {
    name: "directory",
    short: "C",
    value: { type: "text", placeholder: "PATH" },
    description: "work as if started in PATH",
  },
  json: flag("json", "print one JSON document on standard output, for scripts"),
  variable: list("var", "NAME=VALUE", "set a variable of the pipeline; may be given several times"),
  only: list("only", "TASK", "run exactly these tasks, and nothing they need"),
  from: list("from", "TASK", "run these tasks and everything downstream of them"),
  concurrency: {
    name: "concurrency",
    value: { type: "count", minimum: 1 },
    description: "how many tasks may run at once",
  },
  failFast: flag("fail-fast", "after the first failure start nothing more and cancel what runs"),
  keepGoing: flag("keep-going", "after a failure finish every branch that does not depend on it (default)"),
  reporter: {
    name: "reporter",
    value: { type: "choice", choices: ["auto", "live", "plain", "github", "ndjson", "silent"] },
    description: "how progress is shown; auto is live on a terminal, github in GitHub Actions, else plain",
  },
  verbose: flag("verbose", "show all output of all tasks, not only the steps", "v"),
  environment: {
    name: "env",
    value: { type: "text", placeholder: "NAME" },
    description: "the environment: blue, green, development …",
  },
  service: list("service", "NAME", "only this service; may be given several times"),
  lockTimeout: {
    name: "lock-timeout",
    value: { type: "duration" },
    description: "wait no longer than this for another deploy of the project, such as 5m; 0s fails at once",
  },
  dryRun: flag("dry-run", "show what would happen and change nothing"),
  aggressive: flag("aggressive", "use the aggressive policy: for when space is critical"),
  maxCache: {
    name: "max-cache",
    value: { type: "size" },
    description: "upper bound of the build cache, such as 5GB; a bare number is GB",
  },
  keepImages: {
    name: "keep-images",
    value: { type: "count", minimum: 1 },
    description: "newest images kept for each service",
  },
  minFree: {
    name: "min-free",
    value: { type: "size" },
    description: "free space of the engine's disk to reach, such as 20GB; a bare number is GB",
  },
  planFile: {
    name: "plan",
    value: { type: "text", placeholder: "FILE" },
    description: "write what would be removed to FILE and change nothing",
  },
  applyFile: {
    name: "apply",
    value: { type: "text", placeholder: "FILE" },
    description: "remove exactly what the plan in FILE lists; what has changed since stays",
  },
  allImages: flag("all-images", "also images that are not of this project; they are listed, and you are asked"),
  volumes: flag("volumes", "also volumes of this project that no container mounts; they are listed, and you are asked"),
  yes: flag("yes", "remove without being asked what --all-images and --volumes add", "y"),
} as const satisfies Readonly<Record<string, OptionDeclaration>>;

/** Options of every command that executes tasks. */
export const EXECUTION_OPTIONS: readonly OptionDeclaration[] = [
  OPTION.concurrency,
  OPTION.failFast,
  OPTION.keepGoing,
  OPTION.reporter,
  OPTION.verbose,
  OPTION.json,
  OPTION.directory,
];
