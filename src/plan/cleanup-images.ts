import type { CleanupPolicy } from "../model/build-config.ts";
import type { Protection, RunInProgress } from "../model/cleanup.ts";
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
  /** Names of our compose projects; their volumes are ours. */
  readonly composeProjects?: readonly string[];
  /** Room that a build needs besides the budgets. */
  readonly needBytes?: number;
}

/** A service whose images are ours. */
export interface CleanupService {
  readonly name: string;
  /** Image names without tag that our builds give: `shop/frontend`. Any other name protects an image. */
  readonly repositories: readonly string[];
}

/** An image with what the rules look at. */
export interface JudgedImage {
  readonly image: ObservedImage;
  /** Of an image that is not ours the repository that it is named by; empty where it has no name. */
  readonly service: string;
  readonly isOurs: boolean;
  /**
   * 1 is the newest of its service. An image with a name that is not ours has no rank: whoever gave it may do so at any
   * time, and would push one of ours out.
   */
  readonly rank: number | undefined;
  /** The first reason for keeping it; undefined when it may go. */
  readonly protection: Protection | undefined;
  /** When it was made, tagged or used, whichever was last. */
  readonly usedAtMs: number;
}

type RankedImage = Omit<JudgedImage, "protection">;

interface RuleContext {
  readonly nowMs: number;
  readonly policy: CleanupPolicy;
  readonly scope: CleanupScope;
  readonly containers: ReadonlyMap<string, ObservedContainer>;
  readonly repositories: ReadonlySet<string>;
  readonly pinned: readonly { readonly pattern: string; readonly expression: RegExp }[];
}

/** One reason for keeping an image; undefined when the rule has nothing against removing it. */
type Rule = (image: RankedImage, context: RuleContext) => Protection | undefined;

/** In the order in which a reader wants to hear them: the first that holds is the one that is named. */
const RULES: readonly Rule[] = [
  usedByContainer,
  partOfRelease,
  ofRunInProgress,
  pinned,
  notOurs,
  taggedByOthers,
  newestOfService,
  youngerThanMinimumAge,
];

/** Every image with the first reason for keeping it; newest first, service by service, those of others last. */
export function judgeImages(
  observation: EngineObservation,
  policy: CleanupPolicy,
  scope: CleanupScope,
): readonly JudgedImage[] {
  const context: RuleContext = {
    nowMs: observation.nowMs,
    policy,
    scope,
    containers: firstContainers(observation.containers),
    repositories: new Set(scope.services.flatMap((service) => service.repositories.map(normalRepository))),
    pinned: (policy.pinned ?? []).map((pattern) => ({ pattern, expression: pinExpression(pattern) })),
  };
  const judged: JudgedImage[] = [];
  for (const image of rankImages(observation.images, context)) {
    let protection: Protection | undefined;
    for (const rule of RULES) protection ??= rule(image, context);
    judged.push({ ...image, protection });
  }
  return judged;
}

/** When the image was made or last tagged on this engine, whichever is later: a rebuild that changes nothing tags again. */
export function imageTimeMs(image: ObservedImage): number {
  return Math.max(image.createdAtMs, image.lastTaggedAtMs);
}

