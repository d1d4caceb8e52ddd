import { formatByteSize } from "../model/byte-size.ts";
import type { CleanupBudget, CleanupItem, CleanupPlan, KeptItem, Protection } from "../model/cleanup.ts";
import { formatDuration } from "../model/duration.ts";

/** What an item is, in a few words: `image shop/frontend:latest`, `cache [build 2/4] COPY . .`. */
export function describeCleanupItem(item: CleanupItem | KeptItem): string {
  switch (item.item) {
    case "cache-record":
      return `cache ${item.description === "" ? item.type : item.description}`;
    case "volume":
      return `volume ${item.id}`;
    case "image":
      return `image ${imageName(item)}${item.tags.length > 1 ? ` (and ${item.tags.length - 1} more)` : ""}`;
  }
}

/** Why an image stays, as the end of a sentence that starts with its name. */
export function describeProtection(protection: Protection): string {
  switch (protection.because) {
    case "used-by-container":
      return `used by container ${protection.container} (${protection.state})`;
    case "newest-of-service":
      return `number ${protection.rank} of the newest ${protection.keep}`;
    case "younger-than-minimum-age":
      return `younger than ${formatDuration(protection.minAgeMs)}`;
    case "tagged-by-others":
      return `also known as ${protection.tag}, which is not ours`;
    case "released":
      return `part of release ${protection.deployId}, live or kept for a rollback`;
    case "run-in-progress":
      return `run ${protection.runId} may have made or used it`;
    case "pinned":
      return `pinned by ${protection.pattern}`;
    case "not-ours":
      return "not of this project";
    case "used-by-build":
      return "a build uses it";
    case "shared-with-image":
      return "shared with an image that stays";
  }
}

/**
 * The itemised list of `--dry-run`: what would go with what it frees and why, what stays and why, the budgets before and after,
 * and the sum. Long lists are cut, never silently: every item is in the plan itself.
 */
export function renderCleanupPlan(plan: CleanupPlan): readonly string[] {
  if (plan.items.length === 0)
    return ["Nothing to remove.", ...renderKept(plan.kept), ...plan.budgets.map(renderBudget)];
  return [
    ...renderItems(plan.items),
    ...renderKept(plan.kept),
    ...plan.budgets.map(renderBudget),
    describeSum(plan),
    ...describeDisk(plan),
  ];
}

/** So many lines of one kind are read; more are counted. */
const SHOWN = 20;
/** So many names of what stays for one reason are listed one by one. */
const SHOWN_KEPT = 8;

/** In the order of the plan; neighbours of one step are one list, of which the first are shown. */
function renderItems(items: readonly CleanupItem[]): readonly string[] {
  const lines: string[] = [];
  for (const run of splitRuns(items)) {
    const shown = run.length > SHOWN + 1 ? run.slice(0, SHOWN) : run;
    for (const item of shown) lines.push(line("remove", item.freesBytes, describeCleanupItem(item), describeWhy(item)));
    const rest = run.slice(shown.length);
    if (rest.length > 0) {
      const bytes = rest.reduce((sum, item) => sum + item.freesBytes, 0);
      lines.push(line("remove", bytes, `… ${countItems(rest)} more`, "all of them with --json or --plan"));
    }
  }
  return lines;
}

function splitRuns(items: readonly CleanupItem[]): readonly (readonly CleanupItem[])[] {
  const runs: CleanupItem[][] = [];
  for (const item of items) {
    const last = runs.at(-1)?.[0];
    if (last !== undefined && stepOf(last) === stepOf(item)) runs.at(-1)?.push(item);
    else runs.push([item]);
  }
  return runs;
}

function stepOf(item: CleanupItem): string {
  return item.item === "volume" ? "volumes" : item.step;
}

function describeWhy(item: CleanupItem): string {
  if (item.item !== "image" || item.freesBytes >= item.sizeBytes) return item.reason;
  return `${item.reason}; of its ${formatByteSize(item.sizeBytes)} the rest is held by others`;
}

