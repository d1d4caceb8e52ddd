import type { InspectedContainer } from "../../docker/engine-answers.ts";
import { formatDuration } from "../../model/duration.ts";

/** What a container's state means for a deploy. `state` is what was seen, in words that can follow the container's name. */
export type Verdict =
  | { readonly is: "ready"; readonly state: string }
  | { readonly is: "waiting"; readonly state: string }
  /** It will not become ready by itself: no use in waiting for the timeout. */
  | { readonly is: "failed"; readonly state: string };

/** What a verdict depends on besides the container's state. */
export interface ReadinessTerms {
  /** How long a container without a health check must run without a restart. */
  readonly minReadyMs: number;
  /** How long it has run without a restart, by our own clock. */
  readonly runningForMs: number;
  /** Restarts since the deploy began. */
  readonly restarts: number;
}

/** So many restarts are a crash loop; fewer may be a service that came up before what it needs. */
const CRASH_LOOP_RESTARTS = 3;

/**
 * Ready is: healthy; or without a health check running for the minimum time; or a one-shot container that exited with 0.
 * What has a health check or publishes a port is meant to stay, so its end is a failure whatever the exit code.
 */
export function judgeContainer(container: InspectedContainer, terms: ReadinessTerms): Verdict {
  if (terms.restarts >= CRASH_LOOP_RESTARTS) return failed(`restarted ${terms.restarts} times`);
  switch (container.state) {
    case "running":
      return judgeRunning(container, terms);
    case "exited":
      return judgeExited(container);
    case "created":
      return container.error === "" ? waiting("not started yet") : failed(`could not start: ${container.error}`);
    case "restarting":
      return waiting("restarting");
    default:
      return failed(container.state);
  }
}

function judgeRunning(container: InspectedContainer, { minReadyMs, runningForMs }: ReadinessTerms): Verdict {
  switch (container.health) {
    case "healthy":
      return ready("healthy");
    case "unhealthy":
      return failed(`unhealthy${lastProbe(container)}`);
    case "starting":
      return waiting(`starting${lastProbe(container)}`);
    case "none":
      return runningForMs >= minReadyMs
        ? ready(`running for ${formatDuration(runningForMs)}`)
        : waiting(`running for less than ${formatDuration(minReadyMs)}`);
  }
}

function judgeExited(container: InspectedContainer): Verdict {
  const code = container.exitCode ?? 0;
  if (container.oomKilled) return failed("killed: out of memory");
  if (code !== 0) return failed(`exited with code ${code}`);
  const meantToStay = container.health !== "none" || container.ports.length > 0;
  return meantToStay ? failed("exited with code 0, but is meant to keep running") : ready("exited with code 0");
}

function lastProbe({ healthLog }: InspectedContainer): string {
  const output = healthLog.at(-1)?.replaceAll(/\s+/g, " ").trim() ?? "";
  return output === "" ? "" : ` (${output.slice(0, 120)})`;
}

function ready(state: string): Verdict {
  return { is: "ready", state };
}

function waiting(state: string): Verdict {
  return { is: "waiting", state };
}

function failed(state: string): Verdict {
  return { is: "failed", state };
}
