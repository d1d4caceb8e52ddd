import type { Result } from "../../model/failure.ts";
import { lockDeploy } from "./deploy-lock.ts";
import type { DeployLock } from "./deploy-lock.ts";
import type { ReleaseSite } from "./release-site.ts";

/**
 * Takes the lock of the project on this machine and on the engine; waits for whoever deploys now, saying who it is, as long as
 * the command says.
 */
export async function takeLock(site: ReleaseSite, deployId: string, image: string): Promise<Result<DeployLock>> {
  const { engine, journal, project, context, tools } = site;
  const limitMs = tools.releases?.lockTimeoutMs;
  let waitedFor: string | undefined;
  const onWaiting = (holder: string): void => {
    waitedFor = `wait for ${holder}, who deploys`;
    context.report({ type: "step", step: { id: "lock", name: waitedFor, state: "running" } });
  };
  const request = { engine, journal, project, deployId, image };
  const limit = limitMs === undefined ? [] : [AbortSignal.timeout(limitMs)];
  const signal = AbortSignal.any([context.signal, ...limit]);
  const locked = await lockDeploy(request, { wait: limitMs !== 0, signal, onWaiting });
  if (waitedFor !== undefined) {
    // Named once more: a short wait is told by its end alone.
    const state = locked.ok ? "done" : "failed";
    context.report({ type: "step", step: { id: "lock", name: waitedFor, state } });
  }
  return locked;
}