/** One line each for a few, one line for many that stay for the same reason. */
function renderKept(kept: readonly KeptItem[]): readonly string[] {
  const groups = new Map<string, KeptItem[]>();
  for (const item of kept) {
    const key = `${item.item} ${item.protection.because}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    if (group.length > SHOWN_KEPT || (first.item === "cache-record" && group.length > 1))
      return renderGroup(group, first);
    return group.map((item) =>
      line("keep", item.sizeBytes, describeCleanupItem(item), describeProtection(item.protection)),
    );
  });
}

function renderGroup(group: readonly KeptItem[], first: KeptItem): readonly string[] {
  const why = describeGroup(first.protection);
  // Images share layers, so that their sizes do not add up.
  if (first.item === "image") {
    const names = group.slice(0, 4).map((item) => (item.item === "image" ? imageName(item) : item.id));
    return [
      line("keep", undefined, `${countItems(group)}: ${names.join(", ")} and ${group.length - names.length} more`, why),
    ];
  }
  const bytes = group.reduce((sum, item) => sum + item.sizeBytes, 0);
  return [line("keep", bytes, countItems(group), why)];
}

/** What is true of all that stay for one reason. */
function describeGroup(protection: Protection): string {
  switch (protection.because) {
    case "used-by-container":
      return "used by containers";
    case "newest-of-service":
      return `among the newest ${protection.keep} of their services`;
    case "tagged-by-others":
      return "also known by names that are not ours";
    case "released":
      return "part of releases that are live or kept for a rollback";
    case "run-in-progress":
      return "a run in progress may have made or used them";
    case "pinned":
      return "pinned";
    case "used-by-build":
      return "a build uses them";
    case "shared-with-image":
      return "shared with images that stay: removing them frees nothing";
    case "younger-than-minimum-age":
    case "not-ours":
      return describeProtection(protection);
  }
}

const BUDGET_NAMES: Readonly<Record<CleanupBudget["name"], string>> = {
  cache: "private cache",
  images: "images",
  "images-per-service": "images per service",
  "free-space": "free space",
  "needed-space": "free space with what a build needs",
};

function renderBudget(budget: CleanupBudget): string {
  const isCount = budget.name === "images-per-service";
  const [before, after, limit] = isCount
    ? [budget.beforeImages, budget.afterImages, budget.limitImages].map(String)
    : [budget.beforeBytes, budget.afterBytes, budget.limitBytes].map(formatByteSize);
  const bound = budget.name === "free-space" || budget.name === "needed-space" ? "at least" : "at most";
  const missed = isCount ? "protected ones are more" : "nothing more may go by this policy";
  return `budget  ${BUDGET_NAMES[budget.name]}: ${before} → ${after}, ${bound} ${limit}${budget.holds ? "" : `  NOT MET: ${missed}`}`;
}

function describeSum(plan: CleanupPlan): string {
  const counts = (["image", "cache-record", "volume"] as const).flatMap((kind) => {
    const items = plan.items.filter(({ item }) => item === kind);
    return items.length === 0 ? [] : [countItems(items)];
  });
  return `Would free ${formatByteSize(plan.predictedBytes)}: ${counts.join(" and ")}.`;
}

/** The three numbers by their names, where they differ, and what no number shows. */
function describeDisk({ predictedBytes, physicalBytes, hiddenBytes }: CleanupPlan): readonly string[] {
  const lines = ["Predicted by the engine's accounting; a clean-up reports predicted, accounted and physical bytes."];
  if (physicalBytes !== predictedBytes) lines.push(`The disk should gain ${formatByteSize(physicalBytes)}.`);
  if (hiddenBytes > 0) {
    lines.push(`Hidden: ${formatByteSize(hiddenBytes)} stay that the engine counts nowhere, held by the cache alone.`);
  }
  return lines;
}

function countItems(items: readonly (CleanupItem | KeptItem)[]): string {
  const kind = items[0]?.item === "cache-record" ? "cache record" : (items[0]?.item ?? "item");
  return `${items.length} ${kind}${items.length === 1 ? "" : "s"}`;
}

function line(verb: "remove" | "keep", bytes: number | undefined, what: string, why: string): string {
  const size = bytes === undefined ? "" : formatByteSize(bytes);
  return `${verb.padEnd(6)}  ${size.padStart(8)}  ${what}  (${why})`;
}

function imageName(item: Extract<CleanupItem | KeptItem, { readonly item: "image" }>): string {
  return item.tags[0] ?? `${item.service === "" ? "untagged" : item.service} ${shortImageId(item.id)}`;
}

/** The first 12 digits of an image ID, as Docker prints it. */
function shortImageId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
