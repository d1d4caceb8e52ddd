import type { CleanupPlan } from "../model/cleanup.ts";
import type { Result } from "../model/failure.ts";
import { LABELS } from "../model/observation.ts";
import type { CleanSpec } from "../model/pipeline.ts";
import { planCleanup } from "../plan/cleanup.ts";
import { cleanupPolicy, observeForClean } from "../tasks/clean.ts";
import type { TaskTools } from "../tasks/task-tools.ts";
import type { ConfiguredProject } from "./ad-hoc-command.ts";
import { EngineRoom } from "./engine-room.ts";
import { openHistory } from "./history.ts";
import type { History } from "./history.ts";
import { releaseTools } from "./release-tools.ts";
import type { Surroundings } from "./surroundings.ts";

/** A plan with what tells whether it may be applied here. */
export interface CleanPreparation {
  readonly plan: CleanupPlan;
  readonly project: string;
  /** The engine's own identity, and the name of its host for people. */
  readonly engine: { readonly id: string; readonly name: string };
  readonly madeAtMs: number;
  /** Images of this project that are on the engine now. */
  readonly ownImages: ReadonlySet<string>;
  readonly isDiskMeasured: boolean;
}

/** What a clean-up is planned with outside a run. */
export class CleanRoom implements AsyncDisposable {
  readonly #tools: TaskTools;
  readonly #engines: EngineRoom;
  readonly #history: History;
  readonly #surroundings: Surroundings;

  private constructor(tools: TaskTools, engines: EngineRoom, history: History, surroundings: Surroundings) {
    this.#tools = tools;
    this.#engines = engines;
    this.#history = history;
    this.#surroundings = surroundings;
  }

  /** Opens the project's state; the engine is asked by {@link CleanRoom.observe}. */
  static async open(configured: ConfiguredProject, surroundings: Surroundings): Promise<CleanRoom> {
    const engines = new EngineRoom(surroundings.env);
    const history = await openHistory(configured, surroundings);
    const tools: TaskTools = {
      config: configured.buildConfig,
      projectDirectory: configured.directory,
      engine: engines.open,
      environment: {},
      redact: [],
      releases: releaseTools(configured, surroundings, history, ""),
      ...(history.past === undefined ? {} : { past: history.past }),
    };
    return new CleanRoom(tools, engines, history, surroundings);
  }

  /** What a clean-up would do now; writes nothing to the engine. */
  async observe(spec: CleanSpec): Promise<Result<CleanPreparation>> {
    const engine = await this.#tools.engine();
    if (!engine.ok) return engine;
    const madeAtMs = Date.now();
    const { signal } = this.#surroundings;
    const [info, observed] = await Promise.all([
      engine.value.info({ signal }),
      observeForClean(this.#tools, spec, { nowMs: madeAtMs, signal }),
    ]);
    if (!info.ok) return info;
    if (!observed.ok) return observed;
    const { observation, scope } = observed.value;
    const { project } = this.#tools.config;
    const own = observation.images.filter((image) => image.labels[LABELS.project] === project);
    return {
      ok: true,
      value: {
        plan: planCleanup(observation, cleanupPolicy(this.#tools.config, spec), scope),
        project,
        engine: { id: info.value.id, name: info.value.name },
        madeAtMs,
        ownImages: new Set(own.map((image) => image.id)),
        isDiskMeasured: observation.disk !== undefined,
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#history[Symbol.dispose]();
    await this.#engines[Symbol.asyncDispose]();
  }
}
