import { contextTooLarge, ignoreFileMissing } from "./context-rules.ts";
import type { MonitorFacts, ProjectRule, Recommendation, ServiceRule } from "./monitor-facts.ts";
import {
  grownSinceLast,
  limitMissing,
  plainImageLeft,
  sizeLimitBroken,
  sizeLimitNear,
  smallerSibling,
} from "./size-rules.ts";
import {
  budgetNeedsMore,
  cleanableNow,
  containersStopped,
  hiddenBaseLayers,
  imagesBeyondNeed,
  layersRepeated,
  mountsUnused,
  volumesIdle,
} from "./storage-rules.ts";

const SERVICE_RULES: readonly ServiceRule[] = [
  sizeLimitBroken,
  sizeLimitNear,
  grownSinceLast,
  smallerSibling,
  plainImageLeft,
  contextTooLarge,
  ignoreFileMissing,
  limitMissing,
];

const PROJECT_RULES: readonly ProjectRule[] = [
  cleanableNow,
  budgetNeedsMore,
  imagesBeyondNeed,
  hiddenBaseLayers,
  mountsUnused,
  containersStopped,
  volumesIdle,
  layersRepeated,
];

const ORDER = { "limit-broken": 0, worthwhile: 1, hint: 2 } as const;

/** What the facts speak for: broken limits first, then what saves most. Empty where nothing is worth doing. */
export function recommend(facts: MonitorFacts): readonly Recommendation[] {
  const found = [
    ...facts.services.flatMap((service) => SERVICE_RULES.map((rule) => rule(service, facts))),
    ...PROJECT_RULES.map((rule) => rule(facts)),
  ].filter((recommendation) => recommendation !== undefined);
  return found.toSorted((a, b) => ORDER[a.urgency] - ORDER[b.urgency] || (b.savesBytes ?? 0) - (a.savesBytes ?? 0));
}
