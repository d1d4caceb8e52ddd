import { describeUsage } from "../../monitor/usage.ts";
import { renderUsage } from "../../monitor/usage-text.ts";
import { openConfigured } from "../ad-hoc-command.ts";
import type { Invocation } from "../command-declaration.ts";
import { EngineRoom } from "../engine-room.ts";
import { EXIT } from "../exit-code.ts";
import { openHistory } from "../history.ts";
import { screenOptions } from "../screen-options.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";
import { loadUsageFacts } from "../usage-facts.ts";

/** `orchestrate usage`: what images, cache, volumes and containers of the project use, and what a clean would free. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const json = invocation.options.flag("json");
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, json);
  await using engines = new EngineRoom(surroundings.env);
  using history = await openHistory(configured.value, surroundings);
  const facts = await loadUsageFacts(configured.value, engines, history, surroundings);
  if (!facts.ok) return tellTrouble({ trouble: "failure", failure: facts.failure }, surroundings, json);
  const { observation, plans } = facts.value;
  const usage = describeUsage(observation, configured.value.buildConfig, { plans });
  const text = json ? JSON.stringify(usage, undefined, 2) : renderUsage(usage, screenOptions(surroundings)).join("\n");
  surroundings.stdout.write(`${text}\n`);
  return EXIT.success;
}
