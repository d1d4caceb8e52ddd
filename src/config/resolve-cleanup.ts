import type { CleanupPolicies, CleanupPolicy, CleanupStep, FreeSpaceMark } from "../model/build-config.ts";
import { parseByteSize } from "../model/byte-size.ts";
import { CLEANUP_STEPS } from "./schema/cleanup.ts";
import type { ValueReader } from "./value-reader.ts";

/** Where nothing is written. */
export const CLEANUP_DEFAULTS = {
  normal: {
    maxCacheBytes: 10e9,
    keepImagesPerService: 2,
    minAgeMs: 24 * 3_600_000,
    steps: ["stale-sources", "untagged-images", "old-images", "cache"],
  },
  aggressive: { maxCacheBytes: 5e9, keepImagesPerService: 1, minAgeMs: 3_600_000, steps: CLEANUP_STEPS },
} as const satisfies CleanupPolicies;

/** The keys that are read, as far as their types matter here. */
interface WrittenPolicy {
  readonly min_free?: object | undefined;
  readonly steps?: readonly string[] | undefined;
}

interface WrittenPolicies {
  readonly normal?: WrittenPolicy | undefined;
  readonly aggressive?: WrittenPolicy | undefined;
  readonly custom?: WrittenPolicy | undefined;
}

/** `cleanup` of docker/build-config.json over the built-in defaults; what `custom` leaves out is as in `normal`. */
export function resolveCleanupPolicies(written: WrittenPolicies, reader: ValueReader): CleanupPolicies {
  const normal = { ...CLEANUP_DEFAULTS.normal, ...resolveCleanupKeys(written.normal ?? {}, reader) };
  const aggressive = { ...CLEANUP_DEFAULTS.aggressive, ...resolveCleanupKeys(written.aggressive ?? {}, reader) };
  const custom = { ...normal, ...resolveCleanupKeys(written.custom ?? {}, reader) };
  return { normal, aggressive, custom };
}

/** What is written of a policy; the rest is left out. */
export function resolveCleanupKeys(written: WrittenPolicy, reader: ValueReader): Partial<CleanupPolicy> {
  const maxCacheBytes = reader.byteSize(written, "max_cache");
  const maxImagesBytes = reader.byteSize(written, "max_images");
  const keepImagesPerService = reader.number(written, "keep_images", { min: 1, whole: true });
  const minAgeMs = reader.durationMs(written, "min_age");
  const minFree = written.min_free === undefined ? undefined : resolveMinFree(written.min_free, reader);
  const steps = resolveSteps(written, reader);
  const pinned = reader.texts(written, "pinned");
  return {
    ...(maxCacheBytes === undefined ? {} : { maxCacheBytes }),
    ...(maxImagesBytes === undefined ? {} : { maxImagesBytes }),
    ...(keepImagesPerService === undefined ? {} : { keepImagesPerService }),
    ...(minAgeMs === undefined ? {} : { minAgeMs }),
    ...(minFree === undefined ? {} : { minFree }),
    ...(steps === undefined ? {} : { steps }),
    ...(pinned === undefined ? {} : { pinned }),
  };
}

function resolveSteps(written: WrittenPolicy, reader: ValueReader): readonly CleanupStep[] | undefined {
  const list = written.steps;
  if (list === undefined) return undefined;
  const steps: CleanupStep[] = [];
  for (const index of list.keys()) {
    const step = reader.choice(list, index, CLEANUP_STEPS);
    if (step === undefined) continue;
    if (steps.includes(step)) {
      reader.report("value-invalid", `\`${step}\` is there twice`, reader.source.valueLocation(list, index));
    } else steps.push(step);
  }
  return steps;
}

function resolveMinFree(written: object, reader: ValueReader): CleanupPolicy["minFree"] {
  const low = resolveMark(written, "low", reader);
  const high = resolveMark(written, "high", reader) ?? low;
  if (low === undefined || high === undefined) return undefined;
  if (amountOf(high) < amountOf(low) && "bytes" in low === "bytes" in high) {
    const location = reader.source.valueLocation(written, "high");
    reader.report(
      "value-invalid",
      "`high` is less than `low`",
      location,
      "a clean-up begins below `low` and ends at `high`",
    );
  }
  return { low, high };
}

function amountOf(mark: FreeSpaceMark): number {
  return "bytes" in mark ? mark.bytes : mark.share;
}

function resolveMark(written: object, key: string, reader: ValueReader): FreeSpaceMark | undefined {
  return reader.freeSpace(written, key, (text) => {
    const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
    if (percent !== undefined) return Number(percent) < 100 ? { share: Number(percent) / 100 } : undefined;
    const bytes = parseByteSize(text);
    return bytes === undefined ? undefined : { bytes };
  });
}
