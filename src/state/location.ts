import { createHash } from "node:crypto";
import path from "node:path";

/** What the place of a project's state depends on. Nothing else is looked at. */
export interface StateSurroundings {
  /** `ORCHESTRATE_STATE_DIR` and `XDG_STATE_HOME` are read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  readonly project: string;
  /** Absolute and without symbolic links, so that one project has one state whatever way leads to it. */
  readonly projectRealPath: string;
}

/**
 * The directory of a project's state: `<base>/<project>-<hash of the real path>`, where the base is `$ORCHESTRATE_STATE_DIR`,
 * or `orchestrate` in `$XDG_STATE_HOME` or in `~/.local/state`. Outside the project by default, so it never is part of a build
 * context. Relative values are read as users mean and as the XDG specification demands: the former from the project, the
 * latter is ignored.
 */
export function resolveStateDirectory(surroundings: StateSurroundings): string {
  const { environment, homeDirectory, project, projectRealPath } = surroundings;
  const own = environment["ORCHESTRATE_STATE_DIR"];
  const name = `${fileSafe(project)}-${createHash("sha256").update(projectRealPath).digest("hex").slice(0, 12)}`;
  if (own !== undefined && own !== "") return path.join(path.resolve(projectRealPath, own), name);
  const xdg = environment["XDG_STATE_HOME"];
  const base = xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(homeDirectory, ".local", "state");
  return path.join(base, "orchestrate", name);
}

/** The name only helps people; the hash tells projects apart. */
function fileSafe(project: string): string {
  const safe = project
    .replaceAll(/[^A-Za-z0-9_.-]+/g, "-")
    .replace(/^\.+/, "")
    .slice(0, 60);
  return safe === "" ? "project" : safe;
}
