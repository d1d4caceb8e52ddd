import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

/** The imports of a source tree: every module with the modules and packages it names, type imports included. */
export interface ImportGraph {
  /** Module path relative to the root -> imported module paths (relative to the root) in order of appearance. */
  readonly modules: ReadonlyMap<string, readonly string[]>;
  /** Module path -> imported packages; builtins keep their `node:` prefix. */
  readonly packages: ReadonlyMap<string, readonly string[]>;
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?\bfrom\s*["']([^"']+)["']|\bimport\s*\(\s*["']([^"']+)["']\s*\)|(?:^|\n)\s*import\s*["']([^"']+)["']/g;

/** Reads every `.ts` file below `root`. */
export function loadImportGraph(root: string): ImportGraph {
  const modules = new Map<string, string[]>();
  const packages = new Map<string, string[]>();
  for (const entry of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (!entry.endsWith(".ts")) continue;
    const file = entry.split(path.sep).join("/");
    const { local, external } = parseImports(file, readFileSync(path.join(root, entry), "utf8"));
    modules.set(file, local);
    packages.set(file, external);
  }
  return { modules, packages };
}

/** The imports that a module's text names. */
export function parseImports(file: string, text: string): { local: string[]; external: string[] } {
  const local: string[] = [];
  const external: string[] = [];
  for (const match of withoutComments(text).matchAll(IMPORT)) {
    const specifier = match[1] ?? match[2] ?? match[3] ?? "";
    if (specifier.startsWith(".")) local.push(path.posix.join(path.posix.dirname(file), specifier));
    else external.push(specifier);
  }
  return { local, external };
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

/** A cycle as the list of its modules, the first repeated at the end; undefined when there is none. */
export function findImportCycle(modules: ImportGraph["modules"]): readonly string[] | undefined {
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (module: string): readonly string[] | undefined => {
    const at = trail.indexOf(module);
    if (at !== -1) return [...trail.slice(at), module];
    if (done.has(module)) return undefined;
    trail.push(module);
    for (const next of modules.get(module) ?? []) {
      const cycle = visit(next);
      if (cycle !== undefined) return cycle;
    }
    trail.pop();
    done.add(module);
    return undefined;
  };
  for (const module of modules.keys()) {
    const cycle = visit(module);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
