import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { formatByteSize } from "../src/model/byte-size.ts";
import type { CompileCost } from "./compile-once.ts";
import { makeLayeredProject, writeLayeredProject } from "./layered-project.ts";
import { formatMs, judgeBars, measureInterleaved, median, medianRatio, renderTable, timeSuccess } from "./measure.ts";
import type { Samples } from "./measure.ts";

/**
 * From YAML text to the task graph for 1,000 and 10,000 tasks: ten times the tasks may cost ten times the time and memory.
 * The tolerance covers what is not the program's growth: a larger heap is collected more often and fits no cache.
 *
 *     node bench/compile.bench.ts [rounds]
 */
const SIZES = [1_000, 10_000] as const;
const TOLERANCE = 1.2;
const MEASURES = ["resolveMs", "compileMs", "warmCompileMs", "wholeMs", "peakBytes", "keptBytes"] as const;

type Measure = (typeof MEASURES)[number];
type Costs = Readonly<Record<Measure, number>>;

const rounds = Number(process.argv[2] ?? 7);
const root = mkdtempSync(path.join(tmpdir(), "orchestrate-compile-"));
try {
  await run();
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const recorded = new Map<number, Costs[]>();
  const contenders = SIZES.map((size) => {
    const directory = prepare(size);
    return {
      name: String(size),
      measure: () => {
        const costs = compileOnce(directory);
        recorded.set(size, [...(recorded.get(size) ?? []), costs]);
        return costs.wholeMs;
      },
    };
  });
  await measureInterleaved(contenders, { rounds, warmups: 1 });
  // The unrecorded round comes first.
  report(new Map([...recorded].map(([size, costs]) => [size, costs.slice(1)])));
}

function prepare(size: number): string {
  const directory = path.join(root, String(size));
  const project = makeLayeredProject(size);
  mkdirSync(directory);
  writeLayeredProject(directory, project);
  writeFileSync(path.join(directory, "bake.json"), JSON.stringify(project.definition));
  return directory;
}

function compileOnce(directory: string): Costs {
  const script = path.join(import.meta.dirname, "compile-once.ts");
  const { stdout } = timeSuccess(process.execPath, ["--expose-gc", script, directory]);
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- printed by compile-once.ts
  const cost = JSON.parse(stdout) as CompileCost;
  return { ...cost, wholeMs: cost.resolveMs + cost.compileMs };
}

function report(recorded: ReadonlyMap<number, readonly Costs[]>): void {
  const [small, large] = SIZES;
  const rows = MEASURES.map((measure) => {
    const samples = samplesOf(recorded, measure);
    const ratio = medianRatio(samples, String(large), String(small));
    const cells = SIZES.map((size) => formatCost(measure, median(samples.get(String(size)) ?? [])));
    return { measure, ratio, cells };
  });
  console.log(
    renderTable(
      ["median", ...SIZES.map((size) => `${size} tasks`), "growth", "per task"],
      rows.map(({ measure, ratio, cells }) => [
        measure,
        ...cells,
        `${ratio.toFixed(2)} x`,
        `${(ratio / (large / small)).toFixed(2)} x`,
      ]),
    ),
  );
  console.log(
    `${rounds} interleaved rounds, each in a fresh process; growth is the median of the ratios within a round\n`,
  );
  const limit = (large / small) * TOLERANCE;
  judgeBars(rows.map(({ measure, ratio }) => ({ name: `growth of ${measure}`, ratio, limit })));
}

function samplesOf(recorded: ReadonlyMap<number, readonly Costs[]>, measure: Measure): Samples {
  return new Map([...recorded].map(([size, costs]) => [String(size), costs.map((cost) => cost[measure])]));
}

function formatCost(measure: Measure, value: number): string {
  return measure.endsWith("Bytes") ? formatByteSize(value) : formatMs(value);
}
