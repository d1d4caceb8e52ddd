import { formatByteSize } from "../src/model/byte-size.ts";
import { soakDisk, soakPlainBake } from "../test/rig/disk-soak.ts";
import type { DiskRound } from "../test/rig/disk-soak.ts";
import { setup } from "../test/rig/fresh-bundle.ts";

/**
 * Builds changed sources again and again on an engine with a small disk of its own, and looks at the disk meanwhile. Prints a table.
 *
 *     node bench/disk-soak.ts [--runs 60] [--store containerd] [--builds 2] [--apart] [--disk 3000] [--source 100]
 *
 * --store containerd   keep images in containerd instead of the graph driver
 * --builds N           bake targets that are built at once
 * --apart              each in a process of its own
 * --disk, --source     size of the disk and of each source, MB
 * --control            only the control: plain `docker buildx bake`, which must run out of space
 * Exit code 1 when a run failed, when less than the minimum was free at any moment, when an image is gone that must stay, or when the
 * control did not fail.
 */
function option(name: string, fallback: number): number {
  const place = process.argv.indexOf(`--${name}`);
  return place === -1 ? fallback : Number(process.argv[place + 1] ?? fallback);
}

const minFreeBytes = 200e6;
const options = {
  runs: option("runs", 60),
  diskBytes: option("disk", 3_000) * 1e6,
  sourceBytes: option("source", 100) * 1e6,
  minFreeBytes,
  containerdStore: process.argv.includes("containerd"),
  builds: option("builds", 1),
  apart: process.argv.includes("--apart"),
};

function tell({ round, exitCodes, durationMs, leastFreeBytes, images, missing, output }: DiskRound): void {
  const cells = [
    String(round).padStart(5),
    `${(durationMs / 1_000).toFixed(1)} s`.padStart(8),
    formatByteSize(leastFreeBytes).padStart(10),
    String(images).padStart(7),
    String(missing.length).padStart(8),
    `  ${exitCodes.join(" ")}`,
  ];
  console.log(cells.join(""));
  if (output !== "") console.log(output);
}

const removeBundle = setup();
if (process.argv.includes("--control")) {
  const failed = await soakPlainBake(options);
  console.log(failed === undefined ? "never failed" : `failed in round ${failed.round}: ${failed.said.slice(-400)}`);
  process.exitCode = failed === undefined ? 1 : 0;
} else {
  console.log("round    time least free images  missing  exit codes");
  const rounds = await soakDisk({ ...options, onRound: tell });
  const least = Math.min(...rounds.map(({ leastFreeBytes }) => leastFreeBytes));
  const good =
    rounds.length === options.runs &&
    least >= minFreeBytes &&
    rounds.every(({ exitCodes, missing }) => missing.length === 0 && exitCodes.every((code) => code === 0));
  console.log(`${rounds.length} rounds; least free ${formatByteSize(least)}, minimum ${formatByteSize(minFreeBytes)}`);
  process.exitCode = good ? 0 : 1;
}
removeBundle();
