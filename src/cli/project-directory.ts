import { existsSync } from "node:fs";
import path from "node:path";
import type { Options } from "./command-declaration.ts";
import type { Surroundings } from "./surroundings.ts";

/** What marks the directory of a project, in the order in which they are looked for. */
const MARKS = ["pipelines", "docker/build-config.json", "docker-bake.hcl", "docker-bake.json"] as const;

/**
 * The project's directory: that of `--directory`, else the nearest one upwards from where the command was started that has
 * pipelines or a bake file, else where it was started.
 */
export function findProjectDirectory(options: Options, surroundings: Surroundings): string {
  const named = options.text("directory");
  if (named !== undefined) return path.resolve(surroundings.cwd, named);
  let directory = surroundings.cwd;
  for (;;) {
    const candidate = directory;
    if (MARKS.some((mark) => existsSync(path.join(candidate, mark)))) return candidate;
    const parent = path.dirname(directory);
    if (parent === directory) return surroundings.cwd;
    directory = parent;
  }
}
