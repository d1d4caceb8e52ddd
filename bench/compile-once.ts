import { readFileSync } from "node:fs";
import { loadProject } from "../src/config/project.ts";
import { resolveProject } from "../src/config/resolve-project.ts";
import { bakeQueries } from "../src/graph/bake-query.ts";
import type { BakeAnswer } from "../src/graph/bake-query.ts";
import { compileGraph } from "../src/graph/compile.ts";
import type { BakeDefinition } from "../src/model/bake-definition.ts";
import { median } from "./measure.ts";

/**
 * The child of compile.bench.ts: reads the project in the directory given as first argument, compiles it, and prints what
 * that cost as JSON. It runs in a process of its own so that the peak memory is its own.
 */
export interface CompileCost {
  readonly tasks: number;
  /** Reading, parsing, validating and resolving the files; the first time in the process. */
  readonly resolveMs: number;
  /** From resolved pipelines to the graph; the first time in the process. */
  readonly compileMs: number;
  /** The same once the code is warm: median of fifteen. */
  readonly warmCompileMs: number;
  /** Growth of the largest resident set while resolving and compiling for the first time. */
  readonly peakBytes: number;
  /** What the graph and the resolved pipeline keep in the heap. */
  readonly keptBytes: number;
}

const directory = process.argv[2] ?? ".";
const definition = parseDefinition(readFileSync(`${directory}/bake.json`, "utf8"));
globalThis.gc?.();
const heapBefore = process.memoryUsage().heapUsed;
const residentBefore = process.resourceUsage().maxRSS * 1024;

const start = performance.now();
const project = loadProject(directory);
const resolved = resolveProject(project, { environment: {}, variables: {}, git: {} }, ["layered"]);
if (!resolved.ok) throw new Error(JSON.stringify(resolved.diagnostics.slice(0, 5)));
const { pipelines, buildConfig } = resolved.value;
const resolvedAt = performance.now();
const graph = compile();
const compiledAt = performance.now();
const peakBytes = process.resourceUsage().maxRSS * 1024 - residentBefore;
globalThis.gc?.();
const keptBytes = process.memoryUsage().heapUsed - heapBefore;

const warm: number[] = [];
for (let round = 0; round < 15; round += 1) {
  const from = performance.now();
  compile();
  warm.push(performance.now() - from);
}
const cost: CompileCost = {
  tasks: graph.tasks.size,
  resolveMs: resolvedAt - start,
  compileMs: compiledAt - resolvedAt,
  warmCompileMs: median(warm),
  peakBytes,
  keptBytes,
};
console.log(JSON.stringify(cost));

function compile() {
  const answer: BakeAnswer = { found: true, definition };
  const bake = new Map(bakeQueries(pipelines, buildConfig).map(({ key }) => [key, answer]));
  const result = compileGraph({ pipelines, buildConfig, bake });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics.slice(0, 5)));
  return result.value;
}

function parseDefinition(text: string): BakeDefinition {
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- written by compile.bench.ts a moment ago
  return JSON.parse(text) as BakeDefinition;
}
