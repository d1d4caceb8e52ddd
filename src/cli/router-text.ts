import type { Entrance } from "../docker/router/entrance.ts";
import type { MendedRouter } from "../docker/router/router-mending.ts";
import type { RouterStatus, RouterUpgrade } from "../docker/router/router-project.ts";
import { formatDuration } from "../model/duration.ts";
import type { RouterConfig, Traffic } from "../model/router.ts";

/** `orchestrate router up` for people. */
export function renderRouterUp(up: MendedRouter, { port, previewPort }: RouterConfig): string {
  const entrances = `users: port ${port}, preview: 127.0.0.1:${previewPort}`;
  switch (up.outcome) {
    case "mended": {
      const gap = up.gapMs === undefined ? "" : ` It answers again after ${formatDuration(up.gapMs)}.`;
      return `The router ran, but port ${up.port} refused connections, so it was restarted.${gap}\n`;
    }
    case "created":
      return `The router was created and runs (${entrances}).\n`;
    case "started":
      return `The router was stopped and runs again (${entrances}).\n`;
    case "unchanged":
      return `The router runs; nothing was touched (${entrances}).\n`;
    case "outdated":
      return (
        "The router runs with an older configuration or image; nothing was touched.\n" +
        "next: orchestrate router upgrade replaces it; its entrance is closed for one to two seconds\n"
      );
  }
}

/** `orchestrate router upgrade` for people. */
export function renderRouterUpgrade({ outcome, gapMs }: RouterUpgrade): string {
  if (outcome === "unchanged") return "The router is up to date; nothing was touched.\n";
  if (outcome !== "upgraded") return `The router was ${outcome} and runs.\n`;
  const gap = gapMs === undefined ? "was not measured from here (one to two seconds are usual)" : formatDuration(gapMs);
  return `The router was replaced. Time without an answer at its entrance: ${gap}.\n`;
}

/** Whether users do not get in, for certain. */
export function isShut(entrance: Entrance | undefined): boolean {
  return entrance?.entrance === "refuses" || entrance?.entrance === "silent";
}

/** `orchestrate router status` for people. */
export function renderRouterStatus(status: RouterStatus, nowMs: number): string {
  const { state, driver, image, port, previewPort, startedAtMs, restarts, view, trouble } = status;
  const since = startedAtMs === undefined || state !== "running" ? "" : ` for ${formatDuration(nowMs - startedAtMs)}`;
  const lines = [
    `router    ${state}${since} (${driver}, ${image})`,
    `entrance  port ${port}, preview 127.0.0.1:${previewPort}`,
    ...describeEntrance(status.entrance),
    ...(status.outdated ? ["outdated  orchestrate router upgrade would replace it"] : []),
    ...(restarts === undefined || restarts === 0 ? [] : [`restarts  ${restarts}`]),
  ];
  if (state !== "running") lines.push("next      orchestrate router up");
  if (trouble !== undefined) lines.push(`trouble   ${"error" in trouble ? trouble.error : trouble.reason}`);
  if (view === undefined) return `${lines.join("\n")}\n`;
  const now = describeTraffic(view.traffic);
  const later = view.persisted === undefined ? "unknown" : describeTraffic(view.persisted);
  lines.push(`traffic   ${now}${later === now ? "" : `; after a restart: ${later}`}`);
  for (const { service, colour, instances } of view.backends) {
    const each = instances.map(({ address, state: answers }) => `${answers} at ${address}`).join(", ");
    lines.push(`          ${colour} ${service}: ${each === "" ? "unresolved" : each}`);
  }
  return `${lines.join("\n")}\n`;
}

function describeEntrance(entrance: Entrance | undefined): readonly string[] {
  switch (entrance?.entrance) {
    case "refuses":
      return [
        `          port ${entrance.port} refuses connections from its own host (${entrance.error}), although the router runs`,
        "next      orchestrate router up restarts it; connections that still get through end",
      ];
    case "silent":
      return [`          port ${entrance.port} takes connections and gives ${entrance.error}`];
    default:
      return [];
  }
}

function describeTraffic(traffic: Traffic): string {
  switch (traffic.to) {
    case "nowhere":
      return "nowhere (503)";
    case "colour":
      return traffic.standby ? `${traffic.colour}, the other colour stands by` : traffic.colour;
    case "canary":
      return `${traffic.percent} % ${traffic.colour}, the rest ${traffic.rest}`;
  }
}
