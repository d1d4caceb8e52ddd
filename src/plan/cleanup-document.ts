import type { CleanupStep } from "../model/build-config.ts";
import { CLEANUP_PLAN_VERSION } from "../model/cleanup.ts";
import type { CleanupBudget, CleanupItem, CleanupPlan, KeptItem, Protection } from "../model/cleanup.ts";

/** A plan of a clean-up read from text, or why the text is none. */
export type ParsedCleanupPlan =
  | { readonly ok: true; readonly plan: CleanupPlan }
  /** `problem` is one sentence without a full stop. */
  | { readonly ok: false; readonly problem: string };

/** The plan as JSON with two spaces of indentation; equal plans give equal text. */
export function serialiseCleanupPlan(plan: CleanupPlan): string {
  const { version, predictedBytes, physicalBytes, hiddenBytes, budgets, items, kept } = plan;
  const ordered = { version, predictedBytes, physicalBytes, hiddenBytes, budgets, items, kept };
  return `${JSON.stringify(ordered, undefined, 2)}\n`;
}

/** Reads what {@link serialiseCleanupPlan} wrote. */
export function parseCleanupPlan(text: string): ParsedCleanupPlan {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return refuse(`the plan is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return parseCleanupDocument(document);
}

/** The same for JSON that is parsed already. Another version is refused, not guessed at, and nothing is left out. */
export function parseCleanupDocument(document: unknown): ParsedCleanupPlan {
  if (!isMapping(document) || !("version" in document) || !("items" in document)) {
    return refuse("it is no plan of a clean-up");
  }
  const { version } = document;
  if (version !== CLEANUP_PLAN_VERSION) {
    const found = typeof version === "number" ? `version ${version}` : "no version";
    return refuse(`the plan has ${found}, this program reads version ${CLEANUP_PLAN_VERSION}`);
  }
  const { predictedBytes, physicalBytes, hiddenBytes } = document;
  if (!isNumber(predictedBytes) || !isNumber(physicalBytes) || !isNumber(hiddenBytes)) {
    return refuse("`predictedBytes`, `physicalBytes` or `hiddenBytes` of the plan is no number");
  }
  const items = parseList(document["items"], "items", parseItem);
  if (typeof items === "string") return refuse(items);
  const kept = parseList(document["kept"], "kept", parseKept);
  if (typeof kept === "string") return refuse(kept);
  const budgets = parseList(document["budgets"], "budgets", parseBudget);
  if (typeof budgets === "string") return refuse(budgets);
  const sum = items.reduce((total, item) => total + item.freesBytes, 0);
  if (Math.abs(sum - predictedBytes) >= 1) return refuse("the items of the plan do not add up to its `predictedBytes`");
  const ids = new Set(items.map((item) => `${item.item} ${item.id}`));
  if (ids.size !== items.length) return refuse("the plan lists something twice");
  const protectedItem = kept.find((item) => ids.has(`${item.item} ${item.id}`));
  if (protectedItem !== undefined) return refuse(`the plan both removes and keeps ${protectedItem.id}`);
  const plan = { version, items, kept, predictedBytes, physicalBytes, hiddenBytes, budgets } as const;
  return { ok: true, plan };
}

function refuse(problem: string): ParsedCleanupPlan {
  return { ok: false, problem };
}

/** The entries, or what is wrong with them. */
function parseList<T>(value: unknown, name: string, parse: (entry: Fields) => T | undefined): readonly T[] | string {
  if (!Array.isArray(value)) return `\`${name}\` of the plan is no list`;
  const entries: T[] = [];
  for (const [index, entry] of value.entries()) {
    const parsed = isMapping(entry) ? parse(entry) : undefined;
    if (parsed === undefined) return `\`${name}[${index}]\` of the plan is not what it should be`;
    entries.push(parsed);
  }
  return entries;
}

type Fields = Readonly<Record<string, unknown>>;

const STEPS = [
  "stale-sources",
  "untagged-images",
  "old-images",
  "cache",
  "cache-mounts",
  "young-cache",
] as const satisfies readonly CleanupStep[];

function parseItem(fields: Fields): CleanupItem | undefined {
  const { item, id, sizeBytes, freesBytes, reason } = fields;
  if (!isName(id) || !isNumber(sizeBytes) || !isNumber(freesBytes) || typeof reason !== "string") return undefined;
  const common = { id, sizeBytes, freesBytes, reason };
  if (item === "volume") return { item, ...common };
  const step = STEPS.find((candidate) => candidate === fields["step"]);
  if (step === undefined) return undefined;
  if (item === "image") {
    const { tags, service } = fields;
    return isTextList(tags) && typeof service === "string" ? { item, ...common, tags, service, step } : undefined;
  }
  if (item !== "cache-record") return undefined;
  const { type, description, lastUsedAtMs } = fields;
  if (typeof type !== "string" || typeof description !== "string" || !isNumber(lastUsedAtMs)) return undefined;
  return { item, ...common, type, description, lastUsedAtMs, step };
}

function parseKept(fields: Fields): KeptItem | undefined {
  const { item, id, sizeBytes } = fields;
  const protection = isMapping(fields["protection"]) ? parseProtection(fields["protection"]) : undefined;
  if (!isName(id) || !isNumber(sizeBytes) || protection === undefined) return undefined;
  const common = { id, sizeBytes, protection };
  if (item === "volume") return { item, ...common };
  if (item === "image") {
    const { tags, service } = fields;
    return isTextList(tags) && typeof service === "string" ? { item, ...common, tags, service } : undefined;
  }
  const { type, description } = fields;
  if (item !== "cache-record" || typeof type !== "string" || typeof description !== "string") return undefined;
  return { item, ...common, type, description };
}

function parseProtection(fields: Fields): Protection | undefined {
  const { because, container, state, rank, keep, minAgeMs, tag, deployId, runId, pattern } = fields;
  switch (because) {
    case "used-by-container":
      return typeof container === "string" && typeof state === "string" ? { because, container, state } : undefined;
    case "newest-of-service":
      return isNumber(rank) && isNumber(keep) ? { because, rank, keep } : undefined;
    case "younger-than-minimum-age":
      return isNumber(minAgeMs) ? { because, minAgeMs } : undefined;
    case "tagged-by-others":
      return typeof tag === "string" ? { because, tag } : undefined;
    case "released":
      return typeof deployId === "string" ? { because, deployId } : undefined;
    case "run-in-progress":
      return typeof runId === "string" ? { because, runId } : undefined;
    case "pinned":
      return typeof pattern === "string" ? { because, pattern } : undefined;
    case "not-ours":
    case "used-by-build":
    case "shared-with-image":
      return { because };
    default:
      return undefined;
  }
}

function parseBudget(fields: Fields): CleanupBudget | undefined {
  const { name, holds, limitBytes, beforeBytes, afterBytes, limitImages, beforeImages, afterImages } = fields;
  if (typeof holds !== "boolean") return undefined;
  if (name === "images-per-service") {
    if (!isNumber(limitImages) || !isNumber(beforeImages) || !isNumber(afterImages)) return undefined;
    return { name, limitImages, beforeImages, afterImages, holds };
  }
  if (name !== "cache" && name !== "images" && name !== "free-space" && name !== "needed-space") return undefined;
  if (!isNumber(limitBytes) || !isNumber(beforeBytes) || !isNumber(afterBytes)) return undefined;
  return { name, limitBytes, beforeBytes, afterBytes, holds };
}

function isMapping(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** Also what the engine could take for an option or a pattern is refused: an id is what is removed. */
function isName(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9_.:-]*$/.test(value);
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}
