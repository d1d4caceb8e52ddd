import { openEngine } from "../src/docker/engine.ts";
import { runCleanupTrial } from "../test/rig/cleanup-trial.ts";
import type { TrialReport } from "../test/rig/cleanup-trial.ts";
import { SecondEngine } from "../test/rig/second-engine.ts";

/**
 * Random trials of predictions on real engines, one for each image store. Prints a table.
 *
 *     node bench/cleanup-trials.ts [--trials 20] [--seed 1] [--store graph-driver|containerd]
 *
 * Each fills an engine with random images and cache, cleans by a random policy, and compares: removed ids, accounted bytes, and what
 * the engine's disk gained. Exit code 1 when one was not as predicted.
 */
function option(name: string, fallback: string): string {
  const place = process.argv.indexOf(`--${name}`);
  return place === -1 ? fallback : (process.argv[place + 1] ?? fallback);
}

function mega(bytes: number | undefined): string {
  return bytes === undefined ? "-" : (bytes / 1e6).toFixed(2);
}

function row(store: string, report: TrialReport): string {
  const cells = [
    store.padEnd(12),
    String(report.seed).padStart(5),
    `${report.removedImages}/${report.images}`.padStart(7),
    `${report.removedRecords}/${report.records}`.padStart(8),
    mega(report.predictedBytes).padStart(10),
    String(report.accountedBytes - report.predictedBytes).padStart(8),
    mega(report.physicalBytes).padStart(10),
    mega(report.hiddenBytes).padStart(8),
  ];
  return `${cells.join(" ")}  ${report.trouble.join(" | ") || "as predicted"}`;
}

const named = option("store", "");
const stores = ["graph-driver", "containerd"].filter((store) => named === "" || store === named);
const trials = Number(option("trials", "20"));
const seed = Number(option("seed", "1"));
process.stdout.write(
  "store         seed  images  records  predicted     off   physical   hidden  (MB; off in bytes)\n",
);
let troubles = 0;
for (const store of stores) {
  // A disk of its own: on a shared one others write while the gain is measured.
  await using second = await SecondEngine.start({ containerdStore: store === "containerd", diskBytes: 3e9 });
  const opened = await openEngine({ environment: { ...second.environment } });
  if (!opened.ok) throw new Error(JSON.stringify(opened.failure));
  await using engine = opened.value;
  for (let trial = 0; trial < trials; trial += 1) {
    const report = await runCleanupTrial(engine, seed + trial);
    if (report.trouble.length > 0) troubles += 1;
    process.stdout.write(`${row(store, report)}\n`);
  }
}
process.exitCode = troubles > 0 ? 1 : 0;
