import type { ComposeProject } from "../../docker/compose.ts";
import type { ReleaseJournal } from "../../model/journal.ts";
import type { DeploySettings, Release } from "../../model/release.ts";
import type { Colour, Router, RouterConfig } from "../../model/router.ts";
import type { DeployLock } from "./deploy-lock.ts";
import { composeSite } from "./deployment.ts";
import type { Deployment } from "./deployment.ts";
import type { ReleaseLedger } from "./release-ledger.ts";
import type { TrafficTally } from "./traffic-tally.ts";

/** Everything that the phases of one deploy through a router share. `environment` is that of the new colour. */
export interface Rollout extends Deployment {
  readonly release: Release;
  readonly router: Router;
  readonly routerConfig: RouterConfig;
  readonly settings: DeploySettings;
  readonly journal: ReleaseJournal;
  readonly ledger: ReleaseLedger;
  readonly lock: DeployLock;
  readonly tally: TrafficTally;
}

/** Name of the compose project of a colour. */
export function colourProject(project: string, colour: Colour): string {
  return `${project}-${colour}`;
}

/** The compose project of the new colour. */
export function newProject(rollout: Rollout): ComposeProject {
  const { release, environment } = rollout;
  const site = composeSite(rollout);
  return {
    project: colourProject(release.project, release.colour),
    files: release.composeFiles ?? environment.composeFiles,
    variables: environment.variables,
    ...site,
  };
}

/** The same rollout under another limit: what must still be done after Ctrl-C or a timeout is not aborted by them. */
export function withinTime(rollout: Rollout, limitMs: number): Rollout {
  return { ...rollout, context: { ...rollout.context, signal: AbortSignal.timeout(limitMs) } };
}
