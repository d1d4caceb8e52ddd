import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ReleaseTools } from "../tasks/task-tools.ts";
import type { BuildConfig } from "../model/build-config.ts";
import { findStateDirectory } from "./history.ts";
import type { History } from "./history.ts";
import type { Surroundings } from "./surroundings.ts";

/** What deploys through a router need of the project's state. */
export function releaseTools(
  project: { readonly directory: string; readonly buildConfig: BuildConfig },
  surroundings: Surroundings,
  { journal }: History,
  runId: string,
  lockTimeoutMs?: number,
): ReleaseTools {
  const error = "the project's state cannot be opened, so no deploy could be recorded";
  return {
    runId,
    journal:
      journal === undefined
        ? { ok: false, failure: { reason: "journal-failed", error } }
        : { ok: true, value: journal },
    secretKey: loadSecretKey(findStateDirectory(project, surroundings)),
    ...(lockTimeoutMs === undefined ? {} : { lockTimeoutMs }),
  };
}

/**
 * The project's key on this machine, made when it is first asked for, readable by its owner only. Where it cannot be kept each
 * run has its own: then nothing counts as unchanged.
 */
function loadSecretKey(directory: string): string {
  const file = path.join(directory, "secret.key");
  const key = randomBytes(32).toString("hex");
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // Two commands may be the first at once: only one of them makes it.
    writeFileSync(file, key, { flag: "wx", mode: 0o600 });
    return key;
  } catch {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return key;
    }
  }
}
