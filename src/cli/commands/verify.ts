import type { Check } from "../../model/pipeline.ts";
import { constantTemplate } from "../../model/template.ts";
import { compileAdHoc, openConfigured, selectServices } from "../ad-hoc-command.ts";
import { finishAdHoc } from "../ad-hoc-execution.ts";
import { createAdHocPipeline, verifyTask } from "../ad-hoc-pipeline.ts";
import type { Invocation } from "../command-declaration.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";

const HTTP_WITHIN_MS = 10_000;
const HTTP_REQUEST_TIMEOUT_MS = 5_000;

/** `orchestrate verify`: image sizes against their limits, and that a URL answers. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const { options } = invocation;
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, options.flag("json"));
  const services = selectServices(configured.value, options.list("service"));
  if (!services.ok) return tellTrouble(services.trouble, surroundings, options.flag("json"));
  const checks: Check[] = [{ check: "size", services: services.value.map((service) => service.name) }];
  const url = options.text("url");
  if (url !== undefined) {
    checks.push({
      check: "http",
      url: constantTemplate(url),
      status: 200,
      withinMs: HTTP_WITHIN_MS,
      requestTimeoutMs: HTTP_REQUEST_TIMEOUT_MS,
    });
  }
  const pipeline = createAdHocPipeline("verify", [verifyTask(checks)]);
  return finishAdHoc(await compileAdHoc(configured.value, pipeline, surroundings), options, surroundings);
}
