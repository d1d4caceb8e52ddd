import type { BuildConfig } from "../model/build-config.ts";
import type { Result } from "../model/failure.ts";
import type { EngineObservation } from "../model/observation.ts";
import type { Engine } from "../docker/engine.ts";
import type { PlannedPolicies } from "../monitor/usage-images.ts";
import { planCleanup } from "../plan/cleanup.ts";
import { cleanupPolicy, observeForClean } from "../tasks/clean.ts";
import type { EngineRoom } from "./engine-room.ts";
import type { History } from "./history.ts";
import { releaseTools } from "./release-tools.ts";
import type { Surroundings } from "./surroundings.ts";

/** A project whose disk use is looked at. */
export interface UsageProject {
  readonly buildConfig: BuildConfig;
  readonly directory: string;
}

/** One look at the engine, and what the two named policies make of it. */
export interface UsageFacts {
  readonly engine: Engine;
  readonly observation: EngineObservation;
  readonly plans: PlannedPolicies;
}

/** Reads the engine once and plans both policies from it. */
export async function loadUsageFacts(
  { buildConfig, directory }: UsageProject,
  engines: EngineRoom,
  history: History,
  surroundings: Surroundings,
): Promise<Result<UsageFacts>> {
  const engine = await engines.open();
  if (!engine.ok) return engine;
  const releases = releaseTools({ directory, buildConfig }, surroundings, history, "");
  const site = { config: buildConfig, projectDirectory: directory, engine: engines.open };
  const past = history.past === undefined ? {} : { past: history.past };
  const tools = { ...site, environment: {}, redact: [], releases, ...past };
  const options = { nowMs: Date.now(), signal: surroundings.signal };
  const observed = await observeForClean(tools, { volumes: true }, options);
  if (!observed.ok) return observed;
  const { observation, scope } = observed.value;
  // Volumes are shown, and go only with `clean --volumes`.
  const planned = (policy: "normal" | "aggressive") =>
    planCleanup(observation, cleanupPolicy(buildConfig, { policy }), { ...scope, volumes: false });
  const plans = { normal: planned("normal"), aggressive: planned("aggressive") };
  return { ok: true, value: { engine: engine.value, observation, plans } };
}
