import { z } from "zod";
import { cleanupPolicies } from "./cleanup.ts";
import { deploySettings } from "./deploy-settings.ts";
import { byteSize, environmentName, environmentVariables, known, name, percentage, port, texts } from "./scalars.ts";

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
    ssh: z
      .string()
      .regex(/^([^\s@/:-][^\s@/:]*@)?([A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$/)
      .optional()
      .meta({
        description:
          "Host to deploy to, reached by ssh as your ssh configuration says; not together with `docker_context`.",
        examples: ["deploy@shop.example.org", "deploy@shop.example.org:2222"],
      }),
  },
  { id: "Environment", description: "A place where the project is deployed." },
);

const route = known(
  {
    service: z.string().meta({ description: "A service of `services`." }),
    port: port.meta({ description: "Port that it listens on in its container.", examples: [8080] }),
    hosts: texts
      .optional()
      .meta({ description: "Host names. Default: all.", examples: [["shop.example.org", "www.shop.example.org"]] }),
    path: z
      .string()
      .regex(/^\/\S*$/)
      .optional()
      .meta({ default: "/", description: "Path prefix.", examples: ["/api"] }),
    check_path: z
      .string()
      .regex(/^\/\S*$/)
      .optional()
      .meta({
        description: "What the router asks to know whether it answers. Default: only whether a connection is accepted.",
        examples: ["/healthz"],
      }),
  },
  { id: "Route", description: "A service that users reach through the router. The first route that fits wins." },
);

const router = known(
  {
    driver: z
      .enum(["haproxy", "nginx"])
      .optional()
      .meta({ default: "haproxy", description: "Which program routes; what each promises is in docs/router.md." }),
    colours: z
      .array(environmentName)
      .min(2)
      .optional()
      .meta({ default: ["blue", "green"], description: "The environments that it switches between." }),
    port: port.meta({ description: "The entrance for users on the engine's host.", examples: [8080] }),
    preview_port: port.meta({
      description: "The entrance for smoke tests, on the loopback address of the engine's host.",
      examples: [8090],
    }),
    routes: z.array(route).min(1).meta({ description: "The services behind it." }),
    config: z
      .string()
      .optional()
      .meta({ description: "Your own fragment: TLS, further frontends.", examples: ["docker/router/tls.cfg"] }),
    config_files: texts
      .optional()
      .meta({ description: "Files that it needs, such as certificates; each lies in /etc/orchestrate/files/." }),
    config_ports: z
      .array(z.string().regex(/^(?:[\d.]+:)?\d+:\d+$/))
      .optional()
      .meta({ description: "Ports of its frontends, published as compose writes them.", examples: [["443:8443"]] }),
    image: z
      .string()
      .optional()
      .meta({ description: "Default: `haproxy:2.6` or `nginx:1.28-alpine`.", examples: ["haproxy:3.2"] }),
  },
  { id: "Router", description: "What stands in front of the colours and switches traffic between them." },
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
    router: router.optional(),
    cleanup: cleanupPolicies.optional(),
    deploy: known(deploySettings, {
      id: "DeploySettings",
      description: "How one release replaces another. A deploy task may set each of them otherwise.",
      examples: [{ smoke: [{ path: "/" }], observe: { for: "60s" }, keep_old: "running" }],
    }).optional(),
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
