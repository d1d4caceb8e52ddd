import type { CleanupPolicy } from "../model/build-config.ts";
import type { CleanupItem, KeptItem, Protection } from "../model/cleanup.ts";
import { formatDuration } from "../model/duration.ts";
import { LABELS } from "../model/observation.ts";
import type { EngineObservation, ObservedVolume } from "../model/observation.ts";
import { findRunInProgress } from "./cleanup-images.ts";
import type { CleanupScope } from "./cleanup-images.ts";

/** Compose puts it on every volume that it creates. */
const COMPOSE_PROJECT = "com.docker.compose.project";

/** The volumes that go and those that stay, by name. None at all where nobody asked, or where it is not known what is mounted. */
export function judgeVolumes(
  { nowMs, volumes = [], containers }: EngineObservation,
  policy: CleanupPolicy,
  scope: CleanupScope,
): { readonly items: readonly CleanupItem[]; readonly kept: readonly KeptItem[] } {
  const items: CleanupItem[] = [];
  const kept: KeptItem[] = [];
  if (scope.volumes !== true || containers.some((container) => container.volumes === undefined)) return { items, kept };
  const protect = (volume: ObservedVolume): Protection | undefined => {
    const user = containers.find((container) => container.volumes?.includes(volume.name));
    if (user !== undefined) return { because: "used-by-container", container: user.name, state: user.state };
    if (!isOurs(volume, scope)) return { because: "not-ours" };
    const run = findRunInProgress(scope, volume.createdAtMs);
    if (run !== undefined) return run;
    if (nowMs - volume.createdAtMs >= policy.minAgeMs) return undefined;
    return { because: "younger-than-minimum-age", minAgeMs: policy.minAgeMs };
  };
  for (const volume of [...volumes].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { name: id, sizeBytes } = volume;
    const protection = protect(volume);
    if (protection !== undefined) kept.push({ item: "volume", id, sizeBytes, protection });
    else {
      const age = formatDuration(Math.max(0, nowMs - volume.createdAtMs));
      const reason = `no container mounts it, made ${age} ago; its data has no copy`;
      items.push({ item: "volume", id, sizeBytes, freesBytes: sizeBytes, reason });
    }
  }
  return { items, kept };
}

function isOurs({ labels }: ObservedVolume, { project, composeProjects = [] }: CleanupScope): boolean {
  const composeProject = labels[COMPOSE_PROJECT];
  return (
    labels[LABELS.project] === project || (composeProject !== undefined && composeProjects.includes(composeProject))
  );
}
