import type { Failure } from "../../model/failure.ts";
import type { ReleaseSite } from "../../tasks/deploy/release-site.ts";
import { openConfigured } from "../ad-hoc-command.ts";
import type { Invocation } from "../command-declaration.ts";
import { EXIT } from "../exit-code.ts";
import { ReleaseRoom } from "../release-room.ts";
import { describeReleases, renderReleases } from "../release-text.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";

/** How many are listed when nobody says. */
const LISTED = 20;

const NO_STATE: Failure = { reason: "journal-failed", error: "this machine has no state of the project" };

/** `orchestrate releases`: what was deployed; from this machine alone where the engine or its router does not answer. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const { options } = invocation;
  const json = options.flag("json");
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, json);
  const { project } = configured.value.buildConfig;
  await using room = await ReleaseRoom.open(configured.value, surroundings, () => undefined);
  const routed = configured.value.buildConfig.router !== undefined;
  const trouble = !routed ? undefined : room.site.ok ? await lookAround(room.site.value) : room.site.failure;
  if (trouble !== undefined) {
    const because = "error" in trouble ? trouble.error : trouble.reason;
    surroundings.stderr.write(`warning: releases of this machine only: ${because}\n`);
  }
  const listed = room.journal?.listReleases(project, options.number("limit") ?? LISTED);
  if (listed?.ok !== true) {
    return tellTrouble({ trouble: "failure", failure: listed?.failure ?? NO_STATE }, surroundings, json);
  }
  const text = json
    ? JSON.stringify({ version: 1, project, releases: describeReleases(listed.value) }, undefined, 2)
    : renderReleases(project, listed.value).join("\n");
  surroundings.stdout.write(`${text}\n`);
  return EXIT.success;
}

/** Takes over what other machines have published; gives why that cannot be read. */
async function lookAround({ router, ledger, context }: ReleaseSite): Promise<Failure | undefined> {
  const view = await router.observe(context.signal);
  if (!view.ok) return view.failure;
  const looked = await ledger.look(view.value.traffic, context.signal);
  return looked.ok ? undefined : looked.failure;
}
