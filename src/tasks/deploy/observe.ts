import { setTimeout as delay } from "node:timers/promises";
import type { InspectedContainer } from "../../docker/engine-answers.ts";
import type { Failure, Result } from "../../model/failure.ts";
import type { ObserveLimits } from "../../model/release.ts";
import type { TrafficCount } from "../../model/router.ts";
import { meanLatencySince } from "./mean-latency.ts";
import { inspectProjectContainers, lastingContainers, serviceOf, tailLog } from "./project-containers.ts";
import { colourProject } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";
import { countSince } from "./traffic-tally.ts";

/** Between two looks; what dies is noticed within this time. */
const LOOK_MS = 200;

/** Watches the new colour for the time of the settings; the first breach of a limit is the failure. */
export async function observeRelease(rollout: Rollout): Promise<Failure | undefined> {
  return await observeColour(rollout, "all of the traffic");
}

/** The same for one step of a canary. `share` says what it gets, for people. */
export async function observeColour(rollout: Rollout, share: string): Promise<Failure | undefined> {
  const { release, settings, context } = rollout;
  const limits = settings.observe;
  const first = await look(rollout);
  if (!first.ok) return first.failure;
  const endMs = performance.now() + limits.forMs;
  for (let now = first.value; ;) {
    const breach = findBreach(first.value, now, limits);
    if (breach !== undefined) return await describeBreach(rollout, breach, now.containers);
    const leftMs = endMs - performance.now();
    if (leftMs <= 0) {
      const { requests, failed, retried } = countSince(first.value.count, now.count);
      const attempts = retried === 0 ? "" : `; ${retried} attempts failed and were repeated`;
      const name = `${release.colour} with ${share}: ${requests} requests, ${failed} failed${attempts}`;
      context.report({ type: "step", step: { id: `observed ${share}`, name, state: "done" } });
      return undefined;
    }
    await delay(Math.min(LOOK_MS, leftMs), undefined, { signal: context.signal });
    const next = await look(rollout);
    if (!next.ok) return next.failure;
    now = next.value;
  }
}

/** What one look sees. */
export interface Sight {
  readonly containers: readonly InspectedContainer[];
  readonly count: TrafficCount;
}

/** Which limit is broken, and the container to blame where there is one. */
export interface Breach {
  readonly breach: string;
  readonly containerId?: string;
}

async function look({ engine, release, router, context }: Rollout): Promise<Result<Sight>> {
  const project = colourProject(release.project, release.colour);
  const [containers, count] = await Promise.all([
    inspectProjectContainers(engine, project, context.signal),
    router.count(release.colour, context.signal),
  ]);
  context.signal.throwIfAborted();
  if (!containers.ok) return containers;
  if (!count.ok) return count;
  return { ok: true, value: { containers: containers.value, count: count.value } };
}

/** Compares two looks. Pure. */
export function findBreach(first: Sight, now: Sight, limits: ObserveLimits): Breach | undefined {
  for (const before of lastingContainers(first.containers)) {
    const container = now.containers.find(({ id }) => id === before.id);
    const state = container === undefined ? "is gone" : describeTrouble(before, container);
    if (state !== undefined) return { breach: `${serviceOf(before)} ${state}`, containerId: before.id };
  }
  const { requests, failed, retried } = countSince(first.count, now.count);
  if (requests < limits.minRequests || requests === 0) return undefined;
  // What a second try or the standby answered is hidden from users, and not from whoever judges the release.
  const covered = Math.min(retried, Math.max(0, requests - failed));
  const rate = (failed + covered) / requests;
  if (rate > limits.maxErrorRate) {
    const unnoticed = covered === 0 ? "" : `, ${covered} of them unnoticed because they were repeated`;
    const rates = `(${formatRate(rate)}), more than ${formatRate(limits.maxErrorRate)}`;
    return { breach: `${failed + covered} of ${requests} requests failed${unnoticed} ${rates}` };
  }
  const { maxMeanLatencyMs } = limits;
  const meanMs = meanLatencySince(first.count.answerTimes, now.count.answerTimes);
  if (maxMeanLatencyMs !== undefined && meanMs > maxMeanLatencyMs) {
    const latency = `${Math.round(meanMs)} ms`;
    return { breach: `answers take ${latency} on average, more than ${maxMeanLatencyMs} ms` };
  }
  return undefined;
}

function describeTrouble(before: InspectedContainer, now: InspectedContainer): string | undefined {
  if (now.state !== "running") {
    const code = now.exitCode === undefined ? "" : ` with code ${now.exitCode}`;
    return now.oomKilled ? "was killed: out of memory" : `is ${now.state}${code}`;
  }
  if (now.restartCount > before.restartCount || now.startedAtMs !== before.startedAtMs) return "restarted";
  return now.health === "unhealthy" ? "is unhealthy" : undefined;
}

async function describeBreach(
  { engine, release, tools, routerConfig }: Rollout,
  { breach, containerId }: Breach,
  containers: readonly InspectedContainer[],
): Promise<Failure> {
  const routed = containers.find((container) =>
    routerConfig.routes.some(({ service }) => service === serviceOf(container)),
  );
  const blame = containers.find(({ id }) => id === containerId) ?? routed;
  // Users are still on the broken release while this is read.
  const limit = AbortSignal.timeout(LOOK_MS);
  const lastLines = blame === undefined ? [] : await tailLog(engine, blame, tools.redact, limit);
  return { reason: "release-unhealthy", colour: release.colour, breach, lastLines };
}

function formatRate(rate: number): string {
  return `${(rate * 100).toFixed(1)} %`;
}
