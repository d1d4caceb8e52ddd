import type { Failure } from "../../model/failure.ts";
import type { Colour, Traffic } from "../../model/router.ts";
import { changeContainers, inspectProjectContainers } from "./project-containers.ts";
import { colourProject } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";

/** Stops, removes or keeps the old colour, as the settings say. */
export async function retireOld(rollout: Rollout): Promise<Failure | undefined> {
  const { release, settings } = rollout;
  if (release.replaces === undefined || settings.keepOld === "running") return undefined;
  const stopped = await stopColour(rollout, release.replaces);
  if (stopped !== undefined || settings.keepOld === "stopped") return stopped;
  const project = colourProject(release.project, release.replaces);
  const { engine, context } = rollout;
  const containers = await inspectProjectContainers(engine, project, context.signal);
  if (!containers.ok) return containers.failure;
  const removed = await changeContainers(engine, containers.value, "remove", context.signal);
  return removed.ok ? undefined : removed.failure;
}

/**
 * Stops the containers of a colour and keeps them. Refuses while the router sends any traffic there: asked right before, and
 * nobody else may change it, because we hold the lock.
 */
export async function stopColour(rollout: Rollout, colour: Colour): Promise<Failure | undefined> {
  const { engine, router, lock, release, context } = rollout;
  const held = await lock.check(context.signal);
  if (!held.ok) return held.failure;
  const view = await router.observe(context.signal);
  if (!view.ok) return view.failure;
  const { traffic, persisted } = view.value;
  // The file decides after a restart of the router.
  if (reaches(traffic, colour) || (persisted !== undefined && reaches(persisted, colour))) {
    return { reason: "release-refused", what: `stop ${colour}`, because: "it gets traffic" };
  }
  const containers = await inspectProjectContainers(engine, colourProject(release.project, colour), context.signal);
  if (!containers.ok) return containers.failure;
  const running = containers.value.filter(({ state }) => state === "running" || state === "restarting");
  const stopped = await changeContainers(engine, running, "stop", context.signal);
  return stopped.ok ? undefined : stopped.failure;
}

/** Whether requests can get to a colour; while another one stands by, to any. */
export function reaches(traffic: Traffic, colour: Colour): boolean {
  switch (traffic.to) {
    case "nowhere":
      return false;
    case "colour":
      return traffic.standby || traffic.colour === colour;
    case "canary":
      return traffic.colour === colour || traffic.rest === colour;
  }
}
