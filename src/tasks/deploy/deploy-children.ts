import { DEPLOY_ID_VARIABLE, describeChild, endOrphans } from "../../docker/orphans.ts";
import type { EndedOrphan } from "../../docker/orphans.ts";
import type { Result } from "../../model/failure.ts";
import type { DeployChild, ReleaseJournal } from "../../model/journal.ts";

/** Records the processes that a deploy starts, so that whoever resumes it can end those that outlived it. */
export interface ChildWatch {
  /** For the environment of every process of the deploy: finds it even when it was never recorded. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Runs something that starts one process, given the hook for it. The child is recorded as soon as it exists and forgotten
   * when the call ends.
   */
  during<T>(what: string, call: (onSpawn: (processId: number) => void) => Promise<T>): Promise<T>;
}

/** The watch of one deploy. A child that cannot be recorded is still found by its environment. */
export function watchChildren(journal: ReleaseJournal, deployId: string): ChildWatch {
  return {
    environment: { [DEPLOY_ID_VARIABLE]: deployId },
    async during(what, call) {
      let child: DeployChild | undefined;
      try {
        return await call((processId) => {
          child = describeChild(deployId, processId, what);
          if (child !== undefined) journal.recordChild(child);
        });
      } finally {
        if (child !== undefined) journal.forgetChild(child);
      }
    },
  };
}

/**
 * Ends what killed deploys of the project left running, and forgets it. Only for the holder of the lock: nobody else's deploy is
 * under way then. Fails with journal-failed.
 */
export async function endDeployOrphans(
  journal: ReleaseJournal,
  project: string,
): Promise<Result<readonly EndedOrphan[]>> {
  const children = journal.listChildren(project);
  if (!children.ok) return children;
  const open = journal.openDeploy(project);
  if (!open.ok) return open;
  const deployIds = new Set(children.value.map((child) => child.deployId));
  if (open.value !== undefined) deployIds.add(open.value.release.deployId);
  const ended = await endOrphans(children.value, [...deployIds]);
  for (const child of children.value) {
    const forgotten = journal.forgetChild(child);
    if (!forgotten.ok) return forgotten;
  }
  return { ok: true, value: ended };
}
