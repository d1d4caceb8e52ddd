import { loadBakeDefinition } from "../../../src/docker/bake.ts";
import { openEngine } from "../../../src/docker/engine.ts";
import type { Engine } from "../../../src/docker/engine.ts";
import type { BakeTarget } from "../../../src/model/bake-definition.ts";
import type { BuildConfig, Environment, Service } from "../../../src/model/build-config.ts";
import type { TaskResult } from "../../../src/model/performer.ts";
import { PLAIN_BAKE_CALL } from "../../../src/model/pipeline.ts";
import type { BakeCall, Check, CleanSpec, Readiness } from "../../../src/model/pipeline.ts";
import type { ServiceImage, Task, TaskBody, TaskId, TaskNode, TaskOutputs } from "../../../src/model/task.ts";
import { performTask } from "../../../src/tasks/perform-task.ts";
import type { TaskTools } from "../../../src/tasks/task-tools.ts";
import type { LightProject } from "../../rig/light-project.ts";
import { DEFAULT_DEPLOY_SETTINGS } from "../../../src/model/release.ts";
import { TaskAttempt } from "../../rig/task-attempt.ts";

const LOCATION = { file: "pipelines/test.yaml", line: 1, column: 1 };
const SERVICES = ["web", "api", "worker"] as const;

/** The tasks of the light example made by hand, each performed on its own on the real engine. */
export class LightTasks implements AsyncDisposable {
  readonly light: LightProject;
  readonly engine: Engine;
  readonly config: BuildConfig;
  readonly #outputs = new Map<TaskId, TaskOutputs>();
  readonly #definitions: Readonly<Record<string, BakeTarget>>;

  private constructor(light: LightProject, engine: Engine, definitions: Readonly<Record<string, BakeTarget>>) {
    this.light = light;
    this.engine = engine;
    this.#definitions = definitions;
    this.config = buildConfig(light);
  }

  static async open(light: LightProject): Promise<LightTasks> {
    const engine = await openEngine();
    if (!engine.ok) throw new Error(JSON.stringify(engine.failure));
    const site = { workingDirectory: light.directory, call: bakeCall() };
    const loaded = await loadBakeDefinition(site, [...SERVICES, "store"]);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problem));
    return new LightTasks(light, engine.value, loaded.definition.target);
  }

  tools(change: Partial<TaskTools> = {}): TaskTools {
    return {
      config: this.config,
      projectDirectory: this.light.directory,
      engine: async () => await Promise.resolve({ ok: true, value: this.engine } as const),
      environment: {},
      redact: [],
      ...change,
    };
  }

  /** Performs one task; its outputs are there for the next ones. */
  async perform(task: Task, attempt = this.attempt(), tools = this.tools()): Promise<TaskResult> {
    const result = await performTask(new Map([[task.id, task]]), tools)(task.id, attempt);
    if (result.ok) this.#outputs.set(task.id, result.outputs);
    return result;
  }

  attempt(): TaskAttempt {
    return new TaskAttempt({ outputs: this.#outputs });
  }

  /** Builds these bake targets, one task each, as a run would. */
  async build(
    targets: readonly string[] = [...SERVICES, "store"],
    variables: BakeCall["variables"] = {},
  ): Promise<void> {
    for (const target of targets) {
      const result = await this.perform(this.buildTask(target, variables));
      if (!result.ok) throw new Error(JSON.stringify(result.failure, undefined, 2));
    }
  }

  buildTask(bakeTarget: string, variables: BakeCall["variables"] = {}): Task {
    const service = this.config.services.find((each) => each.bakeTarget === bakeTarget);
    return this.#task(`images/${bakeTarget}`, {
      kind: "build",
      bakeTarget,
      definition: this.#definitions[bakeTarget] ?? {},
      bake: bakeCall(variables),
      ...(service === undefined ? {} : { service }),
    });
  }

  verifyTask(checks: readonly Check[]): Task {
    return this.#task("check", { kind: "verify", checks, images: this.images() });
  }

  deployTask(
    environment: "blue" | "green",
    change: { readonly variables?: Environment["variables"]; readonly readiness?: Partial<Readiness> } = {},
  ): Task {
    const named = this.config.environments.find((each) => each.name === environment);
    if (named === undefined) throw new Error(`no environment ${environment}`);
    const readiness = { timeoutMs: 30_000, minReadyMs: 500, ...change.readiness };
    return this.#task(
      `release@${environment}`,
      { kind: "deploy", deploy: { composeFiles: [], readiness, settings: this.config.deploy }, images: this.images() },
      { environment: { ...named, variables: { ...named.variables, ...change.variables } } },
    );
  }

  cleanTask(change: Partial<CleanSpec> = {}): Task {
    return this.#task("make-room", { kind: "clean", clean: { policy: "normal", ...change } });
  }

  images(): readonly ServiceImage[] {
    return this.config.services.map((service) => ({
      service,
      builtBy: `images/${service.bakeTarget}`,
      reference: `${this.light.project}/${service.name}:latest`,
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
  }

  #task(id: string, body: TaskBody, change: Partial<TaskNode> = {}): Task {
    const node: TaskNode = {
      id,
      origin: id,
      variants: ["test"],
      needs: [],
      location: LOCATION,
      condition: { is: "success" },
      continueOnError: false,
      timeoutMs: 120_000,
      retry: { max: 0, on: [], backoffMs: 0 },
      pools: {},
      resources: {},
      ...change,
    };
    return { ...node, ...body };
  }
}

/** What docker/build-config.json of the copy says, resolved. */
function buildConfig(light: LightProject): BuildConfig {
  const services = SERVICES.map((name): Service => ({
    name,
    bakeTarget: name,
    composeService: name,
    sizeLimitBytes: 4_000_000,
  }));
  const environment = (name: "blue" | "green"): Environment => ({
    name,
    composeFiles: [`docker/compose.${name}.yaml`],
    port: light.ports[name],
    variables: { WEB_PORT: String(light.ports[name]) },
  });
  const policy = { maxCacheBytes: Number.MAX_SAFE_INTEGER, keepImagesPerService: 2, minAgeMs: 0 };
  return {
    project: light.project,
    services,
    environments: [environment("blue"), environment("green")],
    sharedCompose: ["docker/compose.shared.yaml"],
    deploy: { ...DEFAULT_DEPLOY_SETTINGS, strategy: "recreate" },
    // No budget for the cache: it belongs to everybody who uses this engine.
    cleanup: { normal: policy, aggressive: policy },
    bake: { files: [], cacheFrom: [], cacheTo: [] },
  };
}

function bakeCall(variables: BakeCall["variables"] = {}): BakeCall {
  return { ...PLAIN_BAKE_CALL, variables };
}
