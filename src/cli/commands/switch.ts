import { switchTo } from "../../tasks/deploy/release-command.ts";
import { findEnvironment, openConfigured } from "../ad-hoc-command.ts";
import type { Invocation } from "../command-declaration.ts";
import { executeReleaseAction } from "../release-action.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";

/** `orchestrate switch COLOUR`: directs traffic to what the colour keeps. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const configured = await openConfigured(invocation, surroundings);
  const json = invocation.options.flag("json");
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, json);
  const environment = findEnvironment(configured.value, invocation.arguments[0] ?? "");
  if (!environment.ok) return tellTrouble(environment.trouble, surroundings, json);
  const { name } = environment.value;
  return await executeReleaseAction(invocation, surroundings, async (site) => await switchTo(site, name));
}
