import { takeUp } from "../../tasks/deploy/release-command.ts";
import type { Environment } from "../../model/build-config.ts";
import { settingsOfEnvironment } from "../../model/release.ts";
import { compileAdHoc, findEnvironment, openConfigured } from "../ad-hoc-command.ts";
import type { ConfiguredProject } from "../ad-hoc-command.ts";
import { finishAdHoc } from "../ad-hoc-execution.ts";
import { createAdHocPipeline, deployTask } from "../ad-hoc-pipeline.ts";
import type { Invocation } from "../command-declaration.ts";
import { findIdleColour } from "../idle-colour.ts";
import { executeReleaseAction } from "../release-action.ts";
import type { Surroundings } from "../surroundings.ts";
import { refuse, succeed, tellTrouble } from "../trouble.ts";
import type { Outcome } from "../trouble.ts";

/**
 * `orchestrate deploy [ENVIRONMENT]`: puts the newest built images in place, without a pipeline file; in the idle colour where none
 * is named. `--continue` and `--abort` take up a deploy that somebody was killed in, and do nothing else.
 */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const { options } = invocation;
  const json = options.flag("json");
  const asked = options.flag("abort") ? "abort" : options.flag("continue") ? "continue" : undefined;
  if (asked !== undefined) {
    return await executeReleaseAction(invocation, surroundings, async (site) => await takeUp(site, asked));
  }
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, json);
  const environment = await chooseEnvironment(configured.value, invocation.arguments[0], surroundings);
  if (!environment.ok) return tellTrouble(environment.trouble, surroundings, json);
  const { buildConfig } = configured.value;
  const settings = settingsOfEnvironment(buildConfig.deploy, environment.value.name, buildConfig.router?.colours);
  const task = deployTask(settings, options.flag("allow-unverified"));
  const pipeline = createAdHocPipeline("deploy", [task], { environment: environment.value });
  return finishAdHoc(await compileAdHoc(configured.value, pipeline, surroundings), options, surroundings);
}

async function chooseEnvironment(
  configured: ConfiguredProject,
  named: string | undefined,
  surroundings: Surroundings,
): Promise<Outcome<Environment>> {
  if (named !== undefined) return findEnvironment(configured, named);
  const names = configured.buildConfig.environments.map(({ name }) => name);
  const idle = await findIdleColour(configured, names, surroundings);
  if (idle !== undefined) {
    const found = findEnvironment(configured, idle);
    return found.ok ? succeed({ ...found.value, idleAmong: names }) : found;
  }
  return refuse(
    [
      {
        code: "environment-missing",
        severity: "error",
        message: "no environment is named, and there is no router that would know an idle one",
        hint: `name one: ${names.map((name) => `\`orchestrate deploy ${name}\``).join(" or ")}`,
      },
    ],
    configured.project.sources,
  );
}
