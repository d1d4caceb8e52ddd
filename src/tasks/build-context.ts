import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { engineHome } from "../docker/disk-usage.ts";
import type { Engine } from "../docker/engine.ts";
import type { BakeTarget } from "../model/bake-definition.ts";
import type { Result } from "../model/failure.ts";
import type { DiskNeed } from "../model/plan.ts";
import type { TaskOf } from "../model/task.ts";
import { estimateDiskNeed } from "../plan/disk-need.ts";
import type { TaskTools } from "./task-tools.ts";

/** What a build is expected to take of the engine's disk. Its build context is looked at only where nothing better is known. */
export async function loadDiskNeed(
  { resources, bakeTarget, definition }: TaskOf<"build">,
  { past, projectDirectory }: Pick<TaskTools, "past" | "projectDirectory">,
  engine: Engine,
): Promise<Result<DiskNeed>> {
  const { diskBytes: declaredBytes } = resources;
  if (declaredBytes !== undefined) return { ok: true, value: estimateDiskNeed({ declaredBytes }) };
  const home = await engineHome(engine);
  if (!home.ok) return home;
  const measured = past?.diskNeed(bakeTarget, home.value.imageStore);
  if (measured !== undefined) return { ok: true, value: estimateDiskNeed({ measured }) };
  const contextBytes = await measureContexts(projectDirectory, definition);
  return { ok: true, value: estimateDiskNeed({ contextBytes }) };
}

/**
 * Bytes of the local build contexts of a bake target, as far as its ignore file lets them through. Roughly: patterns without their finer
 * points, no hard links, symbolic links as nothing. A directory that cannot be read counts nothing, and so does a remote context.
 */
export async function measureContexts(projectDirectory: string, target: BakeTarget): Promise<number> {
  const contexts = [target.context ?? ".", ...Object.values(target.contexts ?? {})].filter(isLocal);
  const sizes = await Promise.all(
    contexts.map(async (context) => {
      const directory = path.resolve(projectDirectory, context);
      return await measureDirectory(directory, "", await loadIgnored(directory, target.dockerfile));
    }),
  );
  return sizes.reduce((total, size) => total + size, 0);
}

/** Not `target:`, `docker-image://`, `https://`, `git@…`. */
function isLocal(context: string): boolean {
  return !/^(target:|[a-z-]+:\/\/|git@|-$)/.test(context);
}

type Ignored = (relativePath: string) => boolean;

async function measureDirectory(root: string, relative: string, ignored: Ignored): Promise<number> {
  let bytes = 0;
  const entries = await readdir(path.join(root, relative), { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const name = relative === "" ? entry.name : `${relative}/${entry.name}`;
    if (entry.isDirectory()) bytes += ignored(name) ? 0 : await measureDirectory(root, name, ignored);
    else if (entry.isFile() && !ignored(name)) {
      bytes += await stat(path.join(root, name)).then(
        ({ size }) => size,
        () => 0,
      );
    }
  }
  return bytes;
}

async function loadIgnored(directory: string, dockerfile = "Dockerfile"): Promise<Ignored> {
  const own = path.resolve(directory, `${dockerfile}.dockerignore`);
  const text = await readFile(own, "utf8")
    .catch(async () => await readFile(path.join(directory, ".dockerignore"), "utf8"))
    .catch(() => "");
  return parseIgnored(text);
}

/** Reads an ignore file: the last pattern that matches decides, and what lies in an ignored directory is ignored. */
export function parseIgnored(text: string): Ignored {
  const rules = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const again = line.startsWith("!");
      const pattern = (again ? line.slice(1).trim() : line).replace(/^\.?\/+/, "").replace(/\/+$/, "");
      return { again, matches: patternExpression(pattern) };
    });
  return (relativePath) => rules.findLast(({ matches }) => matches.test(relativePath))?.again === false;
}

/** `**` for any directories, `*` and `?` within a name; a match of a directory is one of everything in it. */
function patternExpression(pattern: string): RegExp {
  const source = pattern.replaceAll(/\*\*\/|\*\*|\*|\?|[^*?]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    return part.replace(/[\\^$.|+()[\]{}]/, String.raw`\$&`);
  });
  return new RegExp(`^${source}(?:/.*)?$`);
}
