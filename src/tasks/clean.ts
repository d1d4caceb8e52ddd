import { accountedBytes } from "../docker/disk-usage.ts";
import type { Engine } from "../docker/engine.ts";
import { observeEngine } from "../docker/images.ts";
import type { BuildConfig, CleanupPolicy } from "../model/build-config.ts";
import type { CleanupPlan } from "../model/cleanup.ts";
import type { Result } from "../model/failure.ts";
import type { TaskContext, TaskResult } from "../model/performer.ts";
import type { CleanSpec } from "../model/pipeline.ts";
import type { Task, TaskOf } from "../model/task.ts";
import { planCleanup } from "../plan/cleanup.ts";
import { applyCleanup } from "./cleanup-removal.ts";
import { loadServiceRepositories } from "./service-repositories.ts";
import { failed, succeeded } from "./task-result.ts";
import type { TaskTools } from "./task-tools.ts";

/**
 * Removes what the policy says, each item re-checked just before and never forced. Outputs: `removed` (how many items),
 * `freed_bytes` (by the engine's accounting, before minus after).
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
  const plan = await planClean(tools, task.clean, { nowMs: Date.now(), signal, tasks });
  if (!plan.ok) return failed(plan.failure);
  if (plan.value.items.length === 0) return succeeded({ removed: "0", freed_bytes: "0" }, [spaceFreed(0, 0, 0)]);
  const before = await loadAccountedBytes(engine.value, signal);
  if (!before.ok) return failed(before.failure);
  const applied = await applyCleanup(engine.value, plan.value, context);
  // Also after a removal that failed, and after Ctrl-C: what was freed is a fact.
  const after = await loadAccountedBytes(engine.value);
  if (!after.ok) return failed(after.failure);
  const freedBytes = before.value - after.value;
  const fact = spaceFreed(plan.value.predictedBytes, freedBytes, applied.removed.length);
  if (applied.failure !== undefined) return failed(applied.failure, [fact]);
  signal.throwIfAborted();
  return succeeded({ removed: String(applied.removed.length), freed_bytes: String(freedBytes) }, [fact]);
}

/** What a clean-up would do now; writes nothing to the engine. `tasks` tells the names of the images that this graph builds. */
export async function planClean(
  tools: TaskTools,
  spec: CleanSpec,
  options: { readonly nowMs: number; readonly signal?: AbortSignal; readonly tasks?: Iterable<Task> },
): Promise<Result<CleanupPlan>> {
  const engine = await tools.engine();
  if (!engine.ok) return engine;
  const { nowMs, signal, tasks = [] } = options;
  const [observation, services] = await Promise.all([
    observeEngine(engine.value, { nowMs, layers: true, ...(signal === undefined ? {} : { signal }) }),
    loadServiceRepositories(tools, tasks, signal),
  ]);
  if (!observation.ok) return observation;
  const scope = { project: tools.config.project, services, released: findReleased(tools) };
  return { ok: true, value: planCleanup(observation.value, cleanupPolicy(tools.config, spec), scope) };
}

/** Releases of which the images stay: the live one, the one before it, and whatever is being deployed. */
const KEPT_RELEASES = 2;

/** What the journal says is live or could be again. Containers protect their images as well; these may have been removed. */
function findReleased({ config, releases }: TaskTools): ReadonlyMap<string, string> {
  const released = new Map<string, string>();
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
export function cleanupPolicy(config: BuildConfig, spec: CleanSpec): CleanupPolicy {
  const named = config.cleanup[spec.policy];
  return {
    maxCacheBytes: spec.maxCacheBytes ?? named.maxCacheBytes,
    keepImagesPerService: spec.keepImagesPerService ?? named.keepImagesPerService,
    minAgeMs: spec.minAgeMs ?? named.minAgeMs,
  };
}

async function loadAccountedBytes(engine: Engine, signal?: AbortSignal): Promise<Result<number>> {
  const usage = await engine.diskUsage({ signal });
  return usage.ok ? { ok: true, value: accountedBytes(usage.value) } : usage;
}

function spaceFreed(predictedBytes: number, freedBytes: number, removed: number) {
  return { fact: "space-freed", predictedBytes, accountedBytes: freedBytes, removed } as const;
}
