import { loadReleaseStatus } from "../../tasks/deploy/release-status.ts";
import { openConfigured } from "../ad-hoc-command.ts";
import type { Invocation } from "../command-declaration.ts";
import { EXIT } from "../exit-code.ts";
import { ReleaseRoom } from "../release-room.ts";
import { renderStatus } from "../status-text.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";

/** `orchestrate status`: what is live, and whether everything is as the records say. Changes nothing. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const json = invocation.options.flag("json");
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, json);
  await using room = await ReleaseRoom.open(configured.value, surroundings, () => undefined);
  const status = room.site.ok ? await loadReleaseStatus(room.site.value) : room.site;
  if (!status.ok) return tellTrouble({ trouble: "failure", failure: status.failure }, surroundings, json);
  const text = json
    ? JSON.stringify({ version: 1, ...status.value }, undefined, 2)
    : renderStatus(status.value, Date.now()).join("\n");
  surroundings.stdout.write(`${text}\n`);
  return EXIT.success;
}
