import { formatByteSize } from "../model/byte-size.ts";
import { formatDuration } from "../model/duration.ts";
import { LABELS } from "../model/observation.ts";
import { plural } from "../report/fact-text.ts";
import { describeAge } from "./image-table.ts";
import type { DigestedLayer, MonitorFacts, Recommendation } from "./monitor-facts.ts";
import { ownedBy } from "./ownership.ts";
import { describeStep } from "./size-rules.ts";
import { CLEAN_COMMAND } from "./usage.ts";
import type { Cleanable } from "./usage.ts";

/** What less than this would save is worth no line. */
const TRIFLE_BYTES = 1e6;
/** A container or a cache mount that nobody has missed for so long. */
const LONG_MS = 7 * 86_400_000;

/** The policy `normal` would remove something. */
export function cleanableNow(facts: MonitorFacts): Recommendation | undefined {
  const normal = cleanable(facts, "normal");
  if (normal === undefined || normal.images + normal.cacheRecords === 0) return undefined;
  return {
    rule: "cleanable-now",
    urgency: "worthwhile",
    about: "storage",
    text: `the policy normal would remove ${describeItems(normal)}`,
    savesBytes: normal.bytes,
    command: CLEAN_COMMAND.normal,
  };
}

/** A budget is exceeded and stays so after a normal clean-up. */
export function budgetNeedsMore(facts: MonitorFacts): Recommendation | undefined {
  const broken = facts.plans.normal.budgets.filter(({ holds, name }) => !holds && name !== "images-per-service");
  const aggressive = cleanable(facts, "aggressive");
  if (broken.length === 0 || aggressive === undefined || aggressive.images + aggressive.cacheRecords === 0)
    return undefined;
  const names = broken.map(({ name }) => name.replaceAll("-", " ")).join(" and ");
  const mended = facts.plans.aggressive.budgets.every((budget) => budget.holds || budget.name === "images-per-service");
  return {
    rule: "budget-needs-more",
    urgency: "worthwhile",
    about: "storage",
    text: `the budget of ${names} does not hold after a normal clean-up; the policy aggressive removes ${describeItems(aggressive)}${mended ? " and keeps it" : ", which is not enough either"}`,
    savesBytes: aggressive.bytes,
    command: CLEAN_COMMAND.aggressive,
  };
}

/** Images that only the policy `aggressive` removes, while every budget holds. */
export function imagesBeyondNeed(facts: MonitorFacts): Recommendation | undefined {
  const gone = new Set(facts.plans.normal.items.map(({ id }) => id));
  const more = facts.plans.aggressive.items.filter((item) => item.item === "image" && !gone.has(item.id));
  const savesBytes = more.reduce((sum, { freesBytes }) => sum + freesBytes, 0);
  if (more.length === 0 || savesBytes < TRIFLE_BYTES) return undefined;
  return {
    rule: "images-beyond-need",
    urgency: "hint",
    about: "images",
    text: `${plural(more.length, "image")} more than the live one, the one for a rollback and the newest are kept`,
    savesBytes,
    command: CLEAN_COMMAND.aggressive,
  };
}

/** What the disk would gain beyond the accounting: layers that only the cache holds, at size 0. */
export function hiddenBaseLayers(facts: MonitorFacts): Recommendation | undefined {
  const { hiddenBytes = 0 } = facts.usage;
  const { physicalBytes, predictedBytes } = facts.plans.aggressive;
  const savesBytes = Math.min(hiddenBytes, physicalBytes - predictedBytes);
  if (savesBytes < TRIFLE_BYTES) return undefined;
  return {
    rule: "hidden-base-layers",
    urgency: "hint",
    about: "cache",
    text: `${formatByteSize(hiddenBytes)} of layers are held by the cache alone, and \`docker system df\` shows them nowhere`,
    savesBytes,
    command: CLEAN_COMMAND.aggressive,
  };
}

/** Cache mounts that one build made and none has used since. */
export function mountsUnused({ observation }: MonitorFacts): Recommendation | undefined {
  const { nowMs, cache } = observation;
  const unused = cache.filter(
    ({ type, inUse, usageCount, lastUsedAtMs }) =>
      type === "exec.cachemount" && !inUse && usageCount <= 1 && nowMs - lastUsedAtMs >= LONG_MS,
  );
  const savesBytes = unused.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (savesBytes < TRIFLE_BYTES) return undefined;
  const ids = unused.map(({ id }) => id);
  return {
    rule: "mounts-unused",
    urgency: "hint",
    about: "cache",
    text: `${plural(unused.length, "cache mount")} (${unused[0]?.description ?? ""}${unused.length > 1 ? " …" : ""}) used by no build since the first, for ${formatDays(LONG_MS)} or more`,
    savesBytes,
    command: `docker builder prune --force --filter 'id=^(${ids.join("|")})$'`,
  };
}

