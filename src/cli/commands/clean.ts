import type { CleanSpec } from "../../model/pipeline.ts";
import { compileAdHoc, openConfigured } from "../ad-hoc-command.ts";
import { finishAdHoc } from "../ad-hoc-execution.ts";
import { cleanTask, createAdHocPipeline } from "../ad-hoc-pipeline.ts";
import type { Invocation, Options } from "../command-declaration.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";

/** `orchestrate clean`: cleans by a policy, without a pipeline file. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const { options } = invocation;
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, options.flag("json"));
  const pipeline = createAdHocPipeline("clean", [cleanTask("clean", readSpec(options))]);
  return finishAdHoc(await compileAdHoc(configured.value, pipeline, surroundings), options, surroundings);
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
