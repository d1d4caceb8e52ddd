import { loadComposeProject, mergeOverrides } from "../../docker/compose.ts";
import { routedNetworks } from "../../docker/router/routed-networks.ts";
import type { Failure } from "../../model/failure.ts";
import { LABELS } from "../../model/observation.ts";
import type { Release } from "../../model/release.ts";
import { composeOverride } from "./compose-override.ts";
import { watchChildren } from "./deploy-children.ts";
import { startProject } from "./project-start.ts";
import { startKept } from "./traffic-return.ts";
import { newProject } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";

/**
 * `docker compose up` of the idle colour with exactly the images of the release, joined to the router's network, and waits
 * until every container is ready. Repeating it changes nothing. What it starts is recorded, so that it can be ended after a
 * kill.
 */
export async function startColour(rollout: Rollout): Promise<Failure | undefined> {
  // What is restored is started as it was kept.
  if (rollout.release.restores !== undefined) return await startKept(rollout, rollout.release.colour);
  const { engine, context, release, tools, routerConfig, readiness, journal } = rollout;
  const children = watchChildren(journal, release.deployId);
  const compose = newProject(rollout);
  const model = await loadComposeProject(compose, { signal: context.signal });
  if (!model.ok) return model.failure;
  const networks = routedNetworks(model.value, { project: release.project, router: routerConfig }, release.colour);
  if (!networks.ok) return networks.failure;
  const override = mergeOverrides(composeOverride(model.value, release.images, releaseLabels(release)), networks.value);
  const started = await children.during(
    `docker compose up of ${compose.project}`,
    async (onSpawn) =>
      await startProject({ engine, compose, override, readiness, redact: tools.redact, onSpawn }, context),
  );
  context.signal.throwIfAborted();
  return started.ok ? undefined : started.failure;
}

/** By these labels the containers of a release are found again. */
function releaseLabels(release: Release): Readonly<Record<string, string>> {
  return {
    [LABELS.project]: release.project,
    [LABELS.environment]: release.colour,
    [LABELS.colour]: release.colour,
    [LABELS.release]: release.runId,
    [LABELS.deployId]: release.deployId,
    [LABELS.fingerprint]: release.fingerprint,
  };
}
