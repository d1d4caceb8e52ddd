import { z } from "zod";
import { byteSize, duration, freeSpace, interpolation, known, positiveCount, texts } from "./scalars.ts";

/** What a policy of clean-up removes, step by step. */
export const CLEANUP_STEPS = [
  "stale-sources",
  "untagged-images",
  "old-images",
  "cache",
  "cache-mounts",
  "young-cache",
] as const;

const step = z.union([z.enum(CLEANUP_STEPS), interpolation]).meta({
  id: "CleanupStep",
  description:
    "`stale-sources`: copies of build contexts; `untagged-images`, `old-images`: beyond those kept for each service; `cache`: build steps by value; `cache-mounts`; `young-cache`: all of the cache, whatever its age. The first and the cache steps take only what is unused for `min_age`.",
});

const minFree = known(
  {
    low: freeSpace.meta({ description: "A clean-up begins when less is free.", examples: ["5%", "10GB"] }),
    high: freeSpace
      .optional()
      .meta({ description: "It goes on until as much is free. Default: `low`.", examples: ["10%", "20GB"] }),
  },
  {
    id: "MinFree",
    description: "Free space of the disk that holds the engine's data, so that a clean-up does not run each time.",
    examples: [{ low: "5%", high: "10%" }],
  },
);

/** Where a policy has a default of its own: how it is written. */
interface CleanupDefaults {
  readonly maxCache?: string;
  readonly keepImages?: number;
  readonly minAge?: string;
  readonly steps?: readonly (typeof CLEANUP_STEPS)[number][];
}

/** The keys of a policy, in docker/build-config.json and, without defaults, in a `clean` task. */
export function cleanupKeys({ maxCache, keepImages, minAge, steps }: CleanupDefaults = {}) {
  const by = <T>(value: T | undefined) => (value === undefined ? {} : { default: value });
  return {
    max_cache: byteSize
      .optional()
      .meta({ ...by(maxCache), description: "Upper bound of the build cache that no image shares." }),
    max_images: byteSize
      .optional()
      .meta({ description: "Upper bound of our images, each layer once. Default: none.", examples: ["30GB"] }),
    keep_images: positiveCount
      .optional()
      .meta({ ...by(keepImages), description: "Newest images kept for each service." }),
    min_age: duration
      .optional()
      .meta({ ...by(minAge), description: "Nothing younger is removed.", examples: ["24h", "0s"] }),
    min_free: minFree.optional(),
    steps: z
      .array(step)
      .optional()
      .meta({
        ...by(steps),
        description: "What is removed, in this order; each step ends as soon as every budget holds.",
        examples: [["cache", "old-images"]],
      }),
    pinned: texts.optional().meta({
      description: "Images that are never removed, `*` for any part of a name; without a tag, all tags.",
      examples: [["shop/frontend:v1", "shop/ml"]],
    }),
  };
}

/** The policies of docker/build-config.json. */
export const cleanupPolicies = known(
  {
    normal: known(
      cleanupKeys({
        maxCache: "10GB",
        keepImages: 2,
        minAge: "24h",
        steps: ["stale-sources", "untagged-images", "old-images", "cache"],
      }),
      { id: "NormalCleanup", description: "What `clean` does." },
    ).optional(),
    aggressive: known(cleanupKeys({ maxCache: "5GB", keepImages: 1, minAge: "1h", steps: [...CLEANUP_STEPS] }), {
      id: "AggressiveCleanup",
      description: "What `clean --aggressive` does: as much as is safe.",
    }).optional(),
    custom: known(cleanupKeys(), {
      id: "CustomCleanup",
      description:
        "A policy of your own, for `clean` tasks with `policy: custom`. What it leaves out is as in `normal`.",
      examples: [{ max_cache: "2GB", steps: ["cache", "old-images"] }],
    }).optional(),
  },
  {
    id: "Cleanup",
    description:
      "How much of the disk the project may keep. No policy removes what is in use, live or kept for a rollback.",
    examples: [{ normal: { max_cache: "20GB", min_free: { low: "5%", high: "10%" } } }],
  },
);
