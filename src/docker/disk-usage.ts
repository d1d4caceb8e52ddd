import { statfs } from "node:fs/promises";
import type { Result } from "../model/failure.ts";
import type { DiskSpace, EngineObservation } from "../model/observation.ts";
import { privateCacheBytes } from "./cache.ts";
import { isLocalEngine } from "./endpoint.ts";
import type { EngineEndpoint } from "./endpoint.ts";
import type { EngineInfo } from "./engine-answers.ts";
import type { Engine, EngineOptions } from "./engine.ts";

export type { DiskSpace };

/** Space of the file system that holds a path; undefined when the path does not exist here. */
export async function loadDiskFree(path: string): Promise<DiskSpace | undefined> {
  try {
    const { bavail, blocks, bsize } = await statfs(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return undefined;
  }
}

/**
 * Space where the engine keeps its data: by statfs here, and behind ssh by `df` on the engine's host, through the login that
 * carries the connection. Undefined where it cannot be measured: an engine behind tcp, a virtual machine whose directory does not
 * exist here, a login that runs no commands.
 */
export async function loadEngineDisk(
  endpoint: EngineEndpoint,
  { rootDirectory }: Pick<EngineInfo, "rootDirectory">,
): Promise<DiskSpace | undefined> {
  if (isLocalEngine(endpoint)) return await loadDiskFree(rootDirectory);
  if (endpoint.runThere === undefined) return undefined;
  const told = await endpoint.runThere(["df", "-Pk", rootDirectory]);
  return told === undefined ? undefined : parseDiskFree(told);
}

/** Reads what POSIX `df -Pk` prints of one file system: kibibytes, what is available without root's reserve. */
export function parseDiskFree(output: string): DiskSpace | undefined {
  const columns = /\s(\d+)\s+\d+\s+(\d+)\s+\d+%\s+\/.*$/.exec(output.trimEnd());
  const [, total, free] = columns ?? [];
  if (total === undefined || free === undefined) return undefined;
  return { freeBytes: Number(free) * 1_024, totalBytes: Number(total) * 1_024 };
}

/** Where engines keep their data, and how: it never changes while one runs. */
export type EngineHome = Pick<EngineInfo, "rootDirectory" | "imageStore">;

const homes = new WeakMap<Engine, EngineHome>();

/** Asked once for each engine. */
export async function engineHome(engine: Engine, options: EngineOptions = {}): Promise<Result<EngineHome>> {
  const known = homes.get(engine);
  if (known !== undefined) return { ok: true, value: known };
  const info = await engine.info(options);
  if (info.ok) homes.set(engine, info.value);
  return info;
}

/** {@link loadEngineDisk} of an engine of which nothing else is asked; one system call when it is asked again. */
export async function engineDiskFree(
  engine: Engine,
  options: EngineOptions = {},
): Promise<Result<DiskSpace | undefined>> {
  const home = await engineHome(engine, options);
  if (!home.ok) return home;
  return { ok: true, value: await loadEngineDisk(engine.endpoint, home.value) };
}

/**
 * What images and private cache take by the engine's own accounting, on the graph driver. The difference before and after a
 * clean-up equals the prediction to the byte; the disk itself gains 1 to 3 % more.
 */
export function accountedBytes({ layersBytes = 0, cache }: Pick<EngineObservation, "layersBytes" | "cache">): number {
  return layersBytes + privateCacheBytes(cache);
}
