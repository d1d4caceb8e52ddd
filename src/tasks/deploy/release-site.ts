import { randomBytes } from "node:crypto";
import { publishedHost } from "../../docker/endpoint.ts";
import type { Engine } from "../../docker/engine.ts";
import { openRouter } from "../../docker/router/driver.ts";
import type { RouterSite } from "../../docker/router/router-project.ts";
import type { Environment } from "../../model/build-config.ts";
import type { Result } from "../../model/failure.ts";
import type { ReleaseJournal } from "../../model/journal.ts";
import type { Readiness } from "../../model/pipeline.ts";
import type { DeploySettings, Release } from "../../model/release.ts";
import type { Colour, Router, RouterConfig, Traffic } from "../../model/router.ts";
import type { TaskTools } from "../task-tools.ts";
import { watchChildren } from "./deploy-children.ts";
import type { DeployLock } from "./deploy-lock.ts";
import type { DeployContext } from "./deployment.ts";
import { ReleaseLedger } from "./release-ledger.ts";
import type { Rollout } from "./rollout.ts";
import { TrafficTally } from "./traffic-tally.ts";

/** Readiness of a colour where no task says otherwise. */
const DEFAULT_READINESS: Readiness = { timeoutMs: 120_000, minReadyMs: 2_000 };

/** How long a container without a health check must run when its release was live before. */
const PROVEN_READY_MS = 500;

/** Where releases of a project go: its engine, router and journal. */
export interface ReleaseSite {
  readonly project: string;
  readonly engine: Engine;
  readonly router: Router;
  readonly routerSite: RouterSite;
  readonly routerConfig: RouterConfig;
  readonly journal: ReleaseJournal;
  readonly ledger: ReleaseLedger;
  readonly runId: string;
  readonly secretKey: string;
  readonly context: DeployContext;
  readonly tools: TaskTools;
}

/** Opens the site; fails with `router-failed` for a project without a router and with `journal-failed` without a journal. */
export async function openReleaseSite(tools: TaskTools, context: DeployContext): Promise<Result<ReleaseSite>> {
  const { config, releases, projectDirectory } = tools;
  const routerConfig = config.router;
  if (routerConfig === undefined) {
    const because = "docker/build-config.json has no `router`";
    return { ok: false, failure: { reason: "release-refused", what: "look at the releases", because } };
  }
  if (releases === undefined) return { ok: false, failure: { reason: "journal-failed", error: "there is no journal" } };
  if (!releases.journal.ok) return releases.journal;
  // The router and its colours are on one engine.
  const colour = config.environments.find(({ name }) => routerConfig.colours.includes(name));
  const engine = await tools.engine(colour);
  if (!engine.ok) return engine;
  const { project } = config;
  const routerSite = { engine: engine.value, project, config: routerConfig, workingDirectory: projectDirectory };
  const { runId, secretKey } = releases;
  const journal = releases.journal.value;
  const router = openRouter(routerSite);
  const ledger = new ReleaseLedger(routerSite, journal);
  const site = { project, engine: engine.value, router, routerSite, routerConfig, journal, ledger, runId, secretKey };
  return { ok: true, value: { ...site, context, tools } };
}

/** How a release is put in place. */
export interface ReleaseTerms {
  readonly settings: DeploySettings;
  readonly readiness: Readiness;
  readonly environment: Environment;
}

/** The terms of a colour by docker/build-config.json alone; undefined when it declares no such environment. */
export function colourTerms({ tools }: ReleaseSite, colour: Colour): ReleaseTerms | undefined {
  const environment = tools.config.environments.find(({ name }) => name === colour);
  if (environment === undefined) return undefined;
  return { settings: tools.config.deploy, readiness: DEFAULT_READINESS, environment };
}

/** A rollout of a release at the site. */
export function openRollout(site: ReleaseSite, release: Release, lock: DeployLock, terms: ReleaseTerms): Rollout {
  const { engine, router, routerConfig, journal, ledger, context, tools } = site;
  const tally = new TrafficTally(router, routerConfig.colours);
  // By it the processes of a killed deploy are found.
  const { environment } = watchChildren(journal, release.deployId);
  const marked = { ...tools, environment: { ...tools.environment, ...environment } };
  const shared = { engine, router, routerConfig, journal, ledger, context, tools: marked, release, lock, tally };
  return { ...shared, ...(release.restores === undefined ? terms : provenTerms(terms)) };
}

/** What was live before goes live again at once and whole: its proof was its first deploy. */
function provenTerms({ settings, readiness, environment }: ReleaseTerms): ReleaseTerms {
  const observe = { ...settings.observe, forMs: 0 };
  return {
    settings: { ...settings, strategy: "blue-green", observe },
    readiness: provenReadiness(readiness),
    environment,
  };
}

/** For a release that was live before: it needs no long proof that it keeps running. */
export function provenReadiness({ timeoutMs, minReadyMs }: Readiness): Readiness {
  return { timeoutMs, minReadyMs: Math.min(minReadyMs, PROVEN_READY_MS) };
}

/** The colour that users are on; in a canary the one that most were on before. */
export function liveColour(traffic: Traffic): Colour | undefined {
  switch (traffic.to) {
    case "nowhere":
      return undefined;
    case "colour":
      return traffic.colour;
    case "canary":
      return traffic.rest;
  }
}

/** The entrance for users, where it can be reached from here. */
export function routerUrl({ engine, routerConfig }: ReleaseSite): string | undefined {
  const host = publishedHost(engine.endpoint);
  return host === undefined ? undefined : `http://${host}:${routerConfig.port}`;
}

/** A name for a deploy that sorts by time and is never used twice. */
export function createDeployId(nowMs: number): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+Z$/g, "");
  return `${time}-${randomBytes(3).toString("hex")}`;
}
