import type { Failure } from "../../model/failure.ts";
import type { Colour } from "../../model/router.ts";
import { gateColour } from "./gate.ts";
import { changeContainers, inspectProjectContainers, lastingContainers } from "./project-containers.ts";
import { provenReadiness } from "./release-site.ts";
import { colourProject } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";

/**
 * Directs traffic back to the old colour: at once where it runs, else after starting and gating it. Does so also when the router
 * already says so, because its file may say something else. Without an old colour traffic goes nowhere.
 */
export async function returnTraffic(rollout: Rollout): Promise<Failure | undefined> {
  const { release, router, lock, context } = rollout;
  if (release.replaces !== undefined) {
    const failure = await reviveColour(rollout, release.replaces);
    if (failure !== undefined) return failure;
  }
  const held = await lock.check(context.signal);
  if (!held.ok) return held.failure;
  const directed = await router.direct(
    release.replaces === undefined ? { to: "nowhere" } : { to: "colour", colour: release.replaces, standby: false },
    context.signal,
  );
  return directed.ok ? undefined : directed.failure;
}

/** Makes sure that a colour that was deployed before answers: starts its kept containers as they are where they are stopped. */
async function reviveColour(rollout: Rollout, colour: Colour): Promise<Failure | undefined> {
  const { engine, release, context, readiness } = rollout;
  const project = colourProject(release.project, colour);
  const containers = await inspectProjectContainers(engine, project, context.signal);
  if (!containers.ok) return containers.failure;
  const running = lastingContainers(containers.value).every(({ state }) => state === "running");
  if (running && containers.value.length > 0 && (await isUp(rollout, colour))) return undefined;
  const failure = await startKept(rollout, colour);
  return failure ?? (await gateColour(rollout, colour, provenReadiness(readiness)));
}

/** Starts the containers that are kept of a colour, one-shot ones left out. */
export async function startKept(rollout: Rollout, colour: Colour): Promise<Failure | undefined> {
  const { engine, release, context } = rollout;
  const project = colourProject(release.project, colour);
  const containers = await inspectProjectContainers(engine, project, context.signal);
  if (!containers.ok) return containers.failure;
  const stopped = lastingContainers(containers.value).filter(({ state }) => state !== "running");
  const started = await changeContainers(engine, stopped, "start", context.signal);
  return started.ok ? undefined : started.failure;
}

/** Whether the router says so of all its routed services: then going back need not wait for anything. */
async function isUp({ router, routerConfig, context }: Rollout, colour: Colour): Promise<boolean> {
  const view = await router.observe(context.signal);
  if (!view.ok) return false;
  return routerConfig.routes.every(({ service }) =>
    view.value.backends.some(
      (backend) => backend.service === service && backend.colour === colour && backend.state === "up",
    ),
  );
}
