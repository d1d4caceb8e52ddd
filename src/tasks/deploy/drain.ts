import { setTimeout as delay } from "node:timers/promises";
import type { Failure } from "../../model/failure.ts";
import type { Colour } from "../../model/router.ts";
import type { Rollout } from "./rollout.ts";

const LOOK_MS = 100;

/** Settles the traffic on the new colour, which needs no standby any more, and lets the requests of the old one end. */
export async function drainOld(rollout: Rollout): Promise<Failure | undefined> {
  const { release, router, lock, context } = rollout;
  const held = await lock.check(context.signal);
  if (!held.ok) return held.failure;
  const settled = await router.direct({ to: "colour", colour: release.colour, standby: false }, context.signal);
  if (!settled.ok) return settled.failure;
  return release.replaces === undefined ? undefined : await drainColour(rollout, release.replaces);
}

/**
 * Waits until a colour that gets no new requests has none under way, or its time is over. Its websockets are ended after a
 * deadline of their own: they would never end by themselves.
 */
export async function drainColour(rollout: Rollout, colour: Colour): Promise<Failure | undefined> {
  const { router, settings, context } = rollout;
  const startedMs = performance.now();
  let closed = false;
  for (;;) {
    context.signal.throwIfAborted();
    const count = await router.count(colour, context.signal);
    if (!count.ok) return count.failure;
    const { openRequests, openWebsockets } = count.value;
    const waitedMs = performance.now() - startedMs;
    const requestsDone = openRequests === 0 || waitedMs >= settings.drain.timeoutMs;
    if (openWebsockets > 0 && !closed && waitedMs >= settings.drain.websocketMs) {
      const ended = await router.closeWebsockets(colour, context.signal);
      if (!ended.ok) return ended.failure;
      closed = true;
    }
    if (requestsDone && (openWebsockets === 0 || closed)) {
      const left = openRequests === 0 ? "" : `, ${openRequests} requests did not end in time`;
      const sockets = closed ? `, ${openWebsockets} websockets ended` : "";
      const name = `${colour} drained${left}${sockets}`;
      context.report({ type: "step", step: { id: `drained ${colour}`, name, state: "done" } });
      return undefined;
    }
    await delay(LOOK_MS, undefined, { signal: context.signal });
  }
}
