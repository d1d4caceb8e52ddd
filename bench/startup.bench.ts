/**
 * What starting costs: `--version`, `--help` and `validate` of small and large pipelines against `node -e 0`, whole processes.
 * Bars: --version and --help <= 1.2, validate of 20 tasks <= 2.0, of 1,000 tasks <= 9.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  formatMs,
  judgeBars,
  measureInterleaved,
  median,
  medianRatio,
  renderTable,
  samplesOf,
  timeSuccess,
} from "./measure.ts";
import type { Contender } from "./measure.ts";

const ROUNDS = 21;
const PROGRAM = path.join(import.meta.dirname, "../dist/orchestrate.cjs");
const BASELINE = "node -e 0";

/** A layered pipeline: every task needs up to two of the layer before. */
function writePipeline(tasks: number): string {
  const lines = ["name: bench", "defaults:", "  build: { retry: { max: 2, on: [network], backoff: 5s } }", "tasks:"];
  const layer = Math.max(1, Math.ceil(Math.sqrt(tasks)));
  for (let index = 0; index < tasks; index += 1) {
    const needs = [index - layer, index - layer - 1].filter((before) => before >= 0).map((before) => `task-${before}`);
    lines.push(`  task-${index}:`, `    description: Task ${index} of the benchmark`);
    if (needs.length > 0) lines.push(`    needs: [${needs.join(", ")}]`);
    lines.push(
      index % 2 === 0 ? `    build: { targets: [service-${index}] }` : `    run: ["echo", "\${WHO:-task ${index}}"]`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function makeProject(root: string, tasks: number): string {
  const directory = path.join(root, `tasks-${tasks}`);
  mkdirSync(path.join(directory, "pipelines"), { recursive: true });
  writeFileSync(path.join(directory, "pipelines/bench.yaml"), writePipeline(tasks));
  return directory;
}

const root = mkdtempSync(path.join(tmpdir(), "orchestrate-bench-"));
const cache = { XDG_CACHE_HOME: path.join(root, "cache") };
const start = (name: string, words: readonly string[], workingDirectory?: string): Contender => ({
  name,
  measure: () =>
    timeSuccess(process.execPath, words, {
      environment: cache,
      ...(workingDirectory === undefined ? {} : { workingDirectory }),
    }).durationMs,
});

const contenders = [
  start(BASELINE, ["-e", "0"]),
  start("--version", [PROGRAM, "--version"]),
  start("--help", [PROGRAM, "--help"]),
  start("validate, 20 tasks", [PROGRAM, "validate"], makeProject(root, 20)),
  start("validate, 1,000 tasks", [PROGRAM, "validate"], makeProject(root, 1_000)),
];
const samples = await measureInterleaved(contenders, { rounds: ROUNDS, warmups: 3 });
rmSync(root, { recursive: true });

console.log(`start-up, medians of ${ROUNDS} interleaved rounds, Node ${process.version}`);
console.log(
  renderTable(
    ["command", "median", `/ ${BASELINE}`],
    contenders.map(({ name }) => [
      name,
      formatMs(median(samplesOf(samples, name))),
      medianRatio(samples, name, BASELINE).toFixed(2),
    ]),
  ),
);
console.log("");
judgeBars([
  { name: "--version", ratio: medianRatio(samples, "--version", BASELINE), limit: 1.2 },
  { name: "--help", ratio: medianRatio(samples, "--help", BASELINE), limit: 1.2 },
  { name: "validate, 20 tasks", ratio: medianRatio(samples, "validate, 20 tasks", BASELINE), limit: 2 },
  { name: "validate, 1,000 tasks", ratio: medianRatio(samples, "validate, 1,000 tasks", BASELINE), limit: 9 },
]);
