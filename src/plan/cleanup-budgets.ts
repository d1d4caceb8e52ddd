import type { CleanupPolicy } from "../model/build-config.ts";
import type { CleanupBudget } from "../model/cleanup.ts";
import type { EngineObservation } from "../model/observation.ts";
import { judgeImages, keptPerService } from "./cleanup-images.ts";
import type { CleanupScope, JudgedImage } from "./cleanup-images.ts";
import { EngineLedger } from "./cleanup-ledger.ts";
import { resolveFreeSpaceGoal } from "./cleanup-policy.ts";
import type { FreeSpaceGoal } from "./cleanup-policy.ts";

/** What budgets are measured by. */
export interface BudgetMeasures {
  readonly cacheBytes: number;
  readonly imageBytes: number;
  /** Of the service with the most. */
  readonly imagesOfService: number;
  /** Absent where the disk cannot be measured. */
  readonly freeBytes?: number;
}

/** Every budget of a policy, as it was and as it is afterwards. */
export function compareBudgets(
  policy: CleanupPolicy,
  goal: FreeSpaceGoal | undefined,
  before: BudgetMeasures,
  after: BudgetMeasures,
): readonly CleanupBudget[] {
  const budgets: CleanupBudget[] = [];
  const atMost = (name: "cache" | "images", limitBytes: number, beforeBytes: number, afterBytes: number): void => {
    budgets.push({ name, limitBytes, beforeBytes, afterBytes, holds: afterBytes <= limitBytes });
  };
  atMost("cache", policy.maxCacheBytes, before.cacheBytes, after.cacheBytes);
  if (policy.maxImagesBytes !== undefined) {
    atMost("images", policy.maxImagesBytes, before.imageBytes, after.imageBytes);
  }
  const limitImages = keptPerService(policy);
  const [beforeImages, afterImages] = [before.imagesOfService, after.imagesOfService];
  const holds = afterImages <= limitImages;
  budgets.push({ name: "images-per-service", limitImages, beforeImages, afterImages, holds });
  const { freeBytes: beforeBytes } = before;
  const { freeBytes: afterBytes } = after;
  if (goal === undefined || beforeBytes === undefined || afterBytes === undefined) return budgets;
  const atLeast = (name: "free-space" | "needed-space", limitBytes: number | undefined): void => {
    if (limitBytes === undefined) return;
    budgets.push({ name, limitBytes, beforeBytes, afterBytes, holds: afterBytes >= limitBytes });
  };
  atLeast("free-space", goal.limitBytes);
  atLeast("needed-space", goal.neededBytes);
  return budgets;
}

/** The budgets as they are now, before and after alike: what a clean-up looks at again while it removes. */
export function measureBudgets(
  observation: EngineObservation,
  policy: CleanupPolicy,
  scope: CleanupScope,
): readonly CleanupBudget[] {
  const images = judgeImages(observation, policy, scope);
  const ledger = new EngineLedger(observation, budgetedImages(images, scope));
  const now = measure(ledger, images, observation.disk?.freeBytes);
  return compareBudgets(policy, resolveFreeSpaceGoal(policy, observation.disk, scope.needBytes), now, now);
}

/** The measures of what is left; `freeBytes` where the disk can be measured. */
export function measure(
  ledger: EngineLedger,
  images: readonly JudgedImage[],
  freeBytes: number | undefined,
): BudgetMeasures {
  const counts = new Map<string, number>();
  for (const { service, isOurs } of images) if (isOurs) counts.set(service, (counts.get(service) ?? 0) + 1);
  return {
    cacheBytes: ledger.cacheBytes,
    imageBytes: ledger.ownImageBytes,
    imagesOfService: Math.max(0, ...counts.values()),
    ...(freeBytes === undefined ? {} : { freeBytes }),
  };
}

/** The images that the budget of images is about: ours, or all where all may go. */
export function budgetedImages(
  images: readonly JudgedImage[],
  { allImages = false }: CleanupScope,
): ReadonlySet<string> {
  return new Set(images.filter(({ isOurs }) => isOurs || allImages).map(({ image }) => image.id));
}
