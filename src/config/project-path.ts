import path from "node:path";

/**
 * A written path as one relative to the project directory, with forward slashes. `base` is the directory that it is relative
 * to, itself relative to the project directory. Undefined when the path leaves the project.
 */
export function resolveProjectPath(base: string, written: string, projectDirectory: string): string | undefined {
  const absolute = path.resolve(projectDirectory, base, written);
  const relative = path.relative(projectDirectory, absolute).split(path.sep).join("/");
  if (relative === "") return ".";
  return relative === ".." || relative.startsWith("../") || path.isAbsolute(relative) ? undefined : relative;
}
