import type { BakeDefinition, BakeTarget } from "../../../src/model/bake-definition.ts";
import type { BuildConfig, Environment, Service } from "../../../src/model/build-config.ts";
import type { SourceLocation } from "../../../src/model/location.ts";
import { PLAIN_BAKE_CALL } from "../../../src/model/pipeline.ts";
import type {
  BakeCall,
  Concurrency,
  Pipeline,
  PipelineTask,
  TaskSettings,
  TaskWork,
} from "../../../src/model/pipeline.ts";
import { constantTemplate } from "../../../src/model/template.ts";
import { compileGraph } from "../../../src/graph/compile.ts";
import { bakeQueries } from "../../../src/graph/bake-query.ts";
import type { BakeAnswer } from "../../../src/graph/bake-query.ts";
import type { Checked, Diagnostic } from "../../../src/model/diagnostic.ts";
import { DEFAULT_DEPLOY_SETTINGS } from "../../../src/model/release.ts";
import type { TaskGraph } from "../../../src/model/task.ts";

/** What a sample task may say; everything else has its default. */
export interface SampleTask {
  readonly needs?: readonly string[];
  readonly settings?: Partial<TaskSettings> & Partial<Pick<PipelineTask, "description" | "usesEnvironment">>;
  readonly work?: TaskWork;
}

/** A pipeline file of which every task takes two lines: its key on an even line, its needs on the line after. */
export function pipeline(
  name: string,
  tasks: Readonly<Record<string, SampleTask>>,
  options: { environment?: Environment; concurrency?: Concurrency } = {},
): Pipeline {
  const file = `pipelines/${name}.yaml`;
  const { environment } = options;
  return {
    name,
    variant: environment === undefined ? name : `${name}-${environment.name}`,
    ...(environment === undefined ? {} : { environment }),
    concurrency: options.concurrency ?? { tasks: 4, pools: {} },
    tasks: Object.entries(tasks).map(([key, task], index) => sampleTask(file, key, task, 10 + index * 2)),
    location: { file, line: 1, column: 1 },
  };
}

function sampleTask(file: string, name: string, task: SampleTask, line: number): PipelineTask {
  return {
    name,
    needs: (task.needs ?? []).map((need, index) => ({
      task: need,
      location: { file, line: line + 1, column: 13 + index * 10 },
    })),
    condition: { is: "success" },
    continueOnError: false,
    timeoutMs: 900_000,
    retry: { max: 0, on: [], backoffMs: 5_000 },
    pools: {},
    resources: {},
    location: { file, line, column: 3 },
    ...(task.work ?? command("true")),
    ...task.settings,
  };
}

export function command(...words: readonly string[]): TaskWork {
  return {
    kind: "run",
    run: {
      command: { form: "arguments", arguments: words.map(constantTemplate) },
      environment: {},
      workingDirectory: ".",
    },
  };
}

export function clean(policy: "normal" | "aggressive" = "normal"): TaskWork {
  return { kind: "clean", clean: { policy } };
}

export function build(targets: readonly string[], call: Partial<BakeCall> = {}): TaskWork {
  const location: SourceLocation = { file: "pipelines/build.yaml", line: 7, column: 25 };
  const bake: BakeCall = { ...PLAIN_BAKE_CALL, ...call };
  return { kind: "build", build: { targets: targets.map((name) => ({ name, location })), bake } };
}

export function sizes(...services: readonly string[]): TaskWork {
  return { kind: "verify", checks: [{ check: "size", services }] };
}

export function deploy(): TaskWork {
  return {
    kind: "deploy",
    deploy: {
      composeFiles: [],
      readiness: { timeoutMs: 60_000, minReadyMs: 2_000 },
      settings: DEFAULT_DEPLOY_SETTINGS,
    },
  };
}

export function probe(url: string): TaskWork {
  return {
    kind: "verify",
    checks: [{ check: "http", url: constantTemplate(url), status: 200, withinMs: 30_000, requestTimeoutMs: 5_000 }],
  };
}

export function environment(name: string, port: number): Environment {
  return { name, composeFiles: [`docker/compose.${name}.yaml`], port, variables: { COLOUR: name } };
}

export const BLUE = environment("blue", 8081);
export const GREEN = environment("green", 8082);

