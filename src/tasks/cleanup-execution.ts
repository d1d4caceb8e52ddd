import { setTimeout as delay } from "node:timers/promises";
import { accountedBytes as accountedByEngine, engineDiskFree } from "../docker/disk-usage.ts";
import type { Engine } from "../docker/engine.ts";
import { observeEngine } from "../docker/images.ts";
import type { CleanupPlan, CleanupResult } from "../model/cleanup.ts";
import type { Failure, Result } from "../model/failure.ts";
import type { EngineObservation } from "../model/observation.ts";
import type { TaskContext } from "../model/performer.ts";
import { accountedSizeBytes } from "../plan/cleanup-ledger.ts";
import { applyCleanup } from "./cleanup-removal.ts";
import type { AppliedCleanup } from "./cleanup-removal.ts";

/** What was done, with its three numbers; `failure` when the engine stopped answering in the middle. */
export interface ExecutedCleanup {
  readonly result: CleanupResult;
  readonly failure?: Failure;
}

/**
 * Applies a plan and measures what it freed: by the engine's account, and on the disk. `before` is the engine as it was observed a
 * moment ago. Also after a removal that failed, and after Ctrl-C: what was freed is a fact.
 */
export async function executeCleanup(
  engine: Engine,
  plan: CleanupPlan,
  before: EngineObservation,
  context: TaskContext,
): Promise<ExecutedCleanup> {
  const nothing = { removed: [], spared: [], predictedBytes: plan.predictedBytes, accountedBytes: 0 };
  if (plan.items.length === 0) return { result: nothing };
  const applied = await applyCleanup(engine, plan, context);
  const { removed, spared } = applied;
  const result = { ...nothing, removed, spared };
  const measured = await measureFreed(engine, before, applied);
  if (!measured.ok) return { result, failure: applied.failure ?? measured.failure };
  return {
    result: { ...result, ...measured.value },
    ...(applied.failure === undefined ? {} : { failure: applied.failure }),
  };
}

async function measureFreed(
  engine: Engine,
  before: EngineObservation,
  { removed }: AppliedCleanup,
): Promise<Result<Pick<CleanupResult, "accountedBytes" | "physicalBytes" | "disturbance">>> {
  const after = await observeEngine(engine, { nowMs: before.nowMs, layers: before.store === "containerd" });
  if (!after.ok) return after;
  const gone = new Set(removed.map((item) => item.id));
  const known = objectIds(before);
  const now = objectIds(after.value);
  const added = [...now].filter((id) => !known.has(id)).length;
  const lost = [...known].filter((id) => !now.has(id) && !gone.has(id)).length;
  const accountedBytes = account(before) - account(after.value);
  const freeBytes = before.disk?.freeBytes;
  const expectedBytes = (freeBytes ?? 0) + EXPECTED_SHARE * Math.max(0, accountedBytes);
  const free = removed.length === 0 ? after.value.disk : await settledDisk(engine, after.value, expectedBytes);
  return {
    ok: true,
    value: {
      accountedBytes,
      ...(freeBytes === undefined || free === undefined ? {} : { physicalBytes: free.freeBytes - freeBytes }),
      ...(added + lost === 0 ? {} : { disturbance: { added, removed: lost } }),
    },
  };
}

/** The graph driver adds up by itself what it holds; containerd's store counts the compressed parts of images alone. */
function account(observation: EngineObservation): number {
  return observation.store === "containerd" ? accountedSizeBytes(observation) : accountedByEngine(observation);
}

function objectIds({ images, cache }: EngineObservation): ReadonlySet<string> {
  return new Set([...images, ...cache].map(({ id }) => id));
}

/** Between two looks at the disk. */
const LOOK_MS = 100;
/** containerd deletes compressed layers a moment after the last record that held them; later than this it is not waited for. */
const LOOKS = 30;
/** The disk gains about what the engine accounts; before that it is not at rest. */
const EXPECTED_SHARE = 0.95;

/** The disk as soon as it has at least `expectedBytes` free and two looks in a row show the same. */
async function settledDisk(
  engine: Engine,
  { disk }: EngineObservation,
  expectedBytes: number,
): Promise<EngineObservation["disk"]> {
  let last = disk;
  for (let look = 0; look < LOOKS; look += 1) {
    await delay(LOOK_MS);
    const now = await engineDiskFree(engine);
    if (!now.ok || now.value === undefined) break;
    const isStill = now.value.freeBytes === last?.freeBytes;
    last = now.value;
    if (isStill && last.freeBytes >= expectedBytes) break;
  }
  return last;
}
