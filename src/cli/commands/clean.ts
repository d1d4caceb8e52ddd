import type { CleanSpec } from "../../model/pipeline.ts";
import { renderCleanupPlan } from "../../plan/cleanup-text.ts";
import { planClean } from "../../tasks/clean.ts";
import { compileAdHoc, openConfigured } from "../ad-hoc-command.ts";
import type { ConfiguredProject } from "../ad-hoc-command.ts";
import { cleanTask, createAdHocPipeline } from "../ad-hoc-pipeline.ts";
import type { Invocation, Options } from "../command-declaration.ts";
import { EngineRoom } from "../engine-room.ts";
import { executeGraph } from "../execution.ts";
import { EXIT } from "../exit-code.ts";
import { openHistory } from "../history.ts";
import { releaseTools } from "../release-tools.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";

/** `orchestrate clean`: cleans by a policy, without a pipeline file. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const { options } = invocation;
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, options.flag("json"));
  const spec = readSpec(options);
  if (options.flag("dry-run")) return preview(configured.value, spec, options, surroundings);
  const compiled = await compileAdHoc(
    configured.value,
    createAdHocPipeline("clean", [cleanTask("clean", spec)]),
    surroundings,
  );
  if (!compiled.ok) return tellTrouble(compiled.trouble, surroundings, options.flag("json"));
  return executeGraph(compiled.value, options, surroundings);
}

/** Lists every item that would be removed, what is kept and why, and the bytes that it would free. */
async function preview(
  { buildConfig, directory }: ConfiguredProject,
  spec: CleanSpec,
  options: Options,
  surroundings: Surroundings,
): Promise<number> {
  await using engines = new EngineRoom(surroundings.env);
  using history = await openHistory({ directory, buildConfig }, surroundings);
  const releases = releaseTools({ directory, buildConfig }, surroundings, history, "");
  const site = { config: buildConfig, projectDirectory: directory, engine: engines.open };
  const tools = { ...site, environment: {}, redact: [], releases };
  const plan = await planClean(tools, spec, { nowMs: Date.now(), signal: surroundings.signal });
  if (!plan.ok) return tellTrouble({ trouble: "failure", failure: plan.failure }, surroundings, options.flag("json"));
  const text = options.flag("json")
    ? JSON.stringify(plan.value, undefined, 2)
    : renderCleanupPlan(plan.value).join("\n");
  surroundings.stdout.write(`${text}\n`);
  return EXIT.success;
}

function readSpec(options: Options): CleanSpec {
  const maxCacheBytes = options.number("max-cache");
  const keepImagesPerService = options.number("keep-images");
  return {
    policy: options.flag("aggressive") ? "aggressive" : "normal",
    ...(maxCacheBytes === undefined ? {} : { maxCacheBytes }),
    ...(keepImagesPerService === undefined ? {} : { keepImagesPerService }),
  };
}
