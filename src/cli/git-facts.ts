import type { GitFacts } from "../config/scope.ts";
import { runCommand } from "../docker/command.ts";

/** What `${git.…}` offers. Empty where the directory is in no repository, or git is not installed. */
export async function inspectGit(directory: string): Promise<GitFacts> {
  const [sha, branch, changes] = await Promise.all([
    readGit(directory, ["rev-parse", "HEAD"]),
    readGit(directory, ["rev-parse", "--abbrev-ref", "HEAD"]),
    readGit(directory, ["status", "--porcelain"]),
  ]);
  if (sha === undefined) return {};
  return {
    sha,
    shortSha: sha.slice(0, 12),
    ...(branch === undefined ? {} : { branch }),
    ...(changes === undefined ? {} : { dirty: String(changes !== "") }),
  };
}

async function readGit(directory: string, args: readonly string[]): Promise<string | undefined> {
  const result = await runCommand({
    arguments: ["git", ...args],
    workingDirectory: directory,
    captureBytes: 1_000_000,
  });
  return result.outcome === "exited" && result.exitCode === 0 ? result.stdout.trim() : undefined;
}
