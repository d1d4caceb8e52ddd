import type { CleanupPolicy } from "../model/build-config.ts";
import type { CleanupItem, KeptItem, Protection, RunInProgress } from "../model/cleanup.ts";
import { LABELS } from "../model/observation.ts";
import type { EngineObservation, ObservedContainer, ObservedImage } from "../model/observation.ts";

/** Whose images a clean-up may look at. */
export interface CleanupScope {
  /** Value of the label `dev.orchestrate.project`. */
  readonly project: string;
  readonly services: readonly CleanupService[];
  /** The release that each image belongs to, of those that are live or that a rollback would put live. */
  readonly released?: ReadonlyMap<string, string>;
  /** Runs of any process on this engine. */
  readonly runsInProgress?: readonly RunInProgress[];
  /** When a run of ours last used an image, milliseconds since 1970 by image id. */
  readonly lastUsedMs?: ReadonlyMap<string, number>;
  /** How long a build step took, by the name under which BuildKit's cache describes its result. */
  readonly rebuildMs?: ReadonlyMap<string, number>;
  /** Images of others as well. */
  readonly allImages?: boolean;
  /** Volumes that no container mounts as well. */
  readonly volumes?: boolean;
  /** Room that a build needs besides the budgets. */
  readonly needBytes?: number;
}

/** A service whose images are ours. */
export interface CleanupService {
  readonly name: string;
  /** Image names without tag that our builds give: `shop/frontend`. Any other name protects an image. */
  readonly repositories: readonly string[];
}

type ImageItem = Extract<CleanupItem, { readonly item: "image" }>;

/** An image of ours with what the rules look at. */
interface OwnImage {
  readonly image: ObservedImage;
  readonly service: string;
  /**
   * 1 is the newest of its service. An image with a name that is not ours has no rank: whoever gave it may do so at any
   * time, and would push one of ours out.
   */
  readonly rank: number | undefined;
}

interface RuleContext {
  readonly nowMs: number;
  readonly policy: CleanupPolicy;
  readonly containers: ReadonlyMap<string, ObservedContainer>;
  readonly repositories: ReadonlySet<string>;
  readonly released: ReadonlyMap<string, string>;
}

/** One reason for keeping an image; undefined when the rule has nothing against removing it. */
type Rule = (own: OwnImage, context: RuleContext) => Protection | undefined;

/** In the order in which a reader wants to hear them: the first that holds is the one that is named. */
const RULES: readonly Rule[] = [usedByContainer, partOfRelease, taggedByOthers, newestOfService, youngerThanMinimumAge];

/** Splits the images of ours into what goes, oldest first, and what stays, with the reason for each. */
export function judgeImages(
  observation: EngineObservation,
  policy: CleanupPolicy,
  scope: CleanupScope,
): { readonly items: readonly ImageItem[]; readonly kept: readonly KeptItem[] } {
  const context: RuleContext = {
    nowMs: observation.nowMs,
    policy,
    containers: new Map(observation.containers.map((container) => [container.imageId, container])),
    repositories: new Set(scope.services.flatMap((service) => service.repositories.map(normalRepository))),
    released: scope.released ?? new Map(),
  };
  const items: ImageItem[] = [];
  const kept: KeptItem[] = [];
  for (const own of rankOwnImages(observation.images, scope.project, context)) {
    const { image, service } = own;
    const facts = { item: "image", id: image.id, tags: image.tags, service, sizeBytes: image.sizeBytes } as const;
    const protection = findProtection(own, context);
    if (protection === undefined) items.push({ ...facts, reason: describeReason(own, policy) });
    else kept.push({ ...facts, protection });
  }
  return { items: items.reverse(), kept };
}

/** When the image was made or last tagged on this engine, whichever is later: a rebuild that changes nothing tags again. */
export function imageTimeMs(image: ObservedImage): number {
  return Math.max(image.createdAtMs, image.lastTaggedAtMs);
}

/** The service that the labels name; undefined when the image is not of this project. */
function ownService(image: ObservedImage, project: string): string | undefined {
  if (image.labels[LABELS.project] !== project) return undefined;
  const service = image.labels[LABELS.service];
  return service === undefined || service === "" ? undefined : service;
}

/** A name without tag and digest, and without what Docker adds to a short one: `docker.io/library/web:1` is `web`. */
export function normalRepository(reference: string): string {
  const name = reference.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  return name.replace(/^(?:index\.)?docker\.io\//, "").replace(/^library\//, "");
}

/** Newest first, service by service in the order of their names; ties by ID, so that the order never depends on the engine's. */
function rankOwnImages(images: readonly ObservedImage[], project: string, context: RuleContext): readonly OwnImage[] {
  const byService = new Map<string, ObservedImage[]>();
  for (const image of images) {
    const service = ownService(image, project);
    if (service === undefined) continue;
    const list = byService.get(service);
    if (list === undefined) byService.set(service, [image]);
    else list.push(image);
  }
  const ranked: OwnImage[] = [];
  for (const [service, list] of [...byService].sort(([a], [b]) => compareText(a, b))) {
    list.sort((a, b) => imageTimeMs(b) - imageTimeMs(a) || compareText(a.id, b.id));
    let ownCount = 0;
    for (const image of list) {
      const isForeign = foreignTag(image, context) !== undefined;
      if (!isForeign) ownCount += 1;
      ranked.push({ image, service, rank: isForeign ? undefined : ownCount });
    }
  }
  return ranked;
}

function findProtection(own: OwnImage, context: RuleContext): Protection | undefined {
  for (const rule of RULES) {
    const protection = rule(own, context);
    if (protection !== undefined) return protection;
  }
  return undefined;
}

function usedByContainer({ image }: OwnImage, { containers }: RuleContext): Protection | undefined {
  const container = containers.get(image.id);
  if (container === undefined) return undefined;
  return { because: "used-by-container", container: container.name, state: container.state };
}

function partOfRelease({ image }: OwnImage, { released }: RuleContext): Protection | undefined {
  const deployId = released.get(image.id);
  return deployId === undefined ? undefined : { because: "released", deployId };
}

function newestOfService({ rank }: OwnImage, { policy }: RuleContext): Protection | undefined {
  const keep = Math.max(1, policy.keepImagesPerService);
  return rank !== undefined && rank <= keep ? { because: "newest-of-service", rank, keep } : undefined;
}

function youngerThanMinimumAge({ image }: OwnImage, { policy, nowMs }: RuleContext): Protection | undefined {
  if (nowMs - imageTimeMs(image) >= policy.minAgeMs) return undefined;
  return { because: "younger-than-minimum-age", minAgeMs: policy.minAgeMs };
}

function taggedByOthers({ image }: OwnImage, context: RuleContext): Protection | undefined {
  const tag = foreignTag(image, context);
  return tag === undefined ? undefined : { because: "tagged-by-others", tag };
}

function foreignTag(image: ObservedImage, { repositories }: RuleContext): string | undefined {
  return image.tags.find((tag) => !repositories.has(normalRepository(tag)));
}

function describeReason({ image, service, rank }: OwnImage, policy: CleanupPolicy): string {
  const untagged = image.tags.length === 0 ? "untagged, " : "";
  return `${untagged}number ${rank ?? 0} of ${service}, the newest ${Math.max(1, policy.keepImagesPerService)} are kept`;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
