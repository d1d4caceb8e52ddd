import { setTimeout as delay } from "node:timers/promises";
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
  const checks: readonly (SmokeCheck | Omit<SmokeCheck, "status">)[] =
    settings.smoke.length > 0 ? settings.smoke : routerConfig.routes.map(anyAnswer);
  for (const check of checks) {
    const failure = await passRepeatedly(rollout, check);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function anyAnswer({ path, hosts: [host] }: Route): Omit<SmokeCheck, "status"> {
  return host === undefined ? { path } : { path, host };
}

async function passRepeatedly(
  rollout: Rollout,
  check: SmokeCheck | Omit<SmokeCheck, "status">,
): Promise<Failure | undefined> {
  const { release, routerConfig, context } = rollout;
  const deadlineMs = performance.now() + WARM_UP_MS;
  for (let passes = 0; passes < PASSES;) {
    context.signal.throwIfAborted();
    const surprise = await request(routerConfig.previewPort, check, context.signal);
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
  port: number,
  check: SmokeCheck | Omit<SmokeCheck, "status">,
  signal: AbortSignal,
): Promise<Surprise> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${check.path}`, {
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
      headers: { connection: "close", ...(check.host === undefined ? {} : { host: check.host }) },
    });
    const body = await response.text();
    const quoted = body.replaceAll(/\s+/g, " ").trim().slice(0, QUOTE_LENGTH);
    const status = "status" in check ? check.status : undefined;
    const good = status === undefined ? response.status < 500 : response.status === status;
    if (!good) return `status ${response.status}: ${quoted}`;
    const contains = "contains" in check ? check.contains : undefined;
    return contains === undefined || body.includes(contains) ? undefined : `another text: ${quoted}`;
  } catch (error) {
    if (error instanceof Error && error.cause instanceof Error) return error.cause.message;
    return error instanceof Error ? error.message : String(error);
  }
}

function describeExpectation(check: SmokeCheck | Omit<SmokeCheck, "status">): string {
  const status = "status" in check ? `status ${check.status}` : "a status below 500";
  const contains = "contains" in check && check.contains !== undefined ? check.contains : undefined;
  return contains === undefined ? status : `${status} with the text ${JSON.stringify(contains)}`;
}
