import { readFileSync, readlinkSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import type { LockOwner, ProcessIdentity } from "../model/journal.ts";
import { readProcess } from "./process-group.ts";

/** The running system that process numbers belong to; two are one only where both texts are known and equal. */
export type SystemIdentity = Pick<LockOwner, "host" | "user" | "bootId" | "processNamespace">;

/** A process by its number; undefined when there is none. Without /proc the start is unknown. */
export function identifyProcess(processId: number): ProcessIdentity | undefined {
  const listed = readProcess(processId);
  if (listed !== undefined) return { processId, startTime: listed.startTime };
  return process.platform !== "linux" && answersSignals(processId) ? { processId, startTime: "" } : undefined;
}

/** Whether this very process still runs: the number may belong to another one by now. A zombie does not run. */
export function isRunning({ processId, startTime }: ProcessIdentity): boolean {
  if (process.platform !== "linux") return answersSignals(processId);
  const listed = readProcess(processId);
  if (listed === undefined || listed.state === "Z" || listed.state === "X") return false;
  return startTime === "" || listed.startTime === startTime;
}

/** The system that this process runs on. */
export function identifySystem(): SystemIdentity {
  return {
    host: hostname(),
    user: userName(),
    bootId: orEmpty(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    processNamespace: orEmpty(() => readlinkSync("/proc/self/ns/pid")),
  };
}

/** This process as the owner of a lock. */
export function createLockOwner(deployId: string, nowMs: number): LockOwner {
  const self = identifyProcess(process.pid) ?? { processId: process.pid, startTime: "" };
  return { ...self, ...identifySystem(), deployId, sinceMs: nowMs };
}

/** Whether process numbers of the owner mean the same here. */
export function sharesSystem(owner: SystemIdentity, here: SystemIdentity): boolean {
  if (owner.bootId === "" || owner.processNamespace === "") return false;
  return owner.bootId === here.bootId && owner.processNamespace === here.processNamespace;
}

/** Signal 0 asks for a process without touching it; EPERM means that it is somebody else's, and alive. */
function answersSignals(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** A container may run as a user that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