export function service(name: string, bakeTarget = name): Service {
  return { name, bakeTarget, composeService: name, sizeLimitBytes: 58_000_000 };
}

export function buildConfig(services: readonly Service[] = [], files: readonly string[] = []): BuildConfig {
  return {
    project: "shop",
    services,
    environments: [BLUE, GREEN],
    sharedCompose: [],
    deploy: DEFAULT_DEPLOY_SETTINGS,
    cleanup: {
      normal: { maxCacheBytes: 10e9, keepImagesPerService: 2, minAgeMs: 0 },
      aggressive: { maxCacheBytes: 2e9, keepImagesPerService: 1, minAgeMs: 0 },
    },
    bake: { files, cacheFrom: [], cacheTo: [] },
  };
}

/** A bake definition; a target without a tag is given as its links. */
export function bakeFile(
  targets: Readonly<Record<string, BakeTarget>>,
  groups: Readonly<Record<string, readonly string[]>> = {},
): BakeDefinition {
  return {
    target: targets,
    group: Object.fromEntries(Object.entries(groups).map(([name, members]) => [name, { targets: members }])),
  };
}

/** The bake file of the shop, as bake 0.29 prints it. */
export const SHOP: BakeDefinition = bakeFile(
  {
    backend: { context: "examples/shop/backend", tags: ["shop/backend:latest"] },
    frontend: { context: "examples/shop/frontend", tags: ["shop/frontend:latest"] },
    ml: { context: "examples/shop/ml", tags: ["shop/ml:latest"], contexts: { base: "target:base" } },
    base: { context: "examples/shop/base", output: [{ type: "cacheonly" }] },
  },
  { default: ["backend", "frontend", "ml"], apps: ["default"] },
);

export const SHOP_SERVICES: readonly Service[] = [service("frontend"), service("backend"), service("ml")];

/** Compiles with a bake that answers every query with the same definition, as long as it knows all targets. */
export function compile(
  pipelines: readonly Pipeline[],
  config: BuildConfig = buildConfig(),
  definition: BakeDefinition = SHOP,
): Checked<TaskGraph> {
  const bake = new Map(bakeQueries(pipelines, config).map((query) => [query.key, answer(query.targets, definition)]));
  return compileGraph({ pipelines, buildConfig: config, bake });
}

function answer(targets: readonly string[], definition: BakeDefinition): BakeAnswer {
  const known = [...Object.keys(definition.target), ...Object.keys(definition.group)];
  const unknown = targets.find((target) => !/[*?]/.test(target) && !known.includes(target));
  return unknown === undefined ? { found: true, definition } : { found: false, unknown, known };
}

/** The compiled graph; fails the test with the diagnostics when there is none. */
export function compiled(...input: Parameters<typeof compile>): TaskGraph {
  const result = compile(...input);
  if (!result.ok) throw new Error(result.diagnostics.map((diagnostic) => diagnostic.message).join("\n"));
  return result.value;
}

/** What is wrong with the input; fails the test when nothing is. */
export function problems(...input: Parameters<typeof compile>): readonly Diagnostic[] {
  const result = compile(...input);
  if (result.ok) throw new Error("compiled, though it should not");
  return result.diagnostics;
}

/** Ids with the ids that they need, in the graph's order. */
export function edges(graph: TaskGraph): Record<string, readonly string[]> {
  return Object.fromEntries([...graph.tasks.values()].map((task) => [task.id, task.needs]));
}

/** The blue and green variants of a pipeline like the one in the documentation. */
export function deployPipeline(environment: Environment | undefined, aggressive = false): Pipeline {
  return pipeline(
    "deploy",
    {
      "make-room": { work: clean(aggressive ? "aggressive" : "normal") },
      images: { needs: ["make-room"], work: build(["default"]) },
      "check-images": { needs: ["images"], work: sizes() },
      release: { needs: ["check-images"], work: deploy() },
      smoke: { needs: ["release"], work: probe(`http://127.0.0.1:${environment?.port ?? 80}/`) },
      tell: { needs: ["smoke"], settings: { condition: { is: "always" } }, work: command("./notify.sh") },
    },
    environment === undefined ? {} : { environment },
  );
}
