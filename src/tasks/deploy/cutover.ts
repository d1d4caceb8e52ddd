import type { Failure } from "../../model/failure.ts";
import type { Traffic } from "../../model/router.ts";
import { observeColour } from "./observe.ts";
import type { Rollout } from "./rollout.ts";

/**
 * Moves the traffic, all services in one call; as a canary in steps, each observed. While the new colour is not approved the old
 * one stands by. Repeating it is safe.
 */
export async function cutOver(rollout: Rollout): Promise<Failure | undefined> {
  const { release, settings } = rollout;
  const { colour, replaces } = release;
  if (settings.strategy === "canary" && replaces !== undefined) {
    for (const percent of settings.canary) {
      if (percent >= 100) break;
      const directed = await direct(rollout, { to: "canary", colour, rest: replaces, percent });
      if (directed !== undefined) return directed;
      const breach = await observeColour(rollout, `${percent} % of the traffic`);
      if (breach !== undefined) return breach;
    }
  }
  const startedMs = performance.now();
  const directed = await direct(rollout, { to: "colour", colour, standby: replaces !== undefined });
  rollout.tally.noteCutover(performance.now() - startedMs);
  return directed;
}

async function direct({ lock, router, context }: Rollout, traffic: Traffic): Promise<Failure | undefined> {
  context.signal.throwIfAborted();
  const held = await lock.check(context.signal);
  if (!held.ok) return held.failure;
  const directed = await router.direct(traffic, context.signal);
  return directed.ok ? undefined : directed.failure;
}
