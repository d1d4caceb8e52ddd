import type { Failure } from "../../model/failure.ts";
import { openConfigured } from "../ad-hoc-command.ts";
import type { Invocation } from "../command-declaration.ts";
import { EXIT } from "../exit-code.ts";
import { openHistory } from "../history.ts";
import { describeReleases, renderReleases } from "../release-text.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";

/** How many are listed when nobody says. */
const LISTED = 20;

const NO_STATE: Failure = { reason: "journal-failed", error: "this machine has no state of the project" };

/** `orchestrate releases`: what was deployed from this machine. Needs no engine. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const { options } = invocation;
  const json = options.flag("json");
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, json);
  using history = await openHistory(configured.value, surroundings);
  const { project } = configured.value.buildConfig;
  const listed = history.journal?.listReleases(project, options.number("limit") ?? LISTED);
  if (listed?.ok !== true) {
    return tellTrouble({ trouble: "failure", failure: listed?.failure ?? NO_STATE }, surroundings, json);
  }
  const text = json
    ? JSON.stringify({ version: 1, project, releases: describeReleases(listed.value) }, undefined, 2)
    : renderReleases(project, listed.value).join("\n");
  surroundings.stdout.write(`${text}\n`);
  return EXIT.success;
}
