/**
 * What looking at disk use costs on an engine with 200 images and 2,000 cache records: `orchestrate usage` and
 * `orchestrate clean --dry-run` against `docker system df -v`, whole processes. Bars: both <= 1.5.
 */
import path from "node:path";
import { CrowdedEngine } from "./crowded-engine.ts";
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

const ROUNDS = 15;
const LIMIT = 1.5;
const PROGRAM = path.join(import.meta.dirname, "../dist/orchestrate.cjs");
const BASELINE = "docker system df -v";

await using crowded = await CrowdedEngine.create({ services: 4, imagesPerService: 50, steps: 10 });
const { images, records } = await crowded.count();
const contender = (name: string, command: string, words: readonly string[]): Contender => ({
  name,
  measure: () =>
    timeSuccess(command, words, {
      workingDirectory: crowded.directory,
      environment: {
        ...crowded.engine.environment,
        XDG_CACHE_HOME: path.join(crowded.directory, ".cache"),
        ORCHESTRATE_STATE_DIR: path.join(crowded.directory, ".state"),
      },
    }).durationMs,
});

const contenders = [
  contender(BASELINE, "docker", ["system", "df", "-v"]),
  contender("usage", process.execPath, [PROGRAM, "usage"]),
  contender("clean --dry-run", process.execPath, [PROGRAM, "clean", "--dry-run"]),
];
const samples = await measureInterleaved(contenders, { rounds: ROUNDS, warmups: 2 });
console.log(`disk use of ${images} images and ${records} cache records, medians of ${ROUNDS} interleaved rounds`);
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
  { name: "usage", ratio: medianRatio(samples, "usage", BASELINE), limit: LIMIT },
  { name: "clean --dry-run", ratio: medianRatio(samples, "clean --dry-run", BASELINE), limit: LIMIT },
]);
