import type { Engine } from "../docker/engine.ts";
import { removeVolume } from "../docker/volumes.ts";
import type { CleanupItem, CleanupPlan, CleanupResult } from "../model/cleanup.ts";
import { formatByteSize } from "../model/byte-size.ts";
import type { TaskStep } from "../model/event.ts";
import type { Failure, Result } from "../model/failure.ts";
import type { TaskContext } from "../model/performer.ts";
import { describeCleanupItem } from "../plan/cleanup-text.ts";
import { pruneRecords } from "./cleanup-pruning.ts";
import { loadPlanChange } from "./cleanup-recheck.ts";
import type { ImageItem, RecordItem, VolumeItem } from "./cleanup-recheck.ts";

/** What was done of a plan; `failure` when the engine stopped answering in the middle. */
export type AppliedCleanup = Pick<CleanupResult, "removed" | "spared"> & { readonly failure?: Failure };

/** Why an item was spared; undefined when it is gone. */
type Outcome = Result<{ readonly spared?: string }>;

/**
 * Removes the items of a plan, in its order, and nothing else. Each is looked at again just before: what changed since the
 * plan, or is refused by the engine, is spared. On a full disk the engine refuses to remove images until something else has made
 * room: they then come after the cache. Ends early, with what was done so far, when the signal aborts.
 */
export async function applyCleanup(engine: Engine, plan: CleanupPlan, context: TaskContext): Promise<AppliedCleanup> {
  const removed: CleanupItem[] = [];
  const spared: { item: CleanupItem; why: string }[] = [];
  const postponed: CleanupItem[] = [];
  const applyGroup = async (group: readonly CleanupItem[], atLast: boolean): Promise<Failure | undefined> => {
    const records = group.filter((item) => item.item === "cache-record");
    if (records.length > 0) {
      const pruned = await pruneRecords(engine, records, plan.budgets, context);
      removed.push(...pruned.removed);
      spared.push(...pruned.spared);
      return pruned.failure;
    }
    for (const item of group) {
      if (item.item === "cache-record" || context.signal.aborted) continue;
      const outcome = await removeItem(engine, item, context.signal);
      if (!outcome.ok && (outcome.failure.reason !== "no-space" || atLast)) return outcome.failure;
      if (!outcome.ok) postponed.push(item);
      else {
        const why = outcome.value.spared;
        if (why === undefined) removed.push(item);
        else spared.push({ item, why });
        context.report({ type: "step", step: itemStep(item, why) });
      }
    }
    return undefined;
  };
  let failure: Failure | undefined;
  for (const group of groupByKind(plan.items)) failure ??= await applyGroup(group, false);
  failure ??= await applyGroup(postponed, true);
  return { removed, spared, ...(failure === undefined || context.signal.aborted ? {} : { failure }) };
}

/** Neighbours of one kind together, in the order of the plan. */
function groupByKind(items: readonly CleanupItem[]): readonly (readonly CleanupItem[])[] {
  const groups: CleanupItem[][] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (last?.[0]?.item === item.item) last.push(item);
    else groups.push([item]);
  }
  return groups;
}

async function removeItem(
  engine: Engine,
  item: Exclude<CleanupItem, RecordItem>,
  signal: AbortSignal,
): Promise<Outcome> {
  const change = await loadPlanChange(engine, item, signal);
  if (!change.ok) return change;
  if (change.value !== undefined) return spare(change.value);
  return item.item === "image"
    ? await removeImage(engine, item, signal)
    : await removeMountedByNone(engine, item, signal);
}

/** Takes our tags away one by one, then the image: the engine refuses an image that something else still refers to. */
async function removeImage(engine: Engine, item: ImageItem, signal: AbortSignal): Promise<Outcome> {
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

async function removeReference(engine: Engine, reference: string, signal: AbortSignal): Promise<Outcome> {
  const removal = await engine.removeImage(reference, { signal });
  if (!removal.ok) return removal;
  return removal.value.removal === "refused" ? spare(removal.value.because) : gone();
}

async function removeMountedByNone(engine: Engine, item: VolumeItem, signal: AbortSignal): Promise<Outcome> {
  const refused = await removeVolume(engine, item.id, { signal });
  if (!refused.ok) return refused;
  return refused.value === undefined ? gone() : spare(refused.value);
}

function itemStep(item: CleanupItem, spared: string | undefined): TaskStep {
  const name = `${describeCleanupItem(item)} (${formatByteSize(item.sizeBytes)})`;
  return { id: item.id, name: spared === undefined ? `remove ${name}` : `keep ${name}: ${spared}`, state: "done" };
}

function spare(why: string): Outcome {
  return { ok: true, value: { spared: why } };
}

function gone(): Outcome {
  return { ok: true, value: {} };
}
