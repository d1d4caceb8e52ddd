import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../../src/cli/command-table.ts";
import { parseProject } from "../../../src/config/project.ts";
import { inspectProject } from "../../../src/config/resolve-project.ts";

const ROOT = path.join(import.meta.dirname, "../../..");

/** Every page that users or contributors read. */
const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(path.join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
  "examples/shop/README.md",
  "examples/light/README.md",
];

function read(page: string): string {
  return readFileSync(path.join(ROOT, page), "utf8");
}

describe.each(PAGES)("%s", (page) => {
  const text = read(page);

  it("links only to files that exist", () => {
    const links = [...text.matchAll(/\]\((?!https?:|#|<)([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? "");
    const broken = links.filter((link) => !existsSync(path.join(ROOT, path.dirname(page), link)));
    expect(broken).toEqual([]);
  });

  it("names only commands that exist", () => {
    const known = new Set([...COMMANDS.map((command) => command.name), "help", "COMMAND", "--help", "--version"]);
    const named = [...text.matchAll(/(?:`|^|\$ |bin\/)orchestrate ([A-Za-z-]+)/gm)].map((match) => match[1] ?? "");
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it("names only make targets that exist", () => {
    const makefile = read("Makefile");
    const named = [...text.matchAll(/(?:`|^)make ([a-z-]+)/gm)].map((match) => match[1] ?? "");
    expect(named.filter((name) => !new RegExp(`^${name}:`, "m").test(makefile))).toEqual([]);
  });
});

describe("README.md", () => {
  it("shows a pipeline that is valid", () => {
    const sample = /```yaml\n# (pipelines\/\S+)\n([\s\S]*?)```/.exec(read("README.md"));
    const files = new Map([
      [sample?.[1] ?? "", sample?.[2] ?? ""],
      ["docker/build-config.json", read("docker/build-config.json")],
    ]);
    const project = parseProject(ROOT, {
      listPipelines: () => [...files.keys()].filter((file) => file.startsWith("pipelines/")),
      read: (file) => files.get(file) ?? { missing: true, reason: "there is none" },
    });
    const inspected = inspectProject(project, { environment: {}, variables: {}, git: {} }, "all");
    expect(inspected.diagnostics).toEqual([]);
    expect(inspected.pipelines.map((pipeline) => pipeline.variant)).toEqual(["deploy-blue", "deploy-green"]);
  });
});
