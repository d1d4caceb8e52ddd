import path from "node:path";
import { describe, expect, it } from "vitest";
import { findImportCycle, loadImportGraph, parseImports } from "../rig/import-graph.ts";
import type { ImportGraph } from "../rig/import-graph.ts";

/** Which folders of src a folder may import from, besides itself. This table is the architecture. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  model: [],
  config: ["model"],
  graph: ["model"],
  plan: ["model"],
  run: ["model"],
  docker: ["model"],
  state: ["model"],
  report: ["model"],
  tasks: ["model", "plan", "docker"],
  monitor: ["model", "plan", "docker", "report"],
  cli: ["model", "config", "graph", "plan", "run", "docker", "state", "report", "tasks", "monitor"],
  "main.ts": ["cli"],
  "index.ts": ["model", "config", "graph", "plan", "run", "docker", "report"],
};

/** Libraries that exactly one place may import (a folder ends with `/`). Everything else is imported nowhere. */
const IMPORTERS: Readonly<Record<string, string>> = {
  execa: "docker/command.ts",
  listr2: "report/live.ts",
  "@dagrejs/graphlib": "graph/",
  commander: "cli/",
  "js-yaml": "config/",
  zod: "",
  "node:sqlite": "state/",
  "node:child_process": "docker/",
  "node:http": "docker/",
  ajv: "nowhere: validators are compiled ahead by scripts/",
};

/** The one import from outside src: the version stands in package.json alone. */
const MANIFEST = "cli/version.ts ../package.json";

const ROOT = path.join(import.meta.dirname, "../../src");

function folderOf(module: string): string {
  return module.split("/")[0] ?? module;
}

/** Every breach of the tables above, one sentence each. */
function findBreaches(graph: ImportGraph): string[] {
  const breaches: string[] = [];
  for (const [module, imports] of graph.modules) {
    const from = folderOf(module);
    const allowed = ALLOWED[from];
    if (allowed === undefined) breaches.push(`${module}: the folder ${from} is not in the table`);
    for (const target of imports) {
      const to = folderOf(target);
      if (`${module} ${target}` === MANIFEST) continue;
      if (!graph.modules.has(target)) breaches.push(`${module} imports ${target}, which does not exist`);
      else if (to !== from && allowed?.includes(to) !== true) breaches.push(`${module} imports ${target}`);
    }
  }
  for (const [module, packages] of graph.packages) {
    for (const name of packages) {
      const importer = Object.entries(IMPORTERS).find(
        ([library]) => name === library || name.startsWith(`${library}/`),
      )?.[1];
      if (importer === undefined && !name.startsWith("node:")) {
        breaches.push(`${module} imports ${name}, which no table entry allows`);
      }
      if (importer !== undefined && importer !== "" && !module.startsWith(importer))
        breaches.push(`${module} imports ${name}`);
    }
  }
  return breaches;
}

describe("architecture", () => {
  const graph = loadImportGraph(ROOT);

  it("reads the whole tree", () => {
    expect(graph.modules.size).toBeGreaterThan(15);
    expect([...graph.modules.values()].flat().length).toBeGreaterThan(15);
  });

  it("imports only what the table allows", () => {
    expect(findBreaches(graph)).toEqual([]);
  });

  it("has no import cycle, type imports included", () => {
    expect(findImportCycle(graph.modules)).toBeUndefined();
  });

  it("sees a planted breach, a planted library and a planted cycle", () => {
    const plantedImport = plant(
      graph,
      "run/planted.ts",
      `import type { X } from "../docker/engine.ts";`,
      "docker/engine.ts",
    );
    expect(findBreaches(plantedImport)).toContain("run/planted.ts imports docker/engine.ts");

    const plantedLibrary = plant(graph, "tasks/planted.ts", `const { execa } = await import("execa");`);
    expect(findBreaches(plantedLibrary)).toContain("tasks/planted.ts imports execa");

    const modules = new Map([
      ["model/a.ts", parseImports("model/a.ts", `import type { B } from "./b.ts";`).local],
      ["model/b.ts", parseImports("model/b.ts", `export { type A } from "./a.ts";`).local],
    ]);
    expect(findImportCycle(modules)).toEqual(["model/a.ts", "model/b.ts", "model/a.ts"]);
  });
});

/** The same graph with one module more. */
function plant(graph: ImportGraph, module: string, text: string, target?: string): ImportGraph {
  const { local, external } = parseImports(module, text);
  const modules = new Map(graph.modules).set(module, local);
  if (target !== undefined && !modules.has(target)) modules.set(target, []);
  return { modules, packages: new Map(graph.packages).set(module, external) };
}
