import { observeEngine } from "../docker/images.ts";
import { listRunsInProgress } from "../docker/reservations.ts";
import type { BuildConfig, CleanupPolicy } from "../model/build-config.ts";
import type { CleanupPlan, CleanupResult } from "../model/cleanup.ts";
import type { TaskFact } from "../model/event.ts";
import type { Result } from "../model/failure.ts";
import { LABELS } from "../model/observation.ts";
import type { EngineObservation } from "../model/observation.ts";
import type { TaskContext, TaskResult } from "../model/performer.ts";
import type { CleanSpec } from "../model/pipeline.ts";
import type { Task, TaskOf } from "../model/task.ts";
import { planCleanup } from "../plan/cleanup.ts";
import { resolveCleanupPolicy } from "../plan/cleanup-policy.ts";
import type { CleanupScope } from "../plan/cleanup-images.ts";
import { countReasons } from "./cleanup-pruning.ts";
import { executeCleanup } from "./cleanup-execution.ts";
import { colourProject } from "./deploy/rollout.ts";
import { loadServiceRepositories } from "./service-repositories.ts";
import { failed, succeeded } from "./task-result.ts";
import type { TaskTools } from "./task-tools.ts";

/**
 * Removes what the policy says, or what an earlier plan lists, each item re-checked just before and never forced. Outputs:
 * `removed` (how many items), `freed_bytes` (by the engine's accounting, before minus after).
 */
export async function performClean(
  task: TaskOf<"clean">,
  context: TaskContext,
  tools: TaskTools,
  tasks: Iterable<Task> = [],
): Promise<TaskResult> {
  const { signal } = context;
  const engine = await tools.engine();
  if (!engine.ok) return failed(engine.failure);
  const observed = await observeForClean(tools, task.clean, { nowMs: Date.now(), signal, tasks });
  if (!observed.ok) return failed(observed.failure);
  const { observation, scope } = observed.value;
  const policy = cleanupPolicy(tools.config, task.clean);
  if (policy.minFree !== undefined && observation.disk === undefined) context.report(UNMEASURED);
  const plan = task.clean.planned ?? planCleanup(observation, policy, scope);
  const { result, failure } = await executeCleanup(engine.value, plan, observation, context);
  const fact = spaceFreed(result);
  if (failure !== undefined) return failed(failure, [fact]);
  signal.throwIfAborted();
  const outputs = { removed: String(result.removed.length), freed_bytes: String(result.accountedBytes) };
  return succeeded(outputs, [fact]);
}

const UNMEASURED = {
  type: "output",
  stream: "stderr",
  line: "the free space of the engine's disk cannot be measured from here: only the other budgets are looked at",
} as const;

/** What is looked at for a clean-up. */
export interface CleanOptions {
  readonly nowMs: number;
  readonly signal?: AbortSignal;
  /** The graph, which tells the names of the images that it builds. */
  readonly tasks?: Iterable<Task>;
  /** Room that a build needs besides the budgets. */
  readonly needBytes?: number;
}

/** What a clean-up would do now; writes nothing to the engine. */
export async function planClean(
  tools: TaskTools,
  spec: CleanSpec,
  options: CleanOptions,
): Promise<Result<CleanupPlan>> {
  const observed = await observeForClean(tools, spec, options);
  if (!observed.ok) return observed;
  const { observation, scope } = observed.value;
  return { ok: true, value: planCleanup(observation, cleanupPolicy(tools.config, spec), scope) };
}

/** Everything that plans of any policy are made from, read at once; writes nothing to the engine. */
export async function observeForClean(
  tools: TaskTools,
  { allImages = false, volumes = false }: Pick<CleanSpec, "allImages" | "volumes">,
  { nowMs, signal, tasks = [], needBytes }: CleanOptions,
): Promise<Result<{ readonly observation: EngineObservation; readonly scope: CleanupScope }>> {
  const engine = await tools.engine();
  if (!engine.ok) return engine;
  const { project } = tools.config;
  // Runs first: one that begins afterwards has made nothing yet that could be seen.
  const runs = await listRunsInProgress(engine.value, { signal });
  if (!runs.ok) return runs;
  const [observation, services] = await Promise.all([
    observeEngine(engine.value, { nowMs, layers: true, volumes, signal }),
    loadServiceRepositories(tools, tasks, signal),
  ]);
  if (!observation.ok) return observation;
  const scope = {
    project,
    services,
    released: findReleased(tools, observation.value),
    runsInProgress: runs.value,
    composeProjects: [...tools.config.environments.map(({ name }) => name), "shared"].map((name) =>
      colourProject(project, name),
    ),
    lastUsedMs: tools.past?.lastUsed() ?? new Map<string, number>(),
    rebuildMs: tools.past?.stepDurations() ?? new Map<string, number>(),
    allImages,
    volumes,
    ...(needBytes === undefined ? {} : { needBytes }),
  };
  return { ok: true, value: { observation: observation.value, scope } };
}

/** Releases of which the images stay: the live one, the one before it, and whatever is being deployed. */
const KEPT_RELEASES = 2;

/**
 * What is live or could be again, by the journal and by the labels of containers, which another machine may have made: the journal
 * knows releases of which the containers are gone, the labels those that it was never told of.
 */
function findReleased({ config, releases }: TaskTools, { containers }: EngineObservation): ReadonlyMap<string, string> {
  const released = new Map<string, string>();
  for (const { labels, imageId } of containers) {
    const deployId = labels[LABELS.deployId];
    if (labels[LABELS.project] === config.project && deployId !== undefined) released.set(imageId, deployId);
  }
  const listed = releases?.journal.ok === true ? releases.journal.value.listReleases(config.project) : undefined;
  if (listed?.ok !== true) return released;
  const approved = listed.value.filter(({ state }) => state === "done").slice(0, KEPT_RELEASES);
  const open = listed.value.filter(({ state }) => state === "open");
  for (const { release } of [...approved, ...open]) {
    for (const imageId of Object.values(release.images)) released.set(imageId, release.deployId);
  }
  return released;
}

/** The named policy with what the task overrides of it. */
export function cleanupPolicy({ cleanup }: BuildConfig, spec: CleanSpec): CleanupPolicy {
  return resolveCleanupPolicy(cleanup, spec);
}

function spaceFreed(result: CleanupResult): TaskFact {
  const { predictedBytes, accountedBytes, physicalBytes, disturbance } = result;
  return {
    fact: "space-freed",
    predictedBytes,
    accountedBytes,
    ...(physicalBytes === undefined ? {} : { physicalBytes }),
    removed: result.removed.length,
    ...(result.spared.length === 0 ? {} : { spared: countReasons(result.spared) }),
    ...(disturbance === undefined ? {} : { disturbance }),
  };
}
