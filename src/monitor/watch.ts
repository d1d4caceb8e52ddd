import type { EngineAnnouncement } from "../docker/engine-following.ts";
import type { BuildConfig } from "../model/build-config.ts";
import { LABELS } from "../model/observation.ts";
import type { DiskSpace, EngineObservation, ObservedContainer } from "../model/observation.ts";
import { normalRepository } from "../plan/cleanup-images.ts";
import { ownedBy } from "./ownership.ts";

/** Something that changed on the engine. */
export type Change =
  | { readonly change: "image-tagged"; readonly reference: string; readonly imageId: string; readonly before?: string }
  | { readonly change: "image-untagged"; readonly reference: string; readonly imageId: string }
  | { readonly change: "image-removed"; readonly imageId: string; readonly service?: string }
  | { readonly change: "container"; readonly name: string; readonly state: ContainerState }
  /** The engine says what it removed, shared records included; what that freed is in the next `cache`. */
  | { readonly change: "cache-pruned"; readonly reportedBytes: number }
  | {
      readonly change: "cache";
      readonly privateBytes: number;
      readonly deltaBytes: number;
      readonly budgetBytes: number;
    }
  | { readonly change: "disk"; readonly freeBytes: number; readonly deltaBytes: number; readonly minFreeBytes?: number }
  | { readonly change: "engine-lost"; readonly error: string }
  | { readonly change: "engine-back"; readonly afterMs: number };

/** What is told of a container: `running`, `healthy`, `unhealthy`, `exited (3)`, `removed` … */
export type ContainerState = string;

/** A change with its time, milliseconds since 1970. */
export type TimedChange = Change & { readonly atMs: number };

/** The cache tells a change from here on, and the disk from a two-hundredth of its size on. */
const NOTABLE_CACHE_BYTES = 50e6;
const NOTABLE_DISK_SHARE = 1 / 200;

/**
 * What is known of the engine while it is watched. Announcements and observations come in any order and overlap; each change is
 * told once, by whichever comes first.
 */
export class EngineWatch {
  readonly #config: BuildConfig;
  readonly #tags = new Map<string, string>();
  /** Services of our images by image id. */
  readonly #images = new Map<string, string>();
  readonly #containers = new Map<string, { readonly name: string; readonly state: ContainerState }>();
  #cacheBytes: number | undefined;
  #disk: DiskSpace | undefined;

  constructor(config: BuildConfig) {
    this.#config = config;
  }

