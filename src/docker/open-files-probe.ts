import { readFileSync, readdirSync } from "node:fs";
import { isLocalEngine } from "./endpoint.ts";
import type { EngineEndpoint } from "./endpoint.ts";
import type { HealthFinding } from "./health-finding.ts";

/** What Docker's own unit has asked for since it became small elsewhere; below it, busy entrances are at risk. */
const ENOUGH_FILES = 65_536;
/** docker-proxy holds both sides of a connection. */
const FILES_PER_CONNECTION = 2;
const DEFAULT_SOCKETS = new Set(["/var/run/docker.sock", "/run/docker.sock"]);
const PID_FILES = ["/var/run/docker.pid", "/run/docker.pid"];

/**
 * How many files the engine may open: docker-proxy, which passes the connections of a published port on, has the same limit, ends
 * for good when it is reached, and is started anew with its container only. Known where the engine is a process that /proc shows.
 */
export function probeOpenFiles(endpoint: EngineEndpoint): HealthFinding {
  const unknown = (summary: string): HealthFinding => ({ probe: "files", state: "not-probed", summary, evidence: [] });
  if (!isLocalEngine(endpoint)) return unknown("the engine is not on this machine");
  const pid = findEngineProcess(endpoint);
  const limit = pid === undefined ? undefined : readOpenFileLimit(pid);
  if (pid === undefined || limit === undefined) return unknown("the process of the engine cannot be seen from here");
  return judgeOpenFiles(limit, pid);
}

/** What a limit means. */
export function judgeOpenFiles(limit: number, pid: number): HealthFinding {
  const files = Number.isFinite(limit) ? `${limit} files` : "any number of files";
  const evidence = [`dockerd, process ${pid}: Max open files ${limit}`];
  if (limit >= ENOUGH_FILES) return { probe: "files", state: "ok", summary: `the engine may open ${files}`, evidence };
  const connections = Math.floor(limit / FILES_PER_CONNECTION);
  return {
    probe: "files",
    state: "warning",
    summary: `the engine may open only ${files}: at about ${connections} connections from this host a published port refuses all of them, until its container restarts`,
    evidence: [...evidence, "docker-proxy has the same limit and ends when it is reached (moby/moby#6402)"],
    remedy: "`sudo systemctl edit docker`: write `LimitNOFILE=1048576` under `[Service]`, then restart docker",
  };
}

/** The hard limit in the text of /proc/PID/limits, to which Go programs raise themselves; Infinity for none. */
export function parseOpenFileLimit(limits: string): number | undefined {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  if (hard === undefined) return undefined;
  return hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
}

function readOpenFileLimit(pid: number): number | undefined {
  return parseOpenFileLimit(readText(`/proc/${pid}/limits`));
}

/** The engine behind the socket: the one whose command line names it, else that of the default socket, else the only one. */
function findEngineProcess({ transport }: EngineEndpoint): number | undefined {
  const socket = transport.kind === "unix" ? transport.path : "";
  const isEngine = (pid: string): boolean => readText(`/proc/${pid}/comm`).trim() === "dockerd";
  const engines = listProcesses().filter(isEngine);
  const named = engines.find((pid) => readText(`/proc/${pid}/cmdline`).split("\0").includes(`unix://${socket}`));
  const recorded = DEFAULT_SOCKETS.has(socket) ? PID_FILES.map((file) => readText(file).trim()) : [];
  const found =
    named ?? recorded.find((pid) => engines.includes(pid)) ?? (engines.length === 1 ? engines[0] : undefined);
  return found === undefined ? undefined : Number(found);
}

function listProcesses(): readonly string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** Empty where there is no such file, or it is not for us. */
function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
