import type { CleanupPolicy } from "../model/build-config.ts";
import type { DiskSpace, ImageStore, ObservedCacheRecord } from "../model/observation.ts";
import type { DiskNeed } from "../model/plan.ts";
import { freeSpaceBytes } from "./cleanup-policy.ts";

/** What the last real build of a bake target wrote. */
export interface MeasuredBuild {
  readonly contextBytes: number;
  readonly layerBytes: number;
}

/** What is known of a build before it starts. */
export interface NeedSources {
  /** `resources: { disk }` of its task. */
  readonly declaredBytes?: number | undefined;
  readonly measured?: MeasuredBuild | undefined;
  /** Size of the build context, asked for only where nothing else is known. */
  readonly contextBytes?: number | undefined;
}

/** Builds are not equal: so much more than the last one. */
const MARGIN = 1.2;
/** A build of which nothing is known: the context, its copies in layers and a result, and what its steps install. */
const GUESSED_CONTEXTS = 3;
const GUESSED_BYTES = 1_000_000_000;

/** What a build is expected to take of the disk, at its peak: what the task declares, else what was measured, else a guess. */
export function estimateDiskNeed({ declaredBytes, measured, contextBytes = 0 }: NeedSources): DiskNeed {
  if (declaredBytes !== undefined) return { bytes: declaredBytes, basis: "declared", leastBytes: declaredBytes };
  if (measured !== undefined) {
    const bytes = Math.ceil(MARGIN * (measured.contextBytes + measured.layerBytes));
    return { bytes, basis: "measured", leastBytes: bytes };
  }
  const bytes = GUESSED_CONTEXTS * contextBytes + GUESSED_BYTES;
  return { bytes, basis: "guessed", leastBytes: contextBytes };
}

/** Where a policy sets no minimum: one per cent, because an engine whose disk is full cannot even remove an image. */
const DEFAULT_FREE = { share: 0.01, mostBytes: 1_000_000_000 };

/** What must stay free on the disk while builds run. */
export function minimumFreeBytes({ minFree }: CleanupPolicy, disk: DiskSpace): number {
  if (minFree !== undefined) return freeSpaceBytes(minFree.low, disk);
  return Math.min(DEFAULT_FREE.mostBytes, Math.ceil(DEFAULT_FREE.share * disk.totalBytes));
}

/** How a build that asks for room stands. */
export interface RoomState {
  /** What is free on the disk beyond the minimum and all that others have reserved or wait for. */
  readonly roomBytes: number;
  /** Builds that hold a reservation, or wait and were first. */
  readonly others: number;
  /** Of those, the ones that wait and were first. */
  readonly ahead: number;
  /** Since the last change of the others. */
  readonly cleanedNormally: boolean;
  /** Since it asked. */
  readonly cleanedAggressively: boolean;
}

/** What is done next for a build that asks for room. */
export type RoomStep = "enter" | "clean-normal" | "wait" | "clean-aggressive" | "enter-alone" | "refuse";

/**
 * The order of means: clean by the normal policy, wait for running builds, clean aggressively, and only then refuse. Only the first in the
 * queue cleans. A guess that does not fit may well be too high: such a build enters when it is alone and all else was tried, unless not
 * even its context fits. Every wait is for a build that has entered, so the first in the queue always gets an answer.
 */
export function nextRoomStep(need: Pick<DiskNeed, "bytes" | "basis" | "leastBytes">, state: RoomState): RoomStep {
  if (need.bytes <= state.roomBytes) return "enter";
  if (state.ahead > 0) return "wait";
  if (!state.cleanedNormally) return "clean-normal";
  if (state.others > 0) return "wait";
  if (!state.cleanedAggressively) return "clean-aggressive";
  return need.basis === "guessed" && need.leastBytes <= state.roomBytes ? "enter-alone" : "refuse";
}

/** What a build said of itself while it ran, by the clock of the engine. */
export interface BuildTrace {
  readonly startedMs: number;
  readonly completedMs: number;
  /** Sent to the engine: of the contexts only what has changed since the last build. */
  readonly transferredBytes: number;
  /** Steps that ran, as BuildKit names them; empty when all came from the cache. */
  readonly ranSteps: readonly string[];
}

/** What is on the engine after a build. */
export interface BuildTraces {
  readonly store: ImageStore;
  readonly cache: readonly ObservedCacheRecord[];
  /** Layers of its image that were made meanwhile. Read on the containerd store only. */
  readonly newLayers: readonly { readonly sizeBytes: number }[];
}

/**
 * What a real build wrote, at its peak; undefined where every step came from the cache. Counted from the cache records that were made while
 * it ran and carry the names of its steps, because the free space of the disk also tells of everybody else. A build of equal steps
 * at the same time is counted, too: too much rather than too little. On the containerd store the layers of the image exist twice more,
 * compressed and unpacked.
 */
export function measureBuild(trace: BuildTrace, { store, cache, newLayers }: BuildTraces): MeasuredBuild | undefined {
  if (trace.ranSteps.length === 0) return undefined;
  const names = new Set(trace.ranSteps.map(stepText));
  // Records carry whole milliseconds or seconds, depending on the engine.
  const fromMs = trace.startedMs - 1_000;
  const untilMs = trace.completedMs + 1_000;
  let layerBytes = 0;
  for (const { type, description, sizeBytes, createdAtMs = 0 } of cache) {
    if (type === "source.local" || createdAtMs < fromMs || createdAtMs > untilMs) continue;
    if (names.has(recordText(description))) layerBytes += sizeBytes;
  }
  const copies = store === "containerd" ? 2 * sum(newLayers.map((layer) => layer.sizeBytes)) : 0;
  return { contextBytes: trace.transferredBytes, layerBytes: layerBytes + copies };
}

/** `[web builder 2/4] RUN make` is `make`, `[builder 1/4] COPY a b` is `COPY a b`. */
function stepText(name: string): string {
  return name.replace(/^\[[^\]]*\]\s*/, "").replace(/^RUN\s+((--[\w-]+(=\S+)?)\s+)*/, "");
}

/** `mount / from exec /bin/sh -c make` is `make`. */
function recordText(description: string): string {
  return stepText(description).replace(/^mount \/ from exec (\/bin\/sh -c )?/, "");
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
