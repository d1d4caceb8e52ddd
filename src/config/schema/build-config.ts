import { z } from "zod";
import {
  byteSize,
  duration,
  environmentName,
  environmentVariables,
  interpolation,
  known,
  name,
  port,
  positiveCount,
  texts,
} from "./scalars.ts";

const percentage = z
  .union([z.string().regex(/^\d+(?:\.\d+)?%$/), interpolation])
  .meta({ id: "Percentage", description: "A percentage.", examples: ["10%"] });

const service = known(
  {
    bake_target: z
      .string()
      .optional()
      .meta({ description: "Bake target that builds its image. Default: the service's name." }),
    compose_service: z
      .string()
      .optional()
      .meta({ description: "Compose service that runs it. Default: the service's name." }),
    size_limit: byteSize.optional().meta({ description: "Largest allowed image size." }),
    growth_limit: percentage.optional().meta({ description: "Largest allowed growth against the previous image." }),
  },
  {
    id: "Service",
    description: "A service: one bake target builds its image, one compose service runs it.",
    examples: [{ size_limit: "60MB" }],
  },
);

const environment = known(
  {
    compose: texts.optional().meta({ description: "Compose files.", examples: [["docker/compose.blue.yaml"]] }),
    port: port.optional().meta({ description: "Port that answers for the environment; `${environment.port}`." }),
    variables: environmentVariables
      .optional()
      .meta({ description: "Passed to compose; `${environment.variables.NAME}`. Never an input of a build." }),
    docker_context: z
      .string()
      .optional()
      .meta({ description: "Docker context to deploy to. Default: the current one." }),
  },
  { id: "Environment", description: "A place where the project is deployed." },
);

/** The written form of docker/build-config.json. */
export const buildConfigSchema = known(
  {
    $schema: z.string().optional().meta({ description: "Where editors find this schema." }),
    project: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]*$/)
      .optional()
      .meta({
        description: "Prefix of compose projects. Default: the name of the project's directory.",
        examples: ["shop"],
      }),
    services: z.record(name, service).optional().meta({ description: "The services by name." }),
    shared: known(
      { compose: texts.optional().meta({ description: "Compose files, started before a deploy." }) },
      { id: "Shared", description: "Stateful services that every environment shares." },
    ).optional(),
    environments: z.record(environmentName, environment).optional().meta({ description: "The environments by name." }),
    cache: known(
      {
        max: byteSize.optional().meta({ default: "10GB", description: "Upper bound of the build cache." }),
        aggressive_max: byteSize
          .optional()
          .meta({ default: "5GB", description: "The same for the policy `aggressive`." }),
      },
      { id: "CacheBudget", description: "How much build cache is kept." },
    ).optional(),
    images: known(
      {
        keep: positiveCount.optional().meta({ default: 2, description: "Newest images kept for each service." }),
        aggressive_keep: positiveCount
          .optional()
          .meta({ default: 1, description: "The same for the policy `aggressive`." }),
        min_age: duration.optional().meta({ default: "24h", description: "Nothing younger is removed." }),
        aggressive_min_age: duration
          .optional()
          .meta({ default: "1h", description: "The same for the policy `aggressive`." }),
      },
      { id: "ImageBudget", description: "How many images are kept." },
    ).optional(),
    build: known(
      {
        files: texts.optional().meta({ description: "Bake files. Default: bake's own look-up." }),
        builder: z.string().optional().meta({ description: "A buildx builder. Default: the engine's own." }),
        cache_from: texts
          .optional()
          .meta({ description: "External cache sources.", examples: [["type=local,src=.cache"]] }),
        cache_to: texts
          .optional()
          .meta({ description: "External cache targets.", examples: [["type=local,dest=.cache"]] }),
      },
      { id: "BuildFlags", description: "Defaults of every build." },
    ).optional(),
  },
  {
    id: "BuildConfig",
    description: "What is not about one pipeline: services, environments, budgets and build flags.",
  },
);

/** docker/build-config.json as written, once it is valid. */
export type WrittenBuildConfig = z.infer<typeof buildConfigSchema>;
