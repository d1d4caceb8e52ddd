import type { Result } from "../../model/failure.ts";
import type { ComposeOptions } from "../compose.ts";
import { openRouter } from "./driver.ts";
import { EntranceWatch } from "./entrance-watch.ts";
import { probeEntrance } from "./entrance.ts";
import { awaitRouter, routerUp } from "./router-project.ts";
import type { RouterUp } from "./router-project.ts";
import type { RouterSite } from "./router-container.ts";

/** What was found or done; `mended`: it ran, but its entrance refused connections, so it was restarted. */
export type MendedRouter =
  | RouterUp
  | { readonly outcome: "mended"; readonly containerId: string; readonly port: number; readonly gapMs?: number };

/**
 * {@link routerUp}, and where the router runs behind an entrance that refuses connections, a restart: it ends the connections of
 * those who still got through, for about a second. Only for whoever asks for a working router; no deploy does this.
 */
export async function mendRouter(site: RouterSite, options: ComposeOptions = {}): Promise<Result<MendedRouter>> {
  const up = await routerUp(site, options);
  if (!up.ok || up.value.outcome === "created" || up.value.outcome === "started") return up;
  // Twice: a process at its limit may refuse one connection and take the next.
  const first = await probeEntrance(site, options.signal);
  if (first.entrance !== "refuses") return up;
  const second = await probeEntrance(site, options.signal);
  if (second.entrance !== "refuses") return up;
  const restarted = await restartRouter(site, up.value.containerId, options);
  if (!restarted.ok) return restarted;
  return {
    ok: true,
    value: { outcome: "mended", containerId: up.value.containerId, port: first.port, ...restarted.value },
  };
}

async function restartRouter(
  site: RouterSite,
  containerId: string,
  { signal }: ComposeOptions,
): Promise<Result<{ readonly gapMs?: number }>> {
  const router = openRouter(site);
  const view = await router.observe(signal);
  if (!view.ok) return view;
  // After the restart the file decides: it must say what users have now.
  const kept = await router.direct(view.value.traffic, signal);
  if (!kept.ok) return kept;
  const watch = new EntranceWatch(site);
  for (const change of ["stop", "start"] as const) {
    const changed = await site.engine.changeContainer(containerId, change, { signal });
    if (!changed.ok) return changed;
  }
  const answering = await awaitRouter(site, signal);
  const gapMs = await watch.end();
  if (!answering.ok) return answering;
  return { ok: true, value: gapMs === undefined ? {} : { gapMs } };
}
