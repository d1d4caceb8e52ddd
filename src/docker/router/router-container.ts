import type { Result } from "../../model/failure.ts";
import type { RouterConfig } from "../../model/router.ts";
import type { ComposeContainer } from "../compose.ts";
import { listProjectContainers } from "../compose.ts";
import type { Engine } from "../engine.ts";

/** A project's router and where it is. */
export interface RouterSite {
  readonly engine: Engine;
  /** Name of the project, as in the build configuration. */
  readonly project: string;
  readonly config: RouterConfig;
  /** The project's directory; paths of the configuration are relative to it. */
  readonly workingDirectory: string;
}

/** The compose service of the router. */
export const ROUTER_SERVICE = "router";

/** Name of the router's compose project. */
export function routerProjectName(project: string): string {
  return `${project}-router`;
}

/** Name of the network on which the router finds the routed services. */
export function routerNetworkName(project: string): string {
  return `${project}-router`;
}

/** The router's container, running or not; undefined when there is none. */
export async function findRouterContainer(
  { engine, project }: RouterSite,
  signal?: AbortSignal,
): Promise<Result<ComposeContainer | undefined>> {
  const options = { service: ROUTER_SERVICE, signal };
  const listed = await listProjectContainers(engine, routerProjectName(project), options);
  if (!listed.ok) return listed;
  // A check of a configuration runs in a container of the same service.
  const lasting = listed.value.filter(({ oneOff }) => !oneOff);
  return { ok: true, value: lasting.find(({ state }) => state === "running") ?? lasting[0] };
}

/**
 * Runs a shell script in the router's container as root and gives what it prints. One call for each operation: the first of a
 * process takes 50 to 90 ms, the others 5 to 10. A script that ends with another code than 0 is router-failed.
 */
export async function runInRouter(
  site: RouterSite,
  call: string,
  script: string,
  words: readonly string[],
  signal?: AbortSignal,
): Promise<Result<string>> {
  const found = await findRouterContainer(site, signal);
  if (!found.ok) return found;
  const failed = (error: string): Result<string> => ({ ok: false, failure: { reason: "router-failed", call, error } });
  if (found.value?.state !== "running") return failed("the router does not run; `orchestrate router up` starts it");
  const ran = await site.engine.runScript(found.value.id, { script, words, signal });
  if (!ran.ok) return ran;
  const { exitCode, stdout, stderr } = ran.value;
  if (exitCode === 0) return { ok: true, value: stdout };
  const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  return failed(lines.at(-1) ?? `ended with code ${exitCode}`);
}
