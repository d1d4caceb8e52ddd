import type { Engine } from "../docker/engine.ts";
import type { CleanupItem, CleanupPlan, CleanupResult } from "../model/cleanup.ts";
import { formatByteSize } from "../model/byte-size.ts";
import type { TaskStep } from "../model/event.ts";
import type { Failure, Result } from "../model/failure.ts";
import type { ObservedContainer } from "../model/observation.ts";
import type { TaskContext } from "../model/performer.ts";
import { describeCleanupItem } from "../plan/cleanup-text.ts";

type ImageItem = Extract<CleanupItem, { readonly item: "image" }>;
type CacheItem = Extract<CleanupItem, { readonly item: "cache-record" }>;

/** What was done of a plan; `failure` when the engine stopped answering in the middle. */
export type AppliedCleanup = Pick<CleanupResult, "removed" | "spared"> & { readonly failure?: Failure };

/** Why an item was spared; undefined when it is gone. */
type Outcome = Result<{ readonly spared?: string }>;

/**
 * Removes the items of a plan, in its order, and nothing else. Each is looked at again just before: what changed since the
 * plan, or is refused by the engine, is spared. Ends early, with what was done so far, when the signal aborts.
 */
export async function applyCleanup(engine: Engine, plan: CleanupPlan, context: TaskContext): Promise<AppliedCleanup> {
  const removed: CleanupItem[] = [];
  const spared: { item: CleanupItem; why: string }[] = [];
  for (const item of plan.items) {
    if (item.item !== "image") continue;
    if (context.signal.aborted) return { removed, spared };
    const outcome = await removeImage(engine, item, context.signal);
    if (!outcome.ok) return { removed, spared, failure: outcome.failure };
    const why = outcome.value.spared;
    if (why === undefined) removed.push(item);
    else spared.push({ item, why });
    context.report({ type: "step", step: imageStep(item, why) });
  }
  const records = plan.items.filter((item) => item.item === "cache-record");
  if (records.length === 0 || context.signal.aborted) return { removed, spared };
  const pruned = await pruneRecords(engine, records, context);
  if (!pruned.ok) return { removed, spared, failure: pruned.failure };
  return { removed: [...removed, ...pruned.value.removed], spared: [...spared, ...pruned.value.spared] };
}

/** Takes our tags away one by one, then the image: the engine refuses an image that something else still refers to. */
async function removeImage(engine: Engine, item: ImageItem, signal: AbortSignal): Promise<Outcome> {
  const changed = await findChange(engine, item, signal);
  if (!changed.ok || changed.value.spared !== undefined) return changed;
  for (const tag of item.tags) {
    // A build may have moved the tag to its new image a moment ago.
    const tagged = await engine.inspectImage(tag, { signal });
    if (!tagged.ok) return tagged;
    if (tagged.value?.id !== item.id) return spare(`${tag} now names another image`);
    const untagged = await removeReference(engine, tag, signal);
    if (!untagged.ok || untagged.value.spared !== undefined) return untagged;
  }
  return item.tags.length > 0 ? gone() : await removeReference(engine, item.id, signal);
}

async function findChange(engine: Engine, item: ImageItem, signal: AbortSignal): Promise<Outcome> {
  const image = await engine.inspectImage(item.id, { signal });
  if (!image.ok) return image;
  if (image.value === undefined) return spare("it is already gone");
  const tags = image.value.tags;
  if (tags.length !== item.tags.length || tags.some((tag) => !item.tags.includes(tag))) {
    return spare("its tags have changed since the plan");
  }
  const containers = await engine.listContainers({ signal });
  if (!containers.ok) return containers;
  const user = containers.value.find((container: ObservedContainer) => container.imageId === item.id);
  return user === undefined ? gone() : spare(`container ${user.name} uses it now`);
}

async function removeReference(engine: Engine, reference: string, signal: AbortSignal): Promise<Outcome> {
  const removal = await engine.removeImage(reference, { signal });
  if (!removal.ok) return removal;
  return removal.value.removal === "refused" ? spare(removal.value.because) : gone();
}

async function pruneRecords(
  engine: Engine,
  items: readonly CacheItem[],
  context: TaskContext,
): Promise<Result<Pick<CleanupResult, "removed" | "spared">>> {
  const { signal } = context;
  const sizeBytes = items.reduce((sum, item) => sum + item.sizeBytes, 0);
  const step = { id: "cache", name: `prune ${count(items.length)} of ${formatByteSize(sizeBytes)}` };
  context.report({ type: "step", step: { ...step, state: "running" } });
  const startedMs = performance.now();
  const now = await engine.listCacheRecords({ signal });
  if (!now.ok) return now;
  const records = new Map(now.value.map((record) => [record.id, record]));
  const planned = new Set(items.map((item) => item.id));
  const withNewChild = new Set(
    now.value.filter((record) => !planned.has(record.id)).flatMap((record) => record.parents),
  );
  const spared: { item: CacheItem; why: string }[] = [];
  const prunable = items.filter((item) => {
    const record = records.get(item.id);
    const why =
      record === undefined
        ? "it is already gone"
        : record.inUse
          ? "a build uses it now"
          : record.shared
            ? "an image uses it now"
            : withNewChild.has(item.id)
              ? "a newer record builds on it"
              : undefined;
    if (why !== undefined) spared.push({ item, why });
    return why === undefined;
  });
  const pruned = await engine.pruneCacheRecords(
    prunable.map((item) => item.id),
    { signal },
  );
  if (!pruned.ok) return pruned;
  const deleted = new Set(pruned.value.removed);
  const removed = prunable.filter((item) => deleted.has(item.id));
  for (const item of prunable) {
    if (!deleted.has(item.id)) spared.push({ item, why: "the engine kept it" });
  }
  const name = `${step.name}${spared.length > 0 ? `, ${spared.length} kept: ${spared[0]?.why ?? ""}` : ""}`;
  context.report({ type: "step", step: { ...step, name, state: "done", durationMs: performance.now() - startedMs } });
  return { ok: true, value: { removed, spared } };
}

function imageStep(item: ImageItem, spared: string | undefined): TaskStep {
  const name = `${describeCleanupItem(item)} (${formatByteSize(item.sizeBytes)})`;
  return { id: item.id, name: spared === undefined ? `remove ${name}` : `keep ${name}: ${spared}`, state: "done" };
}

function count(records: number): string {
  return `${records} cache ${records === 1 ? "record" : "records"}`;
}

function spare(why: string): Outcome {
  return { ok: true, value: { spared: why } };
}

function gone(): Outcome {
  return { ok: true, value: {} };
}
