import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { Result } from "../model/failure.ts";
import { commandFailure, runCommand } from "./command.ts";
import { configDirectory } from "./endpoint.ts";

/** The plugins of the docker command line that are used here. */
export type PluginName = "buildx" | "compose";

/** Directories of plugins in the order in which docker looks, after `~/.docker/cli-plugins`. */
const SYSTEM_DIRECTORIES = [
  "/usr/local/lib/docker/cli-plugins",
  "/usr/local/libexec/docker/cli-plugins",
  "/usr/lib/docker/cli-plugins",
  "/usr/libexec/docker/cli-plugins",
];

/** How a plugin is started, which differs from what is shown. */
export interface Plugin {
  readonly name: PluginName;
  /** The first words of the argument list. */
  readonly command: readonly [string, ...string[]];
}

/** Where to look; defaults are the surroundings of this process. */
export interface PluginSources {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory?: string;
  readonly systemDirectories?: readonly string[];
}

/**
 * The plugin's own binary, because `docker buildx` starts itself and the plugin twice (100 ms for nothing); `docker NAME` where
 * none is found, which also works where docker keeps its plugins elsewhere. What users are shown stays `docker buildx …`.
 */
export function findPlugin(name: PluginName, sources: PluginSources = {}): Plugin {
  const environment = sources.environment ?? process.env;
  const own = path.join(configDirectory(environment, sources.homeDirectory ?? homedir()), "cli-plugins");
  for (const directory of [own, ...(sources.systemDirectories ?? SYSTEM_DIRECTORIES)]) {
    const file = path.join(directory, `docker-${name}`);
    if (isExecutable(file)) return { name, command: [file] };
  }
  return { name, command: ["docker", name] };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A version as printed, and its numbers for comparison. */
export interface PluginVersion {
  readonly text: string;
  readonly major: number;
  readonly minor: number;
}

/** The plugin's version; fails with command-not-found or command-failed where it is missing. */
export async function loadPluginVersion(plugin: Plugin, signal?: AbortSignal): Promise<Result<PluginVersion>> {
  const result = await runCommand(
    {
      arguments: [...plugin.command, "version"],
      shownAs: `docker ${plugin.name} version`,
      captureBytes: 4_096,
    },
    signal === undefined ? {} : { signal },
  );
  const failure = commandFailure(result);
  if (failure !== undefined) return { ok: false, failure };
  const version = parsePluginVersion(result.stdout);
  if (version !== undefined) return { ok: true, value: version };
  return { ok: false, failure: { reason: "command-failed", evidence: result.evidence } };
}

/** Reads `github.com/docker/buildx v0.29.1 abc…` and `Docker Compose version v2.40.3`. */
export function parsePluginVersion(output: string): PluginVersion | undefined {
  const match = /\bv?((\d+)\.(\d+)(?:\.\d+)?\S*)/.exec(output);
  if (match === null) return undefined;
  return { text: match[1] ?? "", major: Number(match[2]), minor: Number(match[3]) };
}
