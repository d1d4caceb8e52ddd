import { z } from "zod";
import { RETRY_CLASSES } from "../../model/failure.ts";
import { TASK_KINDS } from "../../model/pipeline.ts";
import {
  byteSize,
  count,
  duration,
  environmentName,
  flag,
  interpolation,
  known,
  name,
  positiveCount,
  variableName,
} from "./scalars.ts";
import { work } from "./work.ts";

const retry = known(
  {
    max: count.optional().meta({ default: 0, description: "Attempts after the first." }),
    on: z
      .array(z.enum(RETRY_CLASSES))
      .min(1)
      .optional()
      .meta({
        default: ["network", "registry"],
        description: "Classes of failure that may pass by themselves; nothing else is repeated.",
      }),
    backoff: duration
      .optional()
      .meta({ default: "2s", description: "Wait before the second attempt; doubles each time." }),
  },
  {
    id: "Retry",
    description: "When and how often an attempt is repeated.",
    examples: [{ max: 2, on: ["network"], backoff: "5s" }],
  },
);

const resources = known(
  {
    memory: byteSize.optional().meta({ description: "Expected memory." }),
    cpus: z
      .union([z.number().gt(0), interpolation])
      .optional()
      .meta({ description: "Expected processors.", examples: [1.5] }),
    disk: byteSize.optional().meta({ description: "Expected growth on the engine's disk." }),
  },
  { id: "Resources", description: "What a task is expected to take.", examples: [{ memory: "2GB", disk: "5GB" }] },
);

const settings = {
  continue_on_error: flag
    .optional()
    .meta({ default: false, description: "The run succeeds although this task fails." }),
  timeout: duration.optional().meta({ default: "1h", description: "Limit of one attempt." }),
  retry: retry.optional(),
  pool: z
    .union([name, z.record(name, positiveCount)])
    .optional()
    .meta({
      description: "The pool of `concurrency.pools` that the task takes a place of, or several with their weights.",
      examples: ["build", { build: 1, network: 2 }],
    }),
  resources: resources.optional(),
};

const task = known(
  {
    description: z.string().optional().meta({ description: "One sentence for people." }),
    needs: z
      .union([z.string(), z.array(z.string())])
      .optional()
      .meta({
        description:
          "Tasks that must end before this one starts. `images/frontend` means one bake target of a build task.",
        examples: ["images", ["images", "check-images"]],
      }),
    if: z
      .union([z.string(), z.boolean()])
      .optional()
      .meta({
        default: "success()",
        description:
          "When the task runs: `success()`, `failure()`, `always()`, comparisons (`==`, `!=`) of `environment.name`, " +
          "`var.NAME`, `env.NAME`, `git.branch` and quoted text, joined by `&&`, `||`, `!` and parentheses.",
        examples: ["always()", "environment.name == 'blue' && env.CI"],
      }),
    ...settings,
    ...work,
  },
  {
    id: "Task",
    description: "A task: settings, and exactly one of `clean`, `build`, `verify`, `deploy`, `run`.",
    exactlyOne: TASK_KINDS,
  },
);

const layer = known(settings, { id: "Settings", description: "Settings for tasks that do not set them." });

const defaults = known(
  {
    all: layer.optional().meta({ description: "For every task of this file." }),
    clean: layer.optional().meta({ description: "For clean tasks; stronger than `all`." }),
    build: layer.optional().meta({ description: "For build tasks; stronger than `all`." }),
    verify: layer.optional().meta({ description: "For verify tasks; stronger than `all`." }),
    deploy: layer.optional().meta({ description: "For deploy tasks; stronger than `all`." }),
    run: layer.optional().meta({ description: "For run tasks; stronger than `all`." }),
  },
  {
    id: "Defaults",
    description:
      "Settings for the tasks of this file. A task's own setting is stronger than its kind's, that stronger than `all`.",
    examples: [{ all: { timeout: "15m" }, build: { timeout: "30m" } }],
  },
);

const concurrency = known(
  {
    tasks: positiveCount.optional().meta({ default: 4, description: "Most tasks that run at once." }),
    pools: z
      .record(name, positiveCount)
      .optional()
      .meta({
        description: "Named pools with their capacity.",
        examples: [{ build: 2 }],
      }),
  },
  { id: "Concurrency", description: "Limits on what runs at once.", examples: [{ tasks: 4, pools: { build: 2 } }] },
);

const include = known(
  {
    file: z
      .string()
      .meta({ description: "The file, relative to the file that includes it.", examples: ["build.yaml"] }),
    prefix: name
      .optional()
      .meta({ description: "Put before the names of its tasks: `database` gives `database/migrate`." }),
  },
  {
    id: "Include",
    description: "Brings the tasks of another file.",
    examples: [{ file: "../database/pipeline.yaml", prefix: "database" }],
  },
);

/** The written form of a pipeline file. */
export const pipelineSchema = known(
  {
    name: name
      .optional()
      .meta({ description: "What `orchestrate run` calls it. Default: the file's name without its ending." }),
    description: z.string().optional().meta({ description: "One sentence for people." }),
    environments: z
      .array(environmentName)
      .min(1)
      .optional()
      .meta({
        description:
          "Environments of docker/build-config.json; the pipeline `deploy` for `blue` is called `deploy-blue`.",
        examples: [["blue", "green"]],
      }),
    variables: z
      .record(variableName, z.string())
      .optional()
      .meta({
        description: "Variables with their defaults, used as `${var.NAME}`, set with `--var NAME=value`.",
        examples: [{ channel: "${CHANNEL:-stable}" }],
      }),
    include: z.array(include).min(1).optional().meta({ description: "Files whose tasks belong to this pipeline." }),
    concurrency: concurrency.optional(),
    defaults: defaults.optional(),
    tasks: z.record(name, task).optional().meta({ description: "The tasks by name." }),
  },
  { id: "Pipeline", description: "A pipeline of orchestrate: tasks, what they need, and how they run." },
);

/** A pipeline file as written, once it is valid. */
export type WrittenPipeline = z.infer<typeof pipelineSchema>;

/** A task as written. */
export type WrittenTask = NonNullable<WrittenPipeline["tasks"]>[string];

/** Settings that defaults can give, as written. */
export type WrittenSettings = NonNullable<NonNullable<WrittenPipeline["defaults"]>["all"]>;
