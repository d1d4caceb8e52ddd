import { loadComposeProject } from "../../docker/compose.ts";
import type { Service } from "../../model/build-config.ts";
import { openConfigured, compileAdHoc, findEnvironment, selectServices } from "../ad-hoc-command.ts";
import type { ConfiguredProject } from "../ad-hoc-command.ts";
import { buildTask, cleanTask, createAdHocPipeline } from "../ad-hoc-pipeline.ts";
import type { Invocation } from "../command-declaration.ts";
import { finishAdHoc } from "../ad-hoc-execution.ts";
import type { Surroundings } from "../surroundings.ts";
import { succeed, tellTrouble } from "../trouble.ts";
import type { Outcome } from "../trouble.ts";

/** `orchestrate build`: cleans, then builds services, without a pipeline file. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const { options } = invocation;
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, options.flag("json"));
  const services = await chooseServices(configured.value, invocation, surroundings);
  if (!services.ok) return tellTrouble(services.trouble, surroundings, options.flag("json"));
  const policy = options.text("clean") ?? "normal";
  const clean =
    policy === "none" ? [] : [cleanTask("make-room", { policy: policy === "aggressive" ? "aggressive" : "normal" })];
  const images = buildTask(
    services.value,
    clean.map((task) => task.name),
    options.flag("no-cache"),
  );
  const compiled = await compileAdHoc(configured.value, createAdHocPipeline("build", [...clean, images]), surroundings);
  return finishAdHoc(compiled, options, surroundings);
}

/** The named services, of those that the environment runs where one is named. */
async function chooseServices(
  configured: ConfiguredProject,
  { options }: Invocation,
  surroundings: Surroundings,
): Promise<Outcome<readonly Service[]>> {
  const named = selectServices(configured, options.list("service"));
  const environmentName = options.text("env");
  if (!named.ok || environmentName === undefined) return named;
  const environment = findEnvironment(configured, environmentName);
  if (!environment.ok) return environment;
  const { composeFiles, variables } = environment.value;
  if (composeFiles.length === 0) return named;
  const model = await loadComposeProject(
    {
      project: `${configured.buildConfig.project}-${environmentName}`,
      files: composeFiles,
      workingDirectory: configured.directory,
      variables,
    },
    { signal: surroundings.signal },
  );
  if (!model.ok) return { ok: false, trouble: { trouble: "failure", failure: model.failure } };
  const run = new Set(model.value.services.map((service) => service.name));
  return succeed(named.value.filter((service) => run.has(service.composeService)));
}
