import { engineDiskFree } from "../../docker/disk-usage.ts";
import { observeEngine } from "../../docker/images.ts";
import { describeUsage } from "../../monitor/usage.ts";
import type { Usage } from "../../monitor/usage.ts";
import { renderUsage } from "../../monitor/usage-text.ts";
import type { Result } from "../../model/failure.ts";
import { planClean } from "../../tasks/clean.ts";
import { openConfigured } from "../ad-hoc-command.ts";
import type { ConfiguredProject } from "../ad-hoc-command.ts";
import type { Invocation } from "../command-declaration.ts";
import { EngineRoom } from "../engine-room.ts";
import { EXIT } from "../exit-code.ts";
import { openHistory } from "../history.ts";
import { releaseTools } from "../release-tools.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";

/** `orchestrate usage`: what images and cache of the project use, and what a clean would free. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const json = invocation.options.flag("json");
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, json);
  const usage = await loadUsage(configured.value, surroundings);
  if (!usage.ok) return tellTrouble({ trouble: "failure", failure: usage.failure }, surroundings, json);
  const text = json
    ? JSON.stringify({ version: 1, ...usage.value }, undefined, 2)
    : renderUsage(usage.value).join("\n");
  surroundings.stdout.write(`${text}\n`);
  return EXIT.success;
}

async function loadUsage(
  { buildConfig, directory }: ConfiguredProject,
  surroundings: Surroundings,
): Promise<Result<Usage>> {
  await using engines = new EngineRoom(surroundings.env);
  const engine = await engines.open();
  if (!engine.ok) return engine;
  const nowMs = Date.now();
  const { signal } = surroundings;
  const observation = await observeEngine(engine.value, { nowMs, signal });
  if (!observation.ok) return observation;
  using history = await openHistory({ directory, buildConfig }, surroundings);
  const releases = releaseTools({ directory, buildConfig }, surroundings, history, "");
  const site = { config: buildConfig, projectDirectory: directory, engine: engines.open };
  const tools = { ...site, environment: {}, redact: [], releases };
  const plan = await planClean(tools, { policy: "normal" }, { nowMs, signal });
  if (!plan.ok) return plan;
  const disk = await engineDiskFree(engine.value);
  if (!disk.ok) return disk;
  return {
    ok: true,
    value: describeUsage(observation.value, buildConfig, {
      plan: plan.value,
      ...(disk.value === undefined ? {} : { disk: disk.value }),
    }),
  };
}
