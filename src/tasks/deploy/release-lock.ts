import type { Result } from "../../model/failure.ts";
import { lockDeploy } from "./deploy-lock.ts";
import type { DeployLock } from "./deploy-lock.ts";
import type { ReleaseSite } from "./release-site.ts";

/** Takes the lock of the project on this machine and on the engine; waits for whoever deploys now, saying who it is. */
export async function takeLock(site: ReleaseSite, deployId: string, image: string): Promise<Result<DeployLock>> {
  const { engine, journal, project, context } = site;
  let waited = false;
  const onWaiting = (holder: string): void => {
    waited = true;
    context.report({ type: "step", step: { id: "lock", name: `wait for ${holder}, who deploys`, state: "running" } });
  };
  const request = { engine, journal, project, deployId, image };
  const locked = await lockDeploy(request, { wait: true, signal: context.signal, onWaiting });
  if (waited) {
    const state = locked.ok ? "done" : "failed";
    context.report({ type: "step", step: { id: "lock", name: "wait for the other deploy", state } });
  }
  return locked;
}