/** Containers of the project that stopped long ago, save those that a rollback would start. */
export function containersStopped({ observation, config, stoppedAtMs }: MonitorFacts): Recommendation | undefined {
  const { nowMs } = observation;
  const stopped = observation.containers.filter(({ id, labels, state }) => {
    if (!ownedBy(config, labels) || labels[LABELS.colour] !== undefined || (state !== "exited" && state !== "dead"))
      return false;
    const since = stoppedAtMs.get(id);
    return since !== undefined && nowMs - since >= LONG_MS;
  });
  const [first] = stopped;
  if (first === undefined) return undefined;
  const ages = stopped.map(({ id }) => nowMs - (stoppedAtMs.get(id) ?? nowMs));
  return {
    rule: "containers-stopped",
    urgency: "hint",
    about: "containers",
    text: `${plural(stopped.length, "container")} stopped for ${describeAge(Math.min(...ages))} and longer (${first.name}${stopped.length > 1 ? " …" : ""}); each keeps its image from being removed`,
    savesBytes: stopped.reduce((sum, { writableBytes = 0 }) => sum + writableBytes, 0),
    command: `docker rm ${stopped.map(({ name }) => name).join(" ")}`,
  };
}

/** Volumes of the project that no container mounts. */
export function volumesIdle({ usage }: MonitorFacts): Recommendation | undefined {
  const idle = usage.volumes?.own.filter(({ usedBy }) => usedBy.length === 0) ?? [];
  const savesBytes = idle.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const [first] = idle;
  if (first === undefined || savesBytes < TRIFLE_BYTES) return undefined;
  return {
    rule: "volumes-idle",
    urgency: "hint",
    about: "volumes",
    text: `${plural(idle.length, "volume")} that no container mounts (${first.name}${idle.length > 1 ? " …" : ""}); the data in it has no copy`,
    savesBytes,
    command: "orchestrate clean --volumes --dry-run",
  };
}

interface RepeatedLayer {
  readonly layer: DigestedLayer;
  readonly service: string;
  readonly image: string;
}

/** The same content as layers of several services, on different layers below: stored and sent once for each of them. */
export function layersRepeated({ services }: MonitorFacts): Recommendation | undefined {
  const places = new Map<string, Map<string, RepeatedLayer>>();
  for (const { service, layers, newest } of services) {
    const image = newest?.tags[0] ?? newest?.id ?? "";
    for (const layer of layers) {
      const chains = places.get(layer.digest) ?? new Map<string, RepeatedLayer>();
      if (!chains.has(layer.chainId)) chains.set(layer.chainId, { layer, service: service.name, image });
      places.set(layer.digest, chains);
    }
  }
  const repeated = Array.from(places.values(), (chains) => Array.from(chains.values())).filter(
    (copies) => copies.length > 1,
  );
  const wasted = (copies: (typeof repeated)[number]): number => (copies.length - 1) * (copies[0]?.layer.sizeBytes ?? 0);
  const savesBytes = repeated.reduce((sum, copies) => sum + wasted(copies), 0);
  const largest = repeated.toSorted((a, b) => wasted(b) - wasted(a))[0];
  if (largest === undefined || savesBytes < TRIFLE_BYTES) return undefined;
  const [first] = largest;
  const names = [...new Set(largest.map(({ service }) => service))].join(" and ");
  return {
    rule: "layers-repeated",
    urgency: "hint",
    about: "images",
    text: `${plural(repeated.length, "layer")} of the same content on different bases; the largest ${formatByteSize(first?.layer.sizeBytes ?? 0)} in ${names}${describeStep(first?.layer ?? {})}: a common base image would hold it once`,
    savesBytes,
    command: `docker history ${first?.image ?? ""}`,
  };
}

function cleanable({ usage }: MonitorFacts, policy: Cleanable["policy"]): Cleanable | undefined {
  return usage.cleanable.find((entry) => entry.policy === policy);
}

function describeItems({ images, cacheRecords }: Cleanable): string {
  const parts = [
    ...(images > 0 ? [plural(images, "image")] : []),
    ...(cacheRecords > 0 ? [plural(cacheRecords, "cache record")] : []),
  ];
  return parts.join(" and ");
}

function formatDays(durationMs: number): string {
  return durationMs >= 86_400_000 ? plural(Math.floor(durationMs / 86_400_000), "day") : formatDuration(durationMs);
}
