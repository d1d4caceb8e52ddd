import type { ColourStatus, ReleaseStatus } from "../tasks/deploy/release-status.ts";
import type { RouterView } from "../model/router.ts";
import { formatDuration } from "../model/duration.ts";
import { describeDrift, describeTraffic } from "../plan/deploy-drift.ts";
import { alignColumns } from "../report/columns.ts";

/** One screen: what is live, what the router sees, every container, and what is not as it should be. */
export function renderStatus(status: ReleaseStatus, nowMs: number): readonly string[] {
  return [
    describeLive(status, nowMs),
    ...(status.router === undefined ? [] : [describeRouter(status.router)]),
    "",
    ...status.colours.flatMap((colour) => renderColour(colour, status)),
    "",
    ...(status.open === undefined ? [] : [describeOpen(status.open)]),
    ...status.drift.map((finding) => `drift: ${describeDrift(finding)}`),
    status.rollback === undefined
      ? "rollback: nothing is kept"
      : `rollback: to release ${status.rollback.deployId} in ${status.rollback.colour}, from its ${status.rollback.from}`,
  ];
}

function describeLive({ live, project, trouble }: ReleaseStatus, nowMs: number): string {
  if (trouble !== undefined) {
    return `${project}: the router does not answer${"error" in trouble ? `: ${trouble.error}` : ""}`;
  }
  if (live === undefined) return `${project}: nothing is live`;
  const since = live.sinceMs === undefined ? "" : ` for ${formatDuration(nowMs - live.sinceMs)}`;
  const run = live.runId === undefined ? "" : `, by run ${live.runId}`;
  const release = live.deployId === undefined ? "" : `, release ${live.deployId}`;
  const unverified = live.unverified === undefined ? "" : `; ${live.unverified.length} of its images unverified`;
  return `${project}: ${live.colour} is live${since}${release}${run}${unverified}`;
}

function describeRouter({ traffic, persisted, backends }: RouterView): string {
  const up = backends.filter(({ state }) => state === "up").map(({ service, colour }) => `${service} of ${colour}`);
  const restart =
    persisted !== undefined && describeTraffic(persisted) === describeTraffic(traffic)
      ? ""
      : `; after a restart ${persisted === undefined ? "unknown" : describeTraffic(persisted)}`;
  return `router: traffic to ${describeTraffic(traffic)}${restart}; up: ${up.length === 0 ? "none" : up.join(", ")}`;
}

function renderColour({ colour, state, deployId, containers }: ColourStatus, { live }: ReleaseStatus): string[] {
  const place = live?.colour === colour ? "live" : "idle";
  const release = deployId === undefined ? "" : `, release ${deployId}`;
  const rows = containers.map(({ service, state: is, health, imageId, restarts }) => [
    `  ${service}`,
    is !== "running" || health === "none" ? is : `${is}, ${health}`,
    imageId.replace(/^sha256:/, "").slice(0, 12),
    restarts === 0 ? "" : `restarted ${restarts} times`,
  ]);
  return [`${colour} (${place}): ${state}${release}`, ...alignColumns(rows, ["left", "left", "left", "left"])];
}

function describeOpen({ deployId, colour, next, holder }: NonNullable<ReleaseStatus["open"]>): string {
  if (holder !== undefined) return `under way: deploy ${deployId} to ${colour}, by ${holder}`;
  return `unfinished: deploy ${deployId} to ${colour}; the next command will ${describeNext(next)}`;
}

function describeNext(next: string): string {
  switch (next) {
    case "continue":
      return "go on with it";
    case "abort":
      return "stop its containers; users were never on them";
    case "roll-back":
      return "direct traffic back";
    case "close":
      return "close its record";
    default:
      return "ask you to decide (`orchestrate deploy --continue` or `--abort`)";
  }
}
