import { RETRY_CLASSES } from "../model/failure.ts";
import type { RetryClass } from "../model/failure.ts";
import type { SourceLocation } from "../model/location.ts";
import type { Resources, Retry, TaskSettings } from "../model/pipeline.ts";
import { didYouMean, suggest } from "../model/suggestion.ts";
import { choose } from "./task-layers.ts";
import type { Chosen, Layer } from "./task-layers.ts";
import type { ValueReader } from "./value-reader.ts";

/** Where no layer says anything. */
const SETTING_DEFAULTS = {
  timeoutMs: 3_600_000,
  continueOnError: false,
  retry: { max: 0, on: ["network", "registry"], backoffMs: 2_000 } satisfies Retry,
} as const;

/** The pools of a pipeline; unknown where their declaration is broken. */
export type KnownPools = ReadonlyMap<string, number> | "unknown";

/** The settings of a task that its layers decide. */
export type LayeredSettings = Omit<TaskSettings, "needs" | "condition">;

/** Reads the settings of a task from its layers. */
export function resolveSettings(layers: readonly Layer[], reader: ValueReader, pools: KnownPools): LayeredSettings {
  return {
    continueOnError:
      read(choose(layers, "continue_on_error"), (at) => reader.flag(at.container, at.key)) ??
      SETTING_DEFAULTS.continueOnError,
    timeoutMs:
      read(choose(layers, "timeout"), (at) => reader.durationMs(at.container, at.key)) ?? SETTING_DEFAULTS.timeoutMs,
    retry: resolveRetry(layers, reader),
    pools: resolvePools(choose(layers, "pool"), reader, pools),
    resources: resolveResources(layers, reader),
  };
}

function read<T>(chosen: Chosen | undefined, reading: (at: Chosen) => T | undefined): T | undefined {
  return chosen === undefined ? undefined : reading(chosen);
}

function resolveRetry(layers: readonly Layer[], reader: ValueReader): Retry {
  const { retry } = SETTING_DEFAULTS;
  const classes = choose(layers, "on", "retry");
  const on = classes === undefined ? undefined : reader.texts(classes.container, classes.key);
  return {
    max:
      read(choose(layers, "max", "retry"), (at) => reader.number(at.container, at.key, { min: 0, whole: true })) ??
      retry.max,
    on: on?.filter(isRetryClass) ?? retry.on,
    backoffMs:
      read(choose(layers, "backoff", "retry"), (at) => reader.durationMs(at.container, at.key)) ?? retry.backoffMs,
  };
}

function isRetryClass(text: string): text is RetryClass {
  return RETRY_CLASSES.some((known) => known === text);
}

function resolveResources(layers: readonly Layer[], reader: ValueReader): Resources {
  const size = (key: string): number | undefined =>
    read(choose(layers, key, "resources"), (at) => reader.byteSize(at.container, at.key));
  const memoryBytes = size("memory");
  const diskBytes = size("disk");
  const cpus = read(choose(layers, "cpus", "resources"), (at) =>
    reader.number(at.container, at.key, { min: 0, whole: false }),
  );
  return {
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(diskBytes === undefined ? {} : { diskBytes }),
  };
}

function resolvePools(
  chosen: Chosen | undefined,
  reader: ValueReader,
  pools: KnownPools,
): Readonly<Record<string, number>> {
  if (chosen === undefined) return {};
  const written: unknown = Reflect.get(chosen.container, chosen.key);
  const weights: [string, number][] = [];
  const add = (pool: string, weight: number | undefined, location: SourceLocation): void => {
    if (weight !== undefined && isPossible(pool, weight, location, reader, pools)) weights.push([pool, weight]);
  };
  if (typeof written === "string") add(written, 1, reader.source.valueLocation(chosen.container, chosen.key));
  else if (typeof written === "object" && written !== null) {
    for (const pool of Object.keys(written)) {
      const weight = reader.number(written, pool, { min: 1, whole: true });
      add(pool, weight, reader.source.keyLocation(written, pool));
    }
  }
  return Object.fromEntries(weights);
}

function isPossible(
  pool: string,
  weight: number,
  location: SourceLocation,
  reader: ValueReader,
  pools: KnownPools,
): boolean {
  if (pools === "unknown") return false;
  const capacity = pools.get(pool);
  if (capacity === undefined) {
    const meant = suggest(pool, pools.keys());
    const hint = meant === undefined ? "declare it with its capacity under `concurrency.pools`" : didYouMean(meant);
    reader.report("pool-unknown", `The pool \`${pool}\` is not declared`, location, hint);
    return false;
  }
  if (weight <= capacity) return true;
  const message = `The task takes ${weight} of the pool \`${pool}\`, which holds ${capacity}`;
  reader.report("pool-unknown", message, location, "the task could never start");
  return false;
}
