import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** How long the kernel may take to remove a group after SIGKILL. */
const KILL_SETTLE_MS = 5_000;

/** Sends a signal to every process of a group; a group that is already gone is no error. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-groupId, signal);
  } catch {
    // ESRCH: nobody left. EPERM: a member changed its user (sudo); the others got the signal.
  }
}

/** Whether a process of the group still runs. Zombies do not count: without an init process nobody may ever reap them. */
export function groupRuns(groupId: number): boolean {
  try {
    process.kill(-groupId, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  if (process.platform !== "linux") return true;
  return listProcesses().some((entry) => entry.groupId === groupId && entry.state !== "Z" && entry.state !== "X");
}

/**
 * Ends a process group: SIGTERM, SIGKILL after the grace. Resolves when no member runs any more.
 */
export async function endGroup(groupId: number, graceMs: number): Promise<void> {
  signalGroup(groupId, "SIGTERM");
  if (await groupEnded(groupId, graceMs)) return;
  signalGroup(groupId, "SIGKILL");
  await groupEnded(groupId, KILL_SETTLE_MS);
}

async function groupEnded(groupId: number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  let pauseMs = 2;
  while (groupRuns(groupId)) {
    if (performance.now() >= deadline) return false;
    await delay(pauseMs);
    pauseMs = Math.min(pauseMs * 2, 50);
  }
  return true;
}

/** A process as the kernel's table shows it. */
export interface ListedProcess {
  readonly processId: number;
  readonly groupId: number;
  /** `R`, `S` …; `Z` and `X` have ended. */
  readonly state: string;
  /** In ticks since boot. */
  readonly startTime: string;
}

/** Every process of this system that /proc shows; none where there is no /proc. */
export function listProcesses(): readonly ListedProcess[] {
  try {
    return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : []));
  } catch {
    return [];
  }
}

/** One process; undefined when there is none of this number, or no /proc. */
export function readProcess(processId: number): ListedProcess | undefined {
  try {
    // The second field is the program's name in parentheses and may itself contain some.
    const stat = readFileSync(`/proc/${processId}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { processId, state: fields[0] ?? "", groupId: Number(fields[2]), startTime: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}
