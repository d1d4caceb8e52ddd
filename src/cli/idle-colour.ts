import type { BuildConfig } from "../model/build-config.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * Which of the named environments a deploy without a name goes to: the first colour of the router that users are not on, the first
 * of all where nothing is deployed yet. Undefined without a router, or where none of its colours is among them.
 */
export async function findIdleColour(
  project: { readonly directory: string; readonly buildConfig: BuildConfig },
  environments: readonly string[],
  surroundings: Surroundings,
): Promise<string | undefined> {
  const { buildConfig, directory } = project;
  const { router } = buildConfig;
  const colours = router?.colours.filter((colour) => environments.includes(colour)) ?? [];
  if (router === undefined || colours.length === 0) return undefined;
  const [{ EngineRoom }, { openRouter }, { liveColour }] = await Promise.all([
    import("./engine-room.ts"),
    import("../docker/router/driver.ts"),
    import("../tasks/deploy/release-site.ts"),
  ]);
  await using engines = new EngineRoom(surroundings.env);
  const target = buildConfig.environments.find(({ name }) => name === colours[0]);
  const engine = await engines.open(target);
  // What is wrong with the engine is told when something is done with it.
  if (!engine.ok) return colours[0];
  const site = { engine: engine.value, project: buildConfig.project, config: router, workingDirectory: directory };
  const view = await openRouter(site).observe(surroundings.signal);
  const live = view.ok ? liveColour(view.value.traffic) : undefined;
  return colours.find((colour) => colour !== live) ?? colours[0];
}