  /** Takes what is so now; returns what differs from what was known, nothing the first time. */
  observe(observation: EngineObservation, isFirst: boolean): readonly Change[] {
    const changes = [...this.#observeImages(observation), ...this.#observeContainers(observation)];
    const budgets = this.observeBudgets(observation);
    return isFirst ? [] : [...changes, ...budgets];
  }

  /** Takes the sizes of cache and disk; returns those that changed by enough to be told, or crossed their budget. */
  observeBudgets(
    { cache, disk }: Partial<Pick<EngineObservation, "cache" | "disk">>,
    minFreeBytes?: number,
  ): readonly Change[] {
    const changes: Change[] = [];
    if (cache !== undefined) {
      const privateBytes = cache.reduce((sum, record) => sum + (record.shared ? 0 : record.sizeBytes), 0);
      const budgetBytes = this.#config.cleanup.normal.maxCacheBytes;
      const before = this.#cacheBytes;
      const deltaBytes = privateBytes - (before ?? privateBytes);
      const crossed = before !== undefined && before > budgetBytes !== privateBytes > budgetBytes;
      if (before === undefined || crossed || Math.abs(deltaBytes) >= NOTABLE_CACHE_BYTES)
        this.#cacheBytes = privateBytes;
      if (before !== undefined && this.#cacheBytes !== before)
        changes.push({ change: "cache", privateBytes, deltaBytes, budgetBytes });
    }
    if (disk !== undefined) {
      const before = this.#disk;
      const deltaBytes = disk.freeBytes - (before?.freeBytes ?? disk.freeBytes);
      const crossed =
        before !== undefined &&
        minFreeBytes !== undefined &&
        before.freeBytes < minFreeBytes !== disk.freeBytes < minFreeBytes;
      const told = before === undefined || crossed || Math.abs(deltaBytes) >= disk.totalBytes * NOTABLE_DISK_SHARE;
      if (told) this.#disk = disk;
      if (told && before !== undefined) {
        changes.push({
          change: "disk",
          freeBytes: disk.freeBytes,
          deltaBytes,
          ...(minFreeBytes === undefined ? {} : { minFreeBytes }),
        });
      }
    }
    return changes;
  }

  /** Takes what the engine announced; undefined when it is not of this project, or known already. */
  announce({ type, action, actorId, attributes }: EngineAnnouncement): Change | undefined {
    if (type === "image") return this.#announceImage(action, actorId, attributes);
    if (type === "container") return this.#announceContainer(action, actorId, attributes);
    if (type !== "builder" || action !== "prune") return undefined;
    return { change: "cache-pruned", reportedBytes: Number(attributes["reclaimed"] ?? 0) };
  }

  #announceImage(action: string, imageId: string, attributes: Readonly<Record<string, string>>): Change | undefined {
    switch (action) {
      case "tag": {
        const reference = attributes["name"] ?? "";
        if (!this.#isOwnImage(imageId, reference, attributes)) return undefined;
        return this.#tag(reference, imageId, attributes[LABELS.service]);
      }
      case "untag":
        return this.#untag(imageId, attributes["name"] ?? "");
      case "delete":
        return this.#remove(imageId);
      default:
        return undefined;
    }
  }

  #isOwnImage(imageId: string, reference: string, labels: Readonly<Record<string, string>>): boolean {
    if (this.#images.has(imageId) || labels[LABELS.project] === this.#config.project) return true;
    return [...this.#tags.keys()].some((known) => normalRepository(known) === normalRepository(reference));
  }

  #tag(reference: string, imageId: string, service = ""): Change | undefined {
    const name = shortReference(reference);
    const before = this.#tags.get(name);
    this.#images.set(imageId, service);
    if (before === imageId) return undefined;
    this.#tags.set(name, imageId);
    return { change: "image-tagged", reference: name, imageId, ...(before === undefined ? {} : { before }) };
  }

  /** The engine names the image, not always the tag that it lost: then the only one that it had, if there was one. */
  #untag(imageId: string, named: string): Change | undefined {
    const tags = [...this.#tags].filter(([, id]) => id === imageId).map(([tag]) => tag);
    const reference = tags.find((tag) => tag === shortReference(named)) ?? (tags.length === 1 ? tags[0] : undefined);
    if (reference === undefined) return undefined;
    this.#tags.delete(reference);
    return { change: "image-untagged", reference, imageId };
  }

  #remove(imageId: string): Change | undefined {
    const service = this.#images.get(imageId);
    if (service === undefined) return undefined;
    this.#images.delete(imageId);
    for (const [tag, id] of this.#tags) if (id === imageId) this.#tags.delete(tag);
    return { change: "image-removed", imageId, ...(service === "" ? {} : { service }) };
  }

  #announceContainer(action: string, id: string, attributes: Readonly<Record<string, string>>): Change | undefined {
    if (!this.#containers.has(id) && !ownedBy(this.#config, attributes)) return undefined;
    const state = announcedState(action, attributes);
    if (state === undefined) return undefined;
    return this.#setContainer(id, attributes["name"] ?? this.#containers.get(id)?.name ?? id.slice(0, 12), state);
  }

  #setContainer(id: string, name: string, state: ContainerState): Change | undefined {
    const known = this.#containers.get(id);
    if (known?.state === state && known.name === name) return undefined;
    if (state === "removed") this.#containers.delete(id);
    else this.#containers.set(id, { name, state });
    return { change: "container", name, state };
  }

  #observeImages({ images }: EngineObservation): readonly Change[] {
    const changes: (Change | undefined)[] = [];
    const own = images.filter(({ labels }) => labels[LABELS.project] === this.#config.project);
    const tags = new Map(own.flatMap(({ id, tags: names }) => names.map((tag) => [shortReference(tag), id] as const)));
    for (const { id, labels } of own) this.#images.set(id, labels[LABELS.service] ?? "");
    for (const [tag, id] of tags) changes.push(this.#tag(tag, id, this.#images.get(id)));
    const present = new Set(images.map(({ id }) => id));
    for (const [tag, imageId] of this.#tags) {
      if (tags.has(tag) || !present.has(imageId)) continue;
      this.#tags.delete(tag);
      changes.push({ change: "image-untagged", reference: tag, imageId });
    }
    for (const id of this.#images.keys()) if (!present.has(id)) changes.push(this.#remove(id));
    return changes.filter((change) => change !== undefined);
  }

  #observeContainers({ containers }: EngineObservation): readonly Change[] {
    const own = containers.filter(({ labels }) => ownedBy(this.#config, labels));
    const changes = own.map((container) => this.#setContainer(container.id, container.name, observedState(container)));
    const present = new Set(own.map(({ id }) => id));
    for (const [id, { name }] of this.#containers) {
      if (!present.has(id)) changes.push(this.#setContainer(id, name, "removed"));
    }
    return changes.filter((change) => change !== undefined);
  }
}

/** What an announcement makes of a container; undefined for what changes nothing worth telling (exec, attach, kill …). */
function announcedState(action: string, attributes: Readonly<Record<string, string>>): ContainerState | undefined {
  const [name = "", detail = ""] = action.split(": ");
  switch (name) {
    case "create":
      return "created";
    case "start":
    case "unpause":
      return "running";
    case "die":
      return `exited (${attributes["exitCode"] ?? "?"})`;
    case "destroy":
      return "removed";
    case "oom":
      return "out of memory";
    case "pause":
      return "paused";
    case "health_status":
      return detail;
    default:
      return undefined;
  }
}

/** The same words from the engine's list: `Up 4 minutes (healthy)`, `Exited (3) 2 days ago`. */
export function observedState({ state, status = "" }: ObservedContainer): ContainerState {
  if (state === "exited") return `exited (${/^Exited \((\d+)\)/.exec(status)?.[1] ?? "?"})`;
  if (state !== "running") return state;
  return /\((healthy|unhealthy)\)$/.exec(status)?.[1] ?? "running";
}

/** As our lists show names: the engine announces `docker.io/library/web:1`, and lists `web:1`. */
function shortReference(reference: string): string {
  return reference.replace(/^(?:index\.)?docker\.io\//, "").replace(/^library\//, "");
}
