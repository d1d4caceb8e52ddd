import type { TaskFact } from "../model/event.ts";
import { formatByteSize } from "../model/byte-size.ts";
import { formatDuration } from "../model/duration.ts";

/** A fact in a few words, for the line that says how a task ended. */
export function describeFact(fact: TaskFact): string {
  switch (fact.fact) {
    case "image-built":
      return `${formatByteSize(fact.sizeBytes)}, ${fact.cachedSteps} of ${plural(fact.steps, "step")} cached`;
    case "disk-written":
      return `wrote ${formatByteSize(fact.contextBytes + fact.layerBytes)}`;
    case "image-size":
      return `${fact.service} ${describeSize(fact.sizeBytes, fact.limitBytes)}`;
    case "space-freed":
      return `${describeFreed(fact)} in ${plural(fact.removed, "removal")}`;
    case "traffic-served":
      return `${fact.live} is live, ${plural(fact.requests, "request")} seen and ${fact.failed} failed${describeRetries(fact.retried)}`;
    case "deployed":
      return `${fact.environment}${fact.unchanged === true ? " unchanged" : ""}${fact.url === undefined ? "" : ` at ${fact.url}`}, ${plural(fact.containers, "container")}`;
    case "http-answered":
      return `${fact.url} answered ${fact.status} in ${formatDuration(fact.durationMs)}`;
  }
}

function describeRetries(retried = 0): string {
  return retried === 0
    ? ""
    : `, ${plural(retried, "more attempt")} failed and ${retried === 1 ? "was" : "were"} repeated`;
}

/** What was freed: predicted, by the engine's account, and on its disk; never one number instead of the three. */
export interface FreedSpace {
  readonly predictedBytes: number;
  readonly accountedBytes: number;
  readonly physicalBytes?: number;
  readonly disturbance?: { readonly added: number; readonly removed: number };
}

/** What the engine's account says was freed; it may have grown meanwhile, when others build at the same time. */
export function describeFreed({ predictedBytes, accountedBytes, physicalBytes, disturbance }: FreedSpace): string {
  const predicted = `predicted ${formatByteSize(predictedBytes)}`;
  const disk =
    physicalBytes === undefined
      ? ""
      : `, the disk ${physicalBytes < 0 ? "lost" : "gained"} ${formatByteSize(Math.abs(physicalBytes))}`;
  const others =
    disturbance === undefined
      ? ""
      : `; meanwhile others added ${plural(disturbance.added, "object")} and removed ${disturbance.removed}`;
  if (accountedBytes >= 0) return `freed ${formatByteSize(accountedBytes)} (${predicted}${disk}${others})`;
  const grown = `the engine's account grew by ${formatByteSize(-accountedBytes)} meanwhile`;
  return `${grown} (${predicted} to go${disk}${others})`;
}

/** A size against its limit: `58.1 MB of 80.0 MB (73 %)`. */
export function describeSize(sizeBytes: number, limitBytes: number | undefined): string {
  if (limitBytes === undefined) return formatByteSize(sizeBytes);
  return `${formatByteSize(sizeBytes)} of ${formatByteSize(limitBytes)} (${formatPercent(sizeBytes, limitBytes)})`;
}

/** `part` of `whole` in whole percent, rounded so that only what reaches the whole shows 100 % or more. */
export function formatPercent(part: number, whole: number): string {
  if (whole <= 0) return part <= 0 ? "0 %" : "over";
  const percent = (part / whole) * 100;
  const rounded = Math.round(percent);
  if (percent < 100 && rounded >= 100) return "99 %";
  return `${percent > 100 && rounded <= 100 ? 101 : rounded} %`;
}

/** A count with its noun: `1 task`, `3 tasks`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
