import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Failure, Result } from "../../model/failure.ts";
import type { RouterView } from "../../model/router.ts";
import type { ComposeContainer, ComposeOptions, ComposeOverride, ComposeProject } from "../compose.ts";
import { runOnce, upProject } from "../compose.ts";
import { openRouter } from "./driver.ts";
import { EntranceWatch } from "./entrance-watch.ts";
import { probeEntrance } from "./entrance.ts";
import type { Entrance } from "./entrance.ts";
import { findRouterContainer, ROUTER_SERVICE, routerProjectName } from "./router-container.ts";
import type { RouterSite } from "./router-container.ts";
import { ROUTER_CHECK, ROUTER_VERSION_LABEL, renderRouterDocument, versionOf } from "./router-document.ts";
import type { RouterAdditions } from "./router-document.ts";

export { routerProjectName } from "./router-container.ts";
export type { RouterSite } from "./router-container.ts";

/** How long a router that was started may take until it answers. */
const START_TIMEOUT_MS = 20_000;
const POLL_MS = 50;
const LOG_LINES = 10;

/** What `routerUp` found or did. */
export interface RouterUp {
  /** `outdated`: it runs with an older configuration or image and was left alone, because another one costs a gap. */
  readonly outcome: "created" | "started" | "unchanged" | "outdated";
  readonly containerId: string;
}

/** What `routerUpgrade` did. */
export interface RouterUpgrade {
  readonly outcome: "created" | "started" | "upgraded" | "unchanged";
  /** How long the entrance did not answer; absent where it cannot be reached from here. */
  readonly gapMs?: number;
}

/** A router and what it says. */
export interface RouterStatus {
  readonly state: "absent" | "stopped" | "running";
  /** Whether `router upgrade` would change it. */
  readonly outdated: boolean;
  readonly driver: "haproxy" | "nginx";
  readonly image: string;
  readonly port: number;
  readonly previewPort: number;
  readonly containerId?: string;
  readonly startedAtMs?: number;
  /** How often the engine had to start it again. */
  readonly restarts?: number;
  /** Whether its published port leads to it; absent unless it runs. */
  readonly entrance?: Entrance;
  /** Absent unless it runs and answers. */
  readonly view?: RouterView;
  /** Why it runs and does not answer. */
  readonly trouble?: Failure;
}

/**
 * Makes sure that the project's router runs. A router that runs is never touched, whatever it was made from: replacing it costs
 * its users more than a second. Where nothing is to be done it reads twice from the engine and starts no process.
 */
export async function routerUp(site: RouterSite, options: ComposeOptions = {}): Promise<Result<RouterUp>> {
  const found = await inspectRouter(site, options.signal);
  if (!found.ok) return found;
  const { container, document, outdated } = found.value;
  if (container?.state === "running") {
    return { ok: true, value: { outcome: outdated ? "outdated" : "unchanged", containerId: container.id } };
  }
  const started = await startRouter(site, document, options);
  if (!started.ok) return started;
  const outcome = container === undefined ? "created" : "started";
  return { ok: true, value: { outcome, containerId: started.value } };
}

/**
 * Replaces the router where its configuration or its image has changed, and measures how long the entrance did not answer. The
 * new configuration is checked in a container of its own before; one that is wrong changes nothing.
 */
export async function routerUpgrade(site: RouterSite, options: ComposeOptions = {}): Promise<Result<RouterUpgrade>> {
  const found = await inspectRouter(site, options.signal);
  if (!found.ok) return found;
  const { container, document, outdated } = found.value;
  if (container?.state === "running" && !outdated) return { ok: true, value: { outcome: "unchanged" } };
  if (container?.state !== "running") {
    const started = await startRouter(site, document, options);
    if (!started.ok) return started;
    return { ok: true, value: { outcome: container === undefined ? "created" : "started" } };
  }
  const checked = await checkRouter(site, document, options);
  if (!checked.ok) return checked;
  const watch = new EntranceWatch(site);
  const started = await upAndWait(site, document, options);
  const gapMs = await watch.end();
  if (!started.ok) return started;
  return { ok: true, value: { outcome: "upgraded", ...(gapMs === undefined ? {} : { gapMs }) } };
}

/** Looks at the router and asks it. Changes nothing. */
export async function routerStatus(site: RouterSite, options: ComposeOptions = {}): Promise<Result<RouterStatus>> {
  const { signal } = options;
  const found = await inspectRouter(site, signal);
  if (!found.ok) return found;
  const { container, outdated } = found.value;
  const { driver, image, port, previewPort } = site.config;
  const about = { outdated, driver, image, port, previewPort };
  if (container === undefined) return { ok: true, value: { state: "absent", ...about } };
  const inspected = await site.engine.inspectContainer(container.id, { signal });
  if (!inspected.ok) return inspected;
  const { startedAtMs, restartCount } = inspected.value ?? {};
  const known = {
    ...about,
    containerId: container.id,
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    ...(restartCount === undefined ? {} : { restarts: restartCount }),
  };
  if (container.state !== "running") return { ok: true, value: { state: "stopped", ...known } };
  const [view, entrance] = await Promise.all([openRouter(site).observe(signal), probeEntrance(site, signal)]);
  const said = view.ok ? { view: view.value } : { trouble: view.failure };
  return { ok: true, value: { state: "running", ...known, entrance, ...said } };
}