/** The run that began first of those that may have made or used something at that time; none where it is older than all. */
export function findRunInProgress(scope: CleanupScope, timeMs: number): Protection | undefined {
  const runs = (scope.runsInProgress ?? []).filter((run) => timeMs >= run.startedAtMs);
  const [first] = [...runs].sort((a, b) => a.startedAtMs - b.startedAtMs || compareText(a.runId, b.runId));
  return first === undefined ? undefined : { because: "run-in-progress", runId: first.runId };
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

/** One of several containers of an image always by the same rule: running ones first, then by name. */
function firstContainers(containers: readonly ObservedContainer[]): ReadonlyMap<string, ObservedContainer> {
  const last = [...containers].sort(
    (a, b) =>
      Number(a.state === "running") - Number(b.state === "running") ||
      compareText(b.name, a.name) ||
      compareText(b.id, a.id),
  );
  return new Map(last.map((container) => [container.imageId, container]));
}

/** Newest first, service by service in the order of their names; ties by ID, so that the order never depends on the engine's. */
function rankImages(images: readonly ObservedImage[], context: RuleContext): readonly RankedImage[] {
  const { scope } = context;
  const groups = new Map<string, { service: string; isOurs: boolean; images: ObservedImage[] }>();
  const unique = new Map(images.map((image) => [image.id, image]));
  for (const image of unique.values()) {
    const own = ownService(image, scope.project);
    const service = own ?? image.tags.map(normalRepository).sort(compareText)[0] ?? "";
    const key = `${own === undefined ? "others" : "ours"} ${service}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { service, isOurs: own !== undefined, images: [image] });
    else group.images.push(image);
  }
  const ranked: RankedImage[] = [];
  const sorted = [...groups.values()].sort(
    (a, b) => Number(b.isOurs) - Number(a.isOurs) || compareText(a.service, b.service),
  );
  for (const { service, isOurs, images: list } of sorted) {
    list.sort((a, b) => imageTimeMs(b) - imageTimeMs(a) || compareText(a.id, b.id));
    let count = 0;
    for (const image of list) {
      const isRanked = isOurs ? foreignTag(image, context) === undefined : service !== "";
      if (isRanked) count += 1;
      const usedAtMs = Math.max(imageTimeMs(image), scope.lastUsedMs?.get(image.id) ?? 0);
      ranked.push({ image, service, isOurs, rank: isRanked ? count : undefined, usedAtMs });
    }
  }
  return ranked;
}

function usedByContainer({ image }: RankedImage, { containers }: RuleContext): Protection | undefined {
  const container = containers.get(image.id);
  if (container === undefined) return undefined;
  return { because: "used-by-container", container: container.name, state: container.state };
}

function partOfRelease({ image }: RankedImage, { scope }: RuleContext): Protection | undefined {
  const deployId = scope.released?.get(image.id);
  return deployId === undefined ? undefined : { because: "released", deployId };
}

function ofRunInProgress({ usedAtMs }: RankedImage, { scope }: RuleContext): Protection | undefined {
  return findRunInProgress(scope, usedAtMs);
}

function pinned({ image }: RankedImage, context: RuleContext): Protection | undefined {
  const pin = context.pinned.find(({ expression }) => image.tags.some((tag) => expression.test(fullName(tag))));
  return pin === undefined ? undefined : { because: "pinned", pattern: pin.pattern };
}

function notOurs({ isOurs }: RankedImage, { scope }: RuleContext): Protection | undefined {
  return isOurs || scope.allImages === true ? undefined : { because: "not-ours" };
}

function taggedByOthers({ image, isOurs }: RankedImage, context: RuleContext): Protection | undefined {
  const tag = isOurs && context.scope.allImages !== true ? foreignTag(image, context) : undefined;
  return tag === undefined ? undefined : { because: "tagged-by-others", tag };
}

function newestOfService({ rank }: RankedImage, { policy }: RuleContext): Protection | undefined {
  const keep = keptPerService(policy);
  return rank !== undefined && rank <= keep ? { because: "newest-of-service", rank, keep } : undefined;
}

function youngerThanMinimumAge({ usedAtMs }: RankedImage, { policy, nowMs }: RuleContext): Protection | undefined {
  if (nowMs - usedAtMs >= policy.minAgeMs) return undefined;
  return { because: "younger-than-minimum-age", minAgeMs: policy.minAgeMs };
}

/** The newest image of a service always stays. */
export function keptPerService(policy: CleanupPolicy): number {
  return Math.max(1, policy.keepImagesPerService);
}

function foreignTag(image: ObservedImage, { repositories }: RuleContext): string | undefined {
  return image.tags.find((tag) => !repositories.has(normalRepository(tag)));
}

/** `shop/web:1` and `docker.io/shop/web:1` are one name. */
function fullName(reference: string): string {
  return normalRepository(reference) + (/(@.*|:[^:/]*)$/.exec(reference)?.[0] ?? "");
}

/** `*` stands for any part of a name; a pattern without a tag means all tags. */
function pinExpression(pattern: string): RegExp {
  const name = fullName(pattern);
  const text = name === normalRepository(pattern) && !name.endsWith("*") ? `${name}:*` : name;
  return new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
