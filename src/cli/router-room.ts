import type { RouterSite } from "../docker/router/router-project.ts";
import type { BuildConfig } from "../model/build-config.ts";
import type { Result } from "../model/failure.ts";
import type { EngineRoom } from "./engine-room.ts";

/** The place of a project's router, which is on the engine of its colours. Fails with router-failed where there is none. */
export async function openRouterSite(
  { router, environments, project }: BuildConfig,
  directory: string,
  engines: EngineRoom,
): Promise<Result<RouterSite>> {
  if (router === undefined) {
    const error = "docker/build-config.json has no `router`";
    return { ok: false, failure: { reason: "router-failed", call: "open the router", error } };
  }
  const colour = environments.find(({ name }) => router.colours.includes(name));
  const engine = await engines.open(colour);
  if (!engine.ok) return engine;
  return { ok: true, value: { engine: engine.value, project, config: router, workingDirectory: directory } };
}
