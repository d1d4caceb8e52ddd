import { setTimeout as delay } from "node:timers/promises";
import type { InspectedContainer } from "../../docker/engine-answers.ts";
import { MOST_INSTANCES } from "../../docker/router/haproxy-config.ts";
import { routerNetworkName } from "../../docker/router/router-container.ts";
import type { Failure } from "../../model/failure.ts";
import { formatDuration } from "../../model/duration.ts";
import { LABELS } from "../../model/observation.ts";
import type { Readiness } from "../../model/pipeline.ts";
import type { Colour } from "../../model/router.ts";
import { inspectProjectContainers } from "./project-containers.ts";
import { describeNotReady } from "./project-start.ts";
import { ReadinessWatch } from "./readiness-watch.ts";
import { describeMissing, wantInstances } from "./routed-instances.ts";
import { colourProject } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";

const POLL_MS = 100;

/**
 * Nothing is directed to a colour that has not passed here: every container is ready by our own inspection and of the expected
 * deploy, and the router's checks say that each routed service answers at the address of one of these containers.
 */
export async function gateRelease(rollout: Rollout): Promise<Failure | undefined> {
  const { colour, deployId, restores } = rollout.release;
  return await gateColour(rollout, colour, rollout.readiness, restores ?? deployId);
}

/** The same for any colour; without `deployId` whatever release is in it. */
export async function gateColour(
  rollout: Rollout,
  colour: Colour,
  readiness: Readiness,
  deployId?: string,
): Promise<Failure | undefined> {
  const project = colourProject(rollout.release.project, colour);
  const ready = await awaitContainers(rollout, project, readiness);
  if (!ready.ok) return ready.failure;
  const foreign = ready.containers.find(
    (container) => deployId !== undefined && container.labels[LABELS.deployId] !== deployId,
  );
  if (foreign !== undefined) {
    const verdict = { is: "failed", state: "not of this deploy" } as const;
    return await describeNotReady(
      { engine: rollout.engine, redact: rollout.tools.redact, compose: { project } },
      { container: foreign, verdict },
      rollout.context,
    );
  }
  return await awaitRouter(rollout, colour, ready.containers, readiness.timeoutMs);
}

type Awaited =
  | { readonly ok: true; readonly containers: readonly InspectedContainer[] }
  | { readonly ok: false; readonly failure: Failure };

async function awaitContainers(rollout: Rollout, project: string, readiness: Readiness): Promise<Awaited> {
  const { engine, context, tools } = rollout;
  let watch: ReadinessWatch | undefined;
  for (;;) {
    context.signal.throwIfAborted();
    const containers = await inspectProjectContainers(engine, project, context.signal);
    if (!containers.ok) return containers;
    const nowMs = performance.now();
    watch ??= new ReadinessWatch(readiness, containers.value, { nowMs, wallMs: Date.now() });
    if (containers.value.length === 0) return { ok: false, failure: nothingThere(project) };
    const verdict = watch.look(containers.value, nowMs, true);
    if (verdict.is === "ready") return { ok: true, containers: containers.value };
    if (verdict.is === "failed") {
      const site = { engine, redact: tools.redact, compose: { project } };
      return { ok: false, failure: await describeNotReady(site, verdict.blame, context) };
    }
    await delay(POLL_MS, undefined, { signal: context.signal });
  }
}

function nothingThere(project: string): Failure {
  const state = "there is no container";
  return { reason: "not-ready", project, service: project, container: project, state, lastLines: [] };
}

async function awaitRouter(
  rollout: Rollout,
  colour: Colour,
  containers: readonly InspectedContainer[],
  timeoutMs: number,
): Promise<Failure | undefined> {
  const { router, routerConfig, release, context } = rollout;
  const refuse = (because: string): Failure => ({
    reason: "release-refused",
    what: `direct traffic to ${colour}`,
    because,
  });
  const wanted = wantInstances(routerConfig.routes, containers, routerNetworkName(release.project));
  const crowded = wanted.find(({ addresses }) => addresses.length > MOST_INSTANCES);
  if (crowded !== undefined) {
    const { service, addresses } = crowded;
    return refuse(`${service} has ${addresses.length} containers, and the router leads to ${MOST_INSTANCES} at most`);
  }
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    context.signal.throwIfAborted();
    const view = await router.observe(context.signal);
    if (!view.ok) return view.failure;
    const missing = describeMissing(wanted, view.value.backends, colour);
    if (missing === undefined) return undefined;
    if (performance.now() >= deadlineMs) return refuse(`${missing} after ${formatDuration(timeoutMs)}`);
    await delay(POLL_MS, undefined, { signal: context.signal });
  }
}
