import { readFileSync } from "node:fs";
import type { DeployChild } from "../model/journal.ts";
import { endGroup, listProcesses, readProcess } from "./process-group.ts";
import { identifyProcess, isRunning } from "./process-identity.ts";

/** In the environment of every process that a deploy starts; its children inherit it. */
export const DEPLOY_ID_VARIABLE = "ORCHESTRATE_DEPLOY_ID";

/** Time between SIGTERM and SIGKILL. Compose stops cleanly in well under a second. */
const GRACE_MS = 5_000;

/** A process that a killed deploy left behind, and that was ended. */
export interface EndedOrphan {
  readonly processId: number;
  readonly what: string;
}

/**
 * Ends what a killed deploy left running, because `docker compose` outlives its parent and would race whoever resumes: recorded
 * children whose number and start both match, and every process of this user that carries the deploy's id in its environment,
 * which also finds a child that was killed before it was recorded. Whole groups are ended. Resolves when none of them runs.
 * Never ends this process, its group, or a process that got the number of an old one.
 */
export async function endOrphans(
  children: readonly DeployChild[],
  deployIds: readonly string[],
): Promise<readonly EndedOrphan[]> {
  const orphans = new Map<number, EndedOrphan>();
  const ownGroup = readProcess(process.pid)?.groupId;
  const isOwn = (processId: number, groupId: number): boolean => processId === process.pid || groupId === ownGroup;
  for (const { processId, startTime, groupId, what } of children) {
    // Without a start time the number alone would decide.
    if (startTime === "" || isOwn(processId, groupId) || !isRunning({ processId, startTime })) continue;
    orphans.set(groupId, { processId, what });
  }
  for (const { processId, groupId, state } of listProcesses()) {
    if (state === "Z" || state === "X" || isOwn(processId, groupId) || orphans.has(groupId)) continue;
    if (carries(processId, deployIds)) orphans.set(groupId, { processId, what: commandOf(processId) });
  }
  await Promise.all([...orphans.keys()].map((groupId) => endGroup(groupId, GRACE_MS)));
  return [...orphans.values()];
}

/** The record of a child that was just started and leads its own group; undefined when it has ended already. */
export function describeChild(deployId: string, processId: number, what: string): DeployChild | undefined {
  const identity = identifyProcess(processId);
  return identity === undefined ? undefined : { ...identity, deployId, groupId: processId, what };
}

function carries(processId: number, deployIds: readonly string[]): boolean {
  const environment = orEmpty(`/proc/${processId}/environ`).split("\0");
  return deployIds.some((deployId) => environment.includes(`${DEPLOY_ID_VARIABLE}=${deployId}`));
}

function commandOf(processId: number): string {
  return orEmpty(`/proc/${processId}/cmdline`).replaceAll("\0", " ").trim();
}

/** "" for a process that ended, or that belongs to somebody else. */
function orEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
