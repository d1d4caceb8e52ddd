import type { CommandDeclaration } from "./command-declaration.ts";
import { EXECUTION_OPTIONS, OPTION } from "./options.ts";
import { USAGE_COMMANDS } from "./usage-commands.ts";

const PIPELINES = { notation: "<pipelines...>", description: "names of pipelines, such as deploy-blue" } as const;

/** Every command of `orchestrate`, in the order in which help lists them. */
export const COMMANDS: readonly CommandDeclaration[] = [
  {
    name: "run",
    argument: PIPELINES,
    summary: "run one or more pipelines",
    description:
      "Compiles the pipelines into one task graph and runs it. Tasks that several pipelines share run once.\n" +
      "Logs of each run are kept under logs/docker/.",
    options: [OPTION.only, OPTION.from, OPTION.variable, OPTION.dryRun, OPTION.lockTimeout, ...EXECUTION_OPTIONS],
    examples: [
      { command: "orchestrate run deploy-blue", effect: "build, check and deploy the blue environment" },
      { command: "orchestrate run deploy-blue deploy-green", effect: "both; what they share is built once" },
      { command: "orchestrate run deploy-blue --from release", effect: "only the release and what follows it" },
    ],
    load: () => import("./commands/run.ts"),
  },
  {
    name: "plan",
    argument: PIPELINES,
    summary: "show what a run would do, task by task",
    description: "Lists the tasks in order with what each would do and why. Changes nothing on the engine.",
    options: [OPTION.only, OPTION.from, OPTION.variable, OPTION.json, OPTION.directory],
    examples: [
      { command: "orchestrate plan deploy-blue", effect: "what `orchestrate run deploy-blue` would do" },
      { command: "orchestrate plan deploy-blue --json", effect: "the same for a script" },
    ],
    load: () => import("./commands/plan.ts"),
  },
  {
    name: "list",
    summary: "list the pipelines",
    description: "Lists every pipeline of pipelines/ with its environments. A broken file does not hide the others.",
    options: [OPTION.json, OPTION.directory],
    examples: [{ command: "orchestrate list", effect: "names and descriptions of all pipelines" }],
    load: () => import("./commands/list.ts"),
  },
  {
    name: "validate",
    argument: { notation: "[pipelines...]", description: "names of pipelines; all when none is given" },
    summary: "check the pipeline files and docker/build-config.json",
    description: "Reports every problem of every file with its place. Needs no Docker.",
    options: [OPTION.variable, OPTION.json, OPTION.directory],
    examples: [{ command: "orchestrate validate", effect: "check all files" }],
    load: () => import("./commands/validate.ts"),
  },
  {
    name: "config",
    argument: PIPELINES,
    summary: "print pipelines as they were understood",
    description: "Prints pipelines with includes, defaults and variables resolved.",
    options: [
      { name: "explain", value: { type: "flag" }, description: "say for each setting where it comes from" },
      OPTION.variable,
      OPTION.json,
      OPTION.directory,
    ],
    examples: [
      { command: "orchestrate config deploy-blue", effect: "the resolved pipeline" },
      { command: "orchestrate config deploy-blue --explain", effect: "… and where each value was written" },
    ],
    load: () => import("./commands/config.ts"),
  },
  {
    name: "graph",
    argument: PIPELINES,
    summary: "print the task graph",
    description: "Prints the compiled task graph, build tasks expanded into their bake targets.",
    options: [
      {
        name: "format",
        value: { type: "choice", choices: ["text", "mermaid", "dot", "json"] },
        description: "text (default), mermaid, dot or json",
      },
      OPTION.only,
      OPTION.from,
      OPTION.variable,
      OPTION.directory,
    ],
    examples: [{ command: "orchestrate graph deploy-blue --format mermaid", effect: "a diagram for a Markdown page" }],
    load: () => import("./commands/graph.ts"),
  },
  {
    name: "build",
    summary: "build the images of services",
    description:
      "Cleans by the normal policy, then builds the bake targets of the services in docker/build-config.json.\n" +
      "Environments are not inputs of a build: --env selects the services that the environment runs.",
    options: [
      OPTION.service,
      OPTION.environment,
      { name: "no-cache", value: { type: "flag" }, description: "build every step anew" },
      {
        name: "clean",
        value: { type: "choice", choices: ["normal", "aggressive", "none"] },
        description: "what to clean before building (default: normal)",
      },
      OPTION.dryRun,
      ...EXECUTION_OPTIONS,
    ],
    examples: [
      { command: "orchestrate build", effect: "build all services" },
      { command: "orchestrate build --service frontend --no-cache", effect: "build one service from scratch" },
    ],
    load: () => import("./commands/build.ts"),
  },
  {
    name: "verify",
    summary: "check image sizes, and that a page answers",
    description: "Compares the images of the services with their size limits. Exit code 1 when one is broken.",
    options: [
      OPTION.service,
      {
        name: "url",
        value: { type: "text", placeholder: "URL" },
        description: "also request this URL and expect status 200",
      },
      ...EXECUTION_OPTIONS,
    ],
    examples: [{ command: "orchestrate verify", effect: "every image against its limit" }],
    load: () => import("./commands/verify.ts"),
  },
  {
    name: "deploy",
    argument: {
      notation: "[environment]",
      description: "the environment to deploy: blue, green, development …; the idle colour when none is given",
    },
    summary: "put the built images in place for an environment",
    description:
      "Starts the environment's compose project with the newest built images and waits until every container is ready.\n" +
      "Builds nothing; a start that fails leaves the other environments untouched. A colour of the router gets traffic when it\n" +
      "is ready, and gives it back by itself when it breaks the limits; the colour that is live is never replaced in place.\n" +
      "--continue and --abort take up a deploy that was killed, and do nothing else.",
    options: [
      { name: "continue", value: { type: "flag" }, description: "go on with a deploy that was killed" },
      { name: "abort", value: { type: "flag" }, description: "take back a deploy that was killed" },
      {
        name: "allow-unverified",
        value: { type: "flag" },
        description: "deploy images that no verify task has passed; the release records it",
      },
      OPTION.lockTimeout,
      OPTION.dryRun,
      ...EXECUTION_OPTIONS,
    ],
    examples: [
      { command: "orchestrate deploy green", effect: "start green with the images that exist" },
      { command: "orchestrate deploy", effect: "the same in the idle colour, whichever it is" },
    ],
    load: () => import("./commands/deploy.ts"),
  },
  {
    name: "status",
    summary: "show what is live, and whether all is as it should be",
    description:
      "The live colour, since when and by which run, its images and their health, the router's view, what differs from the\n" +
      "records, and what is kept for a rollback. Changes nothing.",
    options: [OPTION.json, OPTION.directory],
    examples: [{ command: "orchestrate status", effect: "one screen" }],
    load: () => import("./commands/status.ts"),
  },
  {
    name: "rollback",
    argument: {
      notation: "[release]",
      description: "a release of `orchestrate releases`; the one before when none is given",
    },
    summary: "put the previous release live again",
    description:
      "Starts the containers that were kept of the previous release and directs traffic to them once they are ready. A release of\n" +
      "which only the images are left is deployed to the idle colour, as by `orchestrate deploy`.",
    options: [OPTION.lockTimeout, OPTION.json, OPTION.directory],
    examples: [{ command: "orchestrate rollback", effect: "back to what was live before" }],
    load: () => import("./commands/rollback.ts"),
  },
  {
    name: "switch",
    argument: { notation: "<colour>", description: "a colour of the router: blue, green" },
    summary: "direct traffic to what another colour keeps",
    description: "Starts the containers that the colour keeps, waits until they are ready and directs traffic to them.",
    options: [OPTION.lockTimeout, OPTION.json, OPTION.directory],
    examples: [{ command: "orchestrate switch blue", effect: "users get what blue keeps" }],
    load: () => import("./commands/switch.ts"),
  },
  {
    name: "releases",
    summary: "list what was deployed",
    description:
      "Every deploy that is known, newest first: its colour, how it ended, when, its run and its images. Where the engine does not\n" +
      "answer those of other machines may be missing.",
    options: [
      { name: "limit", value: { type: "count", minimum: 1 }, description: "how many are listed (default: 20)" },
      OPTION.json,
      OPTION.directory,
    ],
    examples: [{ command: "orchestrate releases", effect: "the last 20 deploys" }],
    load: () => import("./commands/releases.ts"),
  },
  {
    name: "unlock",
    summary: "free the right to deploy from somebody who is gone",
    description:
      "Says who deploys the project, and takes the lock from a holder that is gone. One that lives, or of which nobody can tell,\n" +
      "keeps it: exit code 1. A deploy takes over by itself from who is gone; this is for looking, and for --force.",
    options: [
      OPTION.environment,
      {
        name: "force",
        value: { type: "flag" },
        description: "take it from a holder that lives, too; its deploy stops before its next step",
      },
      OPTION.json,
      OPTION.directory,
    ],
    examples: [
      { command: "orchestrate unlock", effect: "who holds the lock; removed if gone" },
      { command: "orchestrate unlock --env production", effect: "the same on the engine of that environment" },
    ],
    load: () => import("./commands/unlock.ts"),
  },
  {
    name: "router",
    argument: { notation: "<action>", description: "up, status or upgrade" },
    summary: "start, show or replace the router in front of the colours",
    description:
      "up starts the router unless it runs; it never touches one that runs. status asks it where traffic goes.\n" +
      "upgrade replaces it when its configuration or image has changed: the entrance is closed for one to two seconds.",
    options: [OPTION.json, OPTION.directory],
    examples: [
      { command: "orchestrate router up", effect: "make sure that the router runs" },
      { command: "orchestrate router status --json", effect: "traffic and backends, for a script" },
    ],
    load: () => import("./commands/router.ts"),
  },
  {
    name: "clean",
    summary: "remove old images of this project, and build cache over its budget",
    description:
      "Removes images beyond the newest of each service, and build cache over its budget, as docker/build-config.json says.\n" +
      "No image that a container uses, that is live or kept for a rollback, that a run in progress may have made, or that\n" +
      "orchestrate did not build for this project is touched. Each item is looked at again just before it goes and is never forced;\n" +
      "the rest stays as soon as the budgets hold. It may be interrupted anywhere: the next clean goes on.\n" +
      "The engine has one build cache for all projects: the budget counts all of it. Predicted bytes, those that the engine\n" +
      "accounts and those that its disk gained are three numbers.",
    options: [
      OPTION.aggressive,
      OPTION.dryRun,
      OPTION.maxCache,
      OPTION.keepImages,
      OPTION.minFree,
      OPTION.planFile,
      OPTION.applyFile,
      OPTION.allImages,
      OPTION.volumes,
      OPTION.yes,
      ...EXECUTION_OPTIONS,
    ],
    examples: [
      { command: "orchestrate clean --dry-run", effect: "what would be removed, and the bytes it would free" },
      { command: "orchestrate clean --aggressive --max-cache 5GB --keep-images 1", effect: "when space is critical" },
      { command: "orchestrate clean --min-free 20GB", effect: "until 20 GB are free on the engine's disk" },
      { command: "orchestrate clean --plan cleanup.json", effect: "write the plan, for somebody to read" },
      { command: "orchestrate clean --apply cleanup.json", effect: "… and remove exactly that" },
      {
        command: "orchestrate clean --all-images --volumes",
        effect: "everything unused, after you have seen the list",
      },
    ],
    load: () => import("./commands/clean.ts"),
  },
  ...USAGE_COMMANDS,
  {
    name: "replay",
    argument: { notation: "[file]", description: "an events.ndjson; the newest run's when none is given" },
    summary: "print a recorded run again",
    description: "Prints exactly what the plain reporter printed during the run.",
    options: [OPTION.verbose, OPTION.directory],
    examples: [{ command: "orchestrate replay", effect: "the newest run" }],
    load: () => import("./commands/replay.ts"),
  },
  {
    name: "doctor",
    summary: "check Docker Engine, buildx, compose, disk and network",
    description:
      "Checks everything that a run needs and says how to mend what is missing. Exit code 2 when a run could not start.",
    options: [OPTION.json, OPTION.directory],
    examples: [{ command: "orchestrate doctor", effect: "all checks" }],
    load: () => import("./commands/doctor.ts"),
  },
];
