import { statfs } from "node:fs/promises";
import type { Result } from "../model/failure.ts";
import { privateCacheBytes } from "./cache.ts";
import { isLocalEngine } from "./endpoint.ts";
import type { DiskUsage } from "./engine-answers.ts";
import type { Engine, EngineOptions } from "./engine.ts";

/** Space of a file system. */
export interface DiskSpace {
  /** What a process without root's reserve can still write. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

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
 * Space where the engine keeps its data; undefined when the engine is on another host (tcp, ssh, or a virtual machine whose
 * directory does not exist here).
 */
export async function engineDiskFree(
  engine: Engine,
  options: EngineOptions = {},
): Promise<Result<DiskSpace | undefined>> {
  if (!isLocalEngine(engine.endpoint)) return { ok: true, value: undefined };
  const info = await engine.info(options);
  if (!info.ok) return info;
  return { ok: true, value: await loadDiskFree(info.value.rootDirectory) };
}

/**
 * What images and private cache take by the engine's own accounting. On the graph driver the difference before and after a
 * clean-up equals the prediction to the byte; the disk itself gains 1 to 3 % more.
 */
export function accountedBytes(usage: DiskUsage): number {
  return usage.layersBytes + privateCacheBytes(usage.cache);
}
