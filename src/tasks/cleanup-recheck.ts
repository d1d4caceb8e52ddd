import type { Engine } from "../docker/engine.ts";
import { inspectVolume } from "../docker/volumes.ts";
import type { CleanupItem } from "../model/cleanup.ts";
import type { Result } from "../model/failure.ts";
import type { ObservedCacheRecord } from "../model/observation.ts";

export type ImageItem = Extract<CleanupItem, { readonly item: "image" }>;
export type RecordItem = Extract<CleanupItem, { readonly item: "cache-record" }>;
export type VolumeItem = Extract<CleanupItem, { readonly item: "volume" }>;

/** Why an image or a volume is not what was planned any more; undefined when it is. */
export async function loadPlanChange(
  engine: Engine,
  item: ImageItem | VolumeItem,
  signal: AbortSignal,
): Promise<Result<string | undefined>> {
  return item.item === "image"
    ? await loadImageChange(engine, item, signal)
    : await loadVolumeChange(engine, item, signal);
}

async function loadImageChange(
  engine: Engine,
  item: ImageItem,
  signal: AbortSignal,
): Promise<Result<string | undefined>> {
  const image = await engine.inspectImage(item.id, { signal });
  if (!image.ok) return image;
  if (image.value === undefined) return changed("it is already gone");
  const { tags } = image.value;
  if (tags.length !== item.tags.length || tags.some((tag) => !item.tags.includes(tag))) {
    return changed("its tags have changed since the plan");
  }
  const containers = await engine.listContainers({ signal });
  if (!containers.ok) return containers;
  const user = containers.value.find((container) => container.imageId === item.id);
  return changed(user === undefined ? undefined : `container ${user.name} uses it now`);
}

async function loadVolumeChange(
  engine: Engine,
  item: VolumeItem,
  signal: AbortSignal,
): Promise<Result<string | undefined>> {
  const volume = await inspectVolume(engine, item.id, { signal });
  if (!volume.ok) return volume;
  if (volume.value === undefined) return changed("it is already gone");
  const containers = await engine.listContainers({ signal });
  if (!containers.ok) return containers;
  const user = containers.value.find((container) => container.volumes?.includes(item.id) === true);
  return changed(user === undefined ? undefined : `container ${user.name} mounts it now`);
}

function changed(why: string | undefined): Result<string | undefined> {
  return { ok: true, value: why };
}

/** What a record is held against just before it goes. */
export interface RecordsNow {
  readonly records: ReadonlyMap<string, ObservedCacheRecord>;
  /** Records that have a child which stays. */
  readonly parentsOfOthers: ReadonlySet<string>;
}

/** Why a record must not go any more; undefined when it may. */
export function findRecordChange(item: RecordItem, { records, parentsOfOthers }: RecordsNow): string | undefined {
  const record = records.get(item.id);
  if (record === undefined) return "it is already gone";
  if (record.inUse) return "a build uses it now";
  if (record.shared) return "an image uses it now";
  if (record.lastUsedAtMs > item.lastUsedAtMs) return "a build has used it since the plan";
  return parentsOfOthers.has(item.id) ? "a record that stays builds on it" : undefined;
}
