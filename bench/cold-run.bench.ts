/**
 * What running through orchestrate adds to a cold build: the shop's three images, every step built anew, as one
 * `docker buildx bake` and as `orchestrate build` (one bake process for each bake target, events, logs, summary).
 * Bar: <= 1.05. Needs a running engine; takes some minutes.
 */
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

const ROUNDS = Number(process.env["ROUNDS"] ?? 5);
const ROOT = path.join(import.meta.dirname, "..");
const PROGRAM = path.join(ROOT, "dist/orchestrate.cjs");
const TARGETS = ["frontend", "backend", "ml"];
const BAKE = "docker buildx bake";
const OURS = "orchestrate build";

const contenders = [
  {
    name: BAKE,
    // rawjson, as orchestrate asks for it too, lets bake read what docker-bake.override.hcl names without asking.
    measure: () =>
      timeSuccess("docker", ["buildx", "bake", "--no-cache", "--progress=rawjson", ...TARGETS], {
        workingDirectory: ROOT,
      }).durationMs,
  },
  {
    name: OURS,
    measure: () =>
      timeSuccess(process.execPath, [PROGRAM, "build", "--no-cache", "--clean", "none", "--concurrency", "8"], {
        workingDirectory: ROOT,
      }).durationMs,
  },
];
const samples = await measureInterleaved(contenders, { rounds: ROUNDS });

console.log(`cold build of the shop, medians of ${ROUNDS} interleaved rounds`);
console.log(
  renderTable(
    ["command", "median", "each round"],
    contenders.map(({ name }) => [
      name,
      formatMs(median(samplesOf(samples, name))),
      samplesOf(samples, name)
        .map((cost) => (cost / 1_000).toFixed(1))
        .join(" "),
    ]),
  ),
);
console.log("");
judgeBars([{ name: `${OURS} / ${BAKE}`, ratio: medianRatio(samples, OURS, BAKE), limit: 1.05 }]);
