import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { renderCommandsPage } from "./generate/commands-page.ts";
import { renderDiagnosticsPage } from "./generate/diagnostics-page.ts";
import { eventJsonSchema } from "./generate/event-json-schema.ts";
import { documentSchemas } from "./generate/json-schema.ts";
import { renderReference } from "./generate/reference.ts";
import { generateRootHelp } from "./generate/root-help.ts";
import { renderSchemas, renderValidators } from "./generate/validators.ts";

const ROOT = path.join(import.meta.dirname, "..");

/** Every generated file with its text. */
function generateFiles(): ReadonlyMap<string, string> {
  const schemas = documentSchemas();
  return new Map([
    ["schemas/pipeline.schema.json", json(schemas.pipeline)],
    ["schemas/build-config.schema.json", json(schemas.buildConfig)],
    ["schemas/event.schema.json", json(eventJsonSchema())],
    ["src/config/generated/validators.ts", renderValidators(schemas)],
    ["src/config/generated/schemas.ts", renderSchemas(schemas)],
    ["src/cli/generated/root-help.ts", generateRootHelp()],
    ["docs/pipeline-reference.md", renderReference(schemas.pipeline, "Pipeline reference", "yaml", "pipeline")],
    [
      "docs/build-config-reference.md",
      renderReference(schemas.buildConfig, "Build configuration reference", "json", "build-config"),
    ],
    ["docs/commands.md", renderCommandsPage()],
    ["docs/diagnostics.md", renderDiagnosticsPage()],
  ]);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function current(file: string): string | undefined {
  try {
    return readFileSync(path.join(ROOT, file), "utf8");
  } catch {
    return undefined;
  }
}

/** Writes what is stale; with `check`, only names it. */
function main(check: boolean): number {
  const stale = [...generateFiles()].filter(([file, text]) => current(file) !== text);
  for (const [file, text] of stale) {
    console.log(check ? `stale: ${file}` : `written: ${file}`);
    if (check) continue;
    mkdirSync(path.dirname(path.join(ROOT, file)), { recursive: true });
    writeFileSync(path.join(ROOT, file), text);
  }
  if (!check || stale.length === 0) return 0;
  console.error("Generated files are stale. Run: make generate");
  return 1;
}

process.exitCode = main(process.argv.includes("--check"));
