import { settingsOfEnvironment } from "../../model/release.ts";
import { compileAdHoc, findEnvironment, openConfigured } from "../ad-hoc-command.ts";
import { finishAdHoc } from "../ad-hoc-execution.ts";
import { createAdHocPipeline, deployTask } from "../ad-hoc-pipeline.ts";
import type { Invocation } from "../command-declaration.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";

/** `orchestrate deploy ENVIRONMENT`: puts the newest built images in place, without a pipeline file. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const { options } = invocation;
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, options.flag("json"));
  const environment = findEnvironment(configured.value, invocation.arguments[0] ?? "");
  if (!environment.ok) return tellTrouble(environment.trouble, surroundings, options.flag("json"));
  const { deploy, router } = configured.value.buildConfig;
  const settings = settingsOfEnvironment(deploy, environment.value.name, router?.colours);
  const pipeline = createAdHocPipeline("deploy", [deployTask(settings)], { environment: environment.value });
  return finishAdHoc(await compileAdHoc(configured.value, pipeline, surroundings), options, surroundings);
}
