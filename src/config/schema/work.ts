import { z } from "zod";
import { cleanupKeys } from "./cleanup.ts";
import { deploySettings } from "./deploy-settings.ts";
import {
  byteSize,
  duration,
  environmentVariables,
  flag,
  interpolation,
  known,
  textRecord,
  texts,
  variableName,
} from "./scalars.ts";

const clean = known(
  {
    policy: z
      .union([z.enum(["normal", "aggressive", "custom"]), interpolation])
      .optional()
      .meta({
        default: "normal",
        description:
          "The policy of docker/build-config.json: `normal` keeps recent images, `aggressive` frees as much as is safe, `custom` is yours. Every other key is instead of the policy's; `pinned` adds to it.",
      }),
    ...cleanupKeys(),
  },
  {
    id: "Clean",
    description:
      "Removes build cache over its budget and old images. Nothing that is used, live or unknown is touched.",
    examples: [{ policy: "normal" }, { policy: "aggressive", max_cache: "5GB" }],
  },
);

const secret = known(
  {
    id: z.string().meta({ description: "The `id` of `RUN --mount=type=secret,id=…`." }),
    src: z
      .string()
      .optional()
      .meta({ description: "File that holds the secret.", examples: [".npmrc"] }),
    env: variableName
      .optional()
      .meta({ description: "Environment variable that holds the secret.", examples: ["NPM_TOKEN"] }),
  },
  {
    id: "Secret",
    description: "A secret of a build: where its value is, never the value itself.",
    exactlyOne: ["src", "env"],
    examples: [{ id: "npmrc", src: ".npmrc" }],
  },
);

const build = known(
  {
    targets: z
      .array(z.string())
      .min(1)
      .optional()
      .meta({
        default: ["default"],
        description: "Bake targets or groups. Each bake target becomes a node of its own.",
        examples: [["default"], ["frontend", "backend"]],
      }),
    files: texts.optional().meta({
      description:
        "Bake files. Default: those of docker/build-config.json, else bake's own look-up (`docker-bake.hcl` …).",
      examples: [["docker-bake.hcl"]],
    }),
    variables: environmentVariables.optional().meta({
      description: "Bake variables, passed in the environment of bake.",
      examples: [{ TAG: "${git.short_sha}" }],
    }),
    args: textRecord
      .optional()
      .meta({ description: "Build arguments of every bake target.", examples: [{ NODE_VERSION: "24" }] }),
    contexts: textRecord
      .optional()
      .meta({ description: "Named build contexts of every bake target.", examples: [{ shared: "../shared" }] }),
    secrets: z.array(secret).optional().meta({ description: "Secrets of every bake target." }),
    network: z
      .string()
      .optional()
      .meta({ description: "Network of `RUN`.", examples: ["none", "host"] }),
    allow: texts
      .optional()
      .meta({ description: "Entitlements to grant.", examples: [["network.host"], ["fs.read=../shared"]] }),
    no_cache: flag.optional().meta({ default: false, description: "Build every step again." }),
    pull: flag.optional().meta({ default: false, description: "Look for newer base images." }),
    builder: z
      .string()
      .optional()
      .meta({ description: "A buildx builder. Default: that of docker/build-config.json, else the engine's own." }),
    cache_from: texts
      .optional()
      .meta({ description: "External cache sources. Default: those of docker/build-config.json." }),
    cache_to: texts
      .optional()
      .meta({ description: "External cache targets. Default: those of docker/build-config.json." }),
  },
  {
    id: "Build",
    description: "Builds bake targets with `docker buildx bake`.",
    examples: [{ targets: ["default"] }],
  },
);

const sizeCheck = known(
  {
    services: texts
      .optional()
      .meta({ description: "Services to check. Default: those built upstream, else all of docker/build-config.json." }),
    limit: byteSize.optional().meta({ description: "Largest allowed size, instead of the limit of each service." }),
  },
  {
    id: "SizeCheck",
    description: "Image sizes against their limits.",
    examples: [{}, { services: ["frontend"], limit: "60MB" }],
  },
);

const httpCheck = known(
  {
    url: z.string().meta({ description: "Address to request.", examples: ["http://127.0.0.1:${environment.port}/"] }),
    status: z
      .union([z.int().min(100).max(599), interpolation])
      .optional()
      .meta({ default: 200, description: "Expected status." }),
    contains: z.string().optional().meta({ description: "Text that the body must contain." }),
    within: duration.optional().meta({ default: "30s", description: "How long to keep trying." }),
    request_timeout: duration.optional().meta({ default: "5s", description: "Limit of a single request." }),
  },
  {
    id: "HttpCheck",
    description: "An HTTP request, repeated until it answers as expected or the time is over.",
    examples: [{ url: "http://127.0.0.1:${environment.port}/", status: 200 }],
  },
);

const check = known(
  { size: sizeCheck.optional(), http: httpCheck.optional() },
  {
    id: "Check",
    description: "One check of a verify task.",
    exactlyOne: ["size", "http"],
    examples: [{ size: {} }],
  },
);

const deploy = known(
  {
    compose: texts.optional().meta({
      description: "Compose files. Default: those of the environment in docker/build-config.json.",
      examples: [["docker/compose.blue.yaml"]],
    }),
    health: known(
      {
        timeout: duration
          .optional()
          .meta({ default: "60s", description: "How long the containers may take to become ready." }),
        min_ready: duration.optional().meta({
          default: "2s",
          description: "How long a container without a health check must run without a restart.",
        }),
      },
      { id: "Health", description: "When deployed containers count as ready.", examples: [{ timeout: "60s" }] },
    ).optional(),
    ...deploySettings,
    allow_unverified: flag.optional().meta({
      default: false,
      description: "Deploy images that no verify task has passed, too; the release records which.",
    }),
  },
  {
    id: "Deploy",
    description: "Puts the compose project of the environment in place, with the images that this run built.",
    examples: [{ compose: ["docker/compose.yaml"], health: { timeout: "60s" } }],
  },
);

const run = z
  .union([
    z.string(),
    z.array(z.string()).min(1),
    known(
      {
        command: z
          .union([z.string(), z.array(z.string()).min(1)])
          .meta({ description: "A list is executed as it is; a string runs through `sh -c`." }),
        env: environmentVariables.optional().meta({ description: "Environment variables of the command." }),
        working_directory: z.string().optional().meta({ default: ".", description: "Where the command runs." }),
      },
      { id: "Command", description: "A command with its surroundings." },
    ),
  ])
  .meta({
    id: "Run",
    description:
      "A command. A list of arguments is executed as it is. A string runs through `sh -c`: the value of a `${…}` in it " +
      "reaches the shell in an environment variable, never as text of the script; what belongs to the shell (`$HOME`, " +
      "`$(date)`, `$?`) is untouched, and `$${name}` is the shell's own `${name}`.",
    examples: [["./notify.sh", "${run.status}"], 'npm test && echo "tested ${git.short_sha}"'],
  });

/** The five kinds of work; exactly one of these keys makes a task. */
export const work = {
  clean: clean.optional(),
  build: build.optional(),
  verify: z
    .array(check)
    .min(1)
    .optional()
    .meta({
      description: "Checks, one after the other.",
      examples: [[{ size: {} }], [{ http: { url: "http://127.0.0.1:8081/" } }]],
    }),
  deploy: deploy.optional(),
  run: run.optional(),
};
