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

function listProcesses(): { readonly state: string; readonly groupId: number }[] {
  const found: { readonly state: string; readonly groupId: number }[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // The second field is the program's name in parentheses and may itself contain some.
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      found.push({ state: fields[0] ?? "", groupId: Number(fields[2]) });
    } catch {
      // It ended while the list was read.
    }
  }
  return found;
}
