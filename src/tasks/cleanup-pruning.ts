import { privateCacheBytes } from "../docker/cache.ts";
import { engineDiskFree } from "../docker/disk-usage.ts";
import type { Engine } from "../docker/engine.ts";
import { formatByteSize } from "../model/byte-size.ts";
import type { CleanupBudget, CleanupItem } from "../model/cleanup.ts";
import type { Failure, Result } from "../model/failure.ts";
import type { ObservedCacheRecord } from "../model/observation.ts";
import type { TaskContext } from "../model/performer.ts";
import { describeCleanupItem } from "../plan/cleanup-text.ts";
import { findRecordChange } from "./cleanup-recheck.ts";
import type { RecordItem } from "./cleanup-recheck.ts";

/** What became of the records of a plan. */
export interface PrunedItems {
  readonly removed: readonly RecordItem[];
  readonly spared: readonly { readonly item: RecordItem; readonly why: string }[];
  readonly failure?: Failure;
}

/** Records between two looks at the budgets; a second or two. */
const BATCH = 100;

/**
 * Prunes records in the order given, children before their parents, a batch at a time. Before each batch the cache is listed again:
 * what has changed is spared, and when every budget holds the rest stays.
 */
export async function pruneRecords(
  engine: Engine,
  items: readonly RecordItem[],
  budgets: readonly CleanupBudget[],
  context: TaskContext,
): Promise<PrunedItems> {
  const { signal } = context;
  const progress = createProgress(items, context);
  const removed: RecordItem[] = [];
  const spared: { item: RecordItem; why: string }[] = [];
  const pending = new Set(items.map((item) => item.id));
  for (let done = 0; done < items.length; done += BATCH) {
    if (signal.aborted) break;
    progress.tell(removed, spared, "running");
    const now = await engine.listCacheRecords({ signal });
    if (!now.ok) return { removed, spared, ...failureUnlessAborted(now, signal) };
    if (await budgetsHold(engine, budgets, now.value, signal)) {
      spared.push(...items.slice(done).map((item) => ({ item, why: "the budgets hold without it" })));
      break;
    }
    const batch = items.slice(done, done + BATCH);
    const prunable = recheck(batch, now.value, pending, spared);
    const ids = prunable.map((item) => item.id);
    const pruned = await engine.pruneCacheRecords(ids, { signal, records: now.value });
    if (!pruned.ok) return { removed, spared, ...failureUnlessAborted(pruned, signal) };
    const gone = new Set(pruned.value.removed);
    for (const item of prunable) {
      if (gone.has(item.id)) removed.push(item);
      else spared.push({ item, why: "the engine kept it" });
      if (!gone.has(item.id)) pending.delete(item.id);
    }
  }
  progress.tell(removed, spared, "done");
  for (const { item, why } of spared) {
    context.report({ type: "output", stream: "stdout", line: `kept ${describeCleanupItem(item)}: ${why}` });
  }
  return { removed, spared };
}

/** The items of a batch that may still go; the others are spared, and so is whatever they build on. */
function recheck(
  batch: readonly RecordItem[],
  now: readonly ObservedCacheRecord[],
  pending: Set<string>,
  spared: { item: RecordItem; why: string }[],
): readonly RecordItem[] {
  const records = new Map(now.map((record) => [record.id, record]));
  const parentsOfOthers = new Set(now.filter(({ id }) => !pending.has(id)).flatMap((record) => record.parents));
  return batch.filter((item) => {
    const why = findRecordChange(item, { records, parentsOfOthers });
    if (why === undefined) return true;
    spared.push({ item, why });
    pending.delete(item.id);
    for (const parent of records.get(item.id)?.parents ?? []) parentsOfOthers.add(parent);
    return false;
  });
}

/** Whether every budget holds now that pruning works towards: a plan lists records only as long as one does not. */
async function budgetsHold(
  engine: Engine,
  budgets: readonly CleanupBudget[],
  records: readonly ObservedCacheRecord[],
  signal: AbortSignal,
): Promise<boolean> {
  const relevant = budgets.flatMap((budget) =>
    budget.name === "images" || budget.name === "images-per-service" ? [] : [budget],
  );
  if (relevant.length === 0) return false;
  for (const budget of relevant) {
    const bytes = budget.name === "cache" ? privateCacheBytes(records) : await loadFreeBytes(engine, signal);
    if (bytes === undefined || !holds(budget, bytes)) return false;
  }
  return true;
}

/** A limit that pruning the cache works towards. */
type ByteBudget = Extract<CleanupBudget, { readonly limitBytes: number }>;

function holds({ name, limitBytes }: ByteBudget, bytes: number): boolean {
  return name === "cache" ? bytes <= limitBytes : bytes >= limitBytes;
}

async function loadFreeBytes(engine: Engine, signal: AbortSignal): Promise<number | undefined> {
  const disk = await engineDiskFree(engine, { signal });
  return disk.ok ? disk.value?.freeBytes : undefined;
}

/** After Ctrl-C a request that was cut off is no failure of the engine. */
function failureUnlessAborted(
  failed: Extract<Result<never>, { readonly ok: false }>,
  signal: AbortSignal,
): { readonly failure?: Failure } {
  return signal.aborted ? {} : { failure: failed.failure };
}

/** How many were spared for which reason, most first. */
export function countReasons(
  spared: readonly { readonly why: string }[],
): readonly { readonly why: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const { why } of spared) counts.set(why, (counts.get(why) ?? 0) + 1);
  return Array.from(counts, ([why, count]) => ({ why, count })).sort((a, b) => b.count - a.count);
}

interface PruneProgress {
  readonly tell: (
    removed: readonly CleanupItem[],
    spared: readonly { readonly why: string }[],
    state: "running" | "done",
  ) => void;
}

function createProgress(items: readonly RecordItem[], context: TaskContext): PruneProgress {
  const startedMs = performance.now();
  const all = `${items.length} cache ${items.length === 1 ? "record" : "records"}`;
  const totalBytes = items.reduce((sum, item) => sum + item.sizeBytes, 0);
  return {
    tell: (removed, spared, state) => {
      const part = state === "running" && removed.length + spared.length > 0 ? `${removed.length} of ` : "";
      const reasons = countReasons(spared).map(({ why, count }) => `, ${count} kept: ${why}`);
      const name = `prune ${part}${all} of ${formatByteSize(totalBytes)}${reasons.join("")}`;
      const durationMs = performance.now() - startedMs;
      const step = { id: "cache", name, state, ...(state === "done" ? { durationMs } : {}) };
      context.report({ type: "step", step });
    },
  };
}