interface FoundRouter {
  readonly container: ComposeContainer | undefined;
  readonly document: ComposeOverride;
  readonly outdated: boolean;
}

async function inspectRouter(site: RouterSite, signal: AbortSignal | undefined): Promise<Result<FoundRouter>> {
  const additions = await loadAdditions(site);
  if (!additions.ok) return additions;
  const document = renderRouterDocument(site.project, site.config, additions.value);
  const [found, image] = await Promise.all([
    findRouterContainer(site, signal),
    site.engine.inspectImage(site.config.image, { signal }),
  ]);
  if (!found.ok) return found;
  if (!image.ok) return image;
  const container = found.value;
  const sameImage = image.value === undefined || container?.imageId === image.value.id;
  const outdated =
    container !== undefined && (!sameImage || container.labels[ROUTER_VERSION_LABEL] !== versionOf(document));
  return { ok: true, value: { container, document, outdated } };
}

async function loadAdditions({ config, workingDirectory }: RouterSite): Promise<Result<RouterAdditions>> {
  const read = async (file: string): Promise<string> => await readFile(path.join(workingDirectory, file), "utf8");
  try {
    const files = config.fragmentFiles.map(async (file) => ({ name: path.basename(file), content: await read(file) }));
    const fragment = config.fragment === undefined ? undefined : await read(config.fragment);
    return { ok: true, value: { files: await Promise.all(files), ...(fragment === undefined ? {} : { fragment }) } };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { ok: false, failure: { reason: "router-failed", call: "read its configuration", error: said } };
  }
}

async function startRouter(
  site: RouterSite,
  document: ComposeOverride,
  options: ComposeOptions,
): Promise<Result<string>> {
  const checked = await checkRouter(site, document, options);
  return checked.ok ? await upAndWait(site, document, options) : checked;
}

function composeProject({ engine, project, workingDirectory }: RouterSite): ComposeProject {
  const environment = engine.endpoint.cliEnvironment;
  return { project: routerProjectName(project), files: [], workingDirectory, environment };
}

/** Whether the router's program accepts its configuration; a wrong fragment would make it start again and again. */
async function checkRouter(
  site: RouterSite,
  document: ComposeOverride,
  options: ComposeOptions,
): Promise<Result<void>> {
  const checked = await runOnce(composeProject(site), ROUTER_SERVICE, ROUTER_CHECK, { ...options, override: document });
  if (checked.ok || checked.failure.reason !== "compose-failed") return checked;
  const { lastLines } = checked.failure.evidence;
  const error = lastLines.find((line) => /\[(?:ALERT|emerg)\]/.test(line)) ?? lastLines.at(-1);
  if (error === undefined) return checked;
  return { ok: false, failure: { reason: "router-failed", call: "check its configuration", error } };
}

async function upAndWait(
  site: RouterSite,
  document: ComposeOverride,
  options: ComposeOptions,
): Promise<Result<string>> {
  const up = await upProject(composeProject(site), { ...options, override: document });
  return up.ok ? await awaitRouter(site, options.signal) : up;
}

/** Waits until the router answers at its administration; gives the id of its container. Fails with its last words. */
export async function awaitRouter(site: RouterSite, signal: AbortSignal | undefined): Promise<Result<string>> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  const router = openRouter(site);
  for (;;) {
    const view = await router.observe(signal);
    const found = await findRouterContainer(site, signal);
    if (!found.ok) return found;
    if (view.ok && found.value !== undefined) return { ok: true, value: found.value.id };
    if (performance.now() > deadlineMs || signal?.aborted === true) {
      return await describeSilence(site, found.value, view.ok ? "it is gone" : errorOf(view.failure));
    }
    await delay(POLL_MS);
  }
}

async function describeSilence(
  site: RouterSite,
  container: ComposeContainer | undefined,
  error: string,
): Promise<Result<string>> {
  const log = container === undefined ? undefined : await site.engine.containerLogTail(container.id, LOG_LINES);
  const last = log?.ok === true ? log.value.at(-1) : undefined;
  const said = last === undefined ? error : `${error}; its last words: ${last}`;
  return { ok: false, failure: { reason: "router-failed", call: "start", error: said } };
}

function errorOf(failure: Failure): string {
  return "error" in failure ? failure.error : failure.reason;
}
