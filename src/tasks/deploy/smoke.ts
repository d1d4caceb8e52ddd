import { setTimeout as delay } from "node:timers/promises";
import { findPreview, requestPreview } from "../../docker/preview-request.ts";
import type { PreviewPlace } from "../../docker/preview-request.ts";
import type { Failure } from "../../model/failure.ts";
import type { SmokeCheck } from "../../model/release.ts";
import type { Route } from "../../model/router.ts";
import type { Rollout } from "./rollout.ts";

/** A release that fails one request in five passes so many in a row only once in five times. */
const PASSES = 8;
/** How long the first pass of a check may take to come: what has just started may answer its first request late. */
const WARM_UP_MS = 3_000;
const PAUSE_MS = 150;
const REQUEST_TIMEOUT_MS = 5_000;
const QUOTE_LENGTH = 120;

/** What one request saw; undefined for what was expected. */
type Surprise = string | undefined;

/**
 * Requests through the router's preview entrance, where no user gets: each check must pass several times in a row. Without
 * checks, every route must answer with something below 500.
 */
export async function smokeRelease(rollout: Rollout): Promise<Failure | undefined> {
  const { router, release, settings, routerConfig, context } = rollout;
  // It was live before.
  if (release.restores !== undefined) return undefined;
  const previewed = await router.preview(release.colour, context.signal);
  if (!previewed.ok) return previewed.failure;
  const place = await findPreview(rollout.engine.endpoint, routerConfig.previewPort);
  if ("error" in place) {
    const expected = "a way to the preview entrance";
    return { reason: "smoke-failed", colour: release.colour, request: "any", expected, actual: place.error };
  }
  const checks: readonly (SmokeCheck | Omit<SmokeCheck, "status">)[] =
    settings.smoke.length > 0 ? settings.smoke : routerConfig.routes.map(anyAnswer);
  for (const check of checks) {
    const failure = await passRepeatedly(rollout, place, check);
    if (failure !== undefined) return failure;
  }
  await rollout.tally.forget(release.colour, context.signal);
  return undefined;
}

function anyAnswer({ path, hosts: [host] }: Route): Omit<SmokeCheck, "status"> {
  return host === undefined ? { path } : { path, host };
}

async function passRepeatedly(
  rollout: Rollout,
  place: PreviewPlace,
  check: SmokeCheck | Omit<SmokeCheck, "status">,
): Promise<Failure | undefined> {
  const { release, context } = rollout;
  const deadlineMs = performance.now() + WARM_UP_MS;
  for (let passes = 0; passes < PASSES;) {
    context.signal.throwIfAborted();
    const surprise = await request(place, check, context.signal);
    context.signal.throwIfAborted();
    if (surprise === undefined) {
      passes += 1;
    } else if (passes > 0 || performance.now() >= deadlineMs) {
      return {
        reason: "smoke-failed",
        colour: release.colour,
        request: `GET ${check.path}${check.host === undefined ? "" : ` of ${check.host}`}`,
        expected: describeExpectation(check),
        actual: passes === 0 ? surprise : `${surprise} (after ${passes} good answers)`,
      };
    } else {
      await delay(PAUSE_MS, undefined, { signal: context.signal });
    }
  }
  return undefined;
}

async function request(
  place: PreviewPlace,
  check: SmokeCheck | Omit<SmokeCheck, "status">,
  signal: AbortSignal,
): Promise<Surprise> {
  const { path, host } = check;
  const answer = await requestPreview({
    place,
    path,
    ...(host === undefined ? {} : { host }),
    timeoutMs: REQUEST_TIMEOUT_MS,
    signal,
  });
  if (!answer.answered) return answer.error;
  const quoted = answer.body.replaceAll(/\s+/g, " ").trim().slice(0, QUOTE_LENGTH);
  const good = "status" in check ? answer.status === check.status : answer.status < 500;
  if (!good) return `status ${answer.status}: ${quoted}`;
  const contains = "contains" in check ? check.contains : undefined;
  return contains === undefined || answer.body.includes(contains) ? undefined : `another text: ${quoted}`;
}

function describeExpectation(check: SmokeCheck | Omit<SmokeCheck, "status">): string {
  const status = "status" in check ? `status ${check.status}` : "a status below 500";
  const contains = "contains" in check && check.contains !== undefined ? check.contains : undefined;
  return contains === undefined ? status : `${status} with the text ${JSON.stringify(contains)}`;
}
