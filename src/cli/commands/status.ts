import { probeEntrance } from "../../docker/router/entrance.ts";
import type { Result } from "../../model/failure.ts";
import { loadReleaseStatus } from "../../tasks/deploy/release-status.ts";
import type { ReleaseStatus } from "../../tasks/deploy/release-status.ts";
import type { ReleaseSite } from "../../tasks/deploy/release-site.ts";
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
  const status = room.site.ok ? await loadStatus(room.site.value) : room.site;
  if (!status.ok) return tellTrouble({ trouble: "failure", failure: status.failure }, surroundings, json);
  const text = json
    ? JSON.stringify({ version: 1, ...status.value }, undefined, 2)
    : renderStatus(status.value, Date.now()).join("\n");
  surroundings.stdout.write(`${text}\n`);
  return EXIT.success;
}

/** An entrance that is shut is drift, too: nobody meant it. */
async function loadStatus(site: ReleaseSite): Promise<Result<ReleaseStatus>> {
  const [status, found] = await Promise.all([
    loadReleaseStatus(site),
    probeEntrance(site.routerSite, site.context.signal),
  ]);
  // A router that does not run or does not answer is told as such.
  if (!status.ok || status.value.router === undefined) return status;
  if (found.entrance !== "refuses" && found.entrance !== "silent") return status;
  const shut = { finding: "entrance-shut", port: found.port, error: found.error } as const;
  return { ok: true, value: { ...status.value, drift: [...status.value.drift, shut] } };
}
