import { spawnSync } from "node:child_process";

/** One of several ways to do the same work, or one size of it. */
export interface Contender {
  readonly name: string;
  /** Does the work once and returns what it cost: milliseconds, bytes, whatever the table says. */
  measure(): number | Promise<number>;
}

/** What each contender cost, round by round: the same index is the same round. */
export type Samples = ReadonlyMap<string, readonly number[]>;

/**
 * Measures the contenders in turns, `warmups` rounds unrecorded and then `rounds` recorded ones. Each round starts with
 * another contender, so that neither a drift of the machine's load nor the place in the round favours one.
 */
export async function measureInterleaved(
  contenders: readonly Contender[],
  { rounds, warmups = 1 }: { readonly rounds: number; readonly warmups?: number },
): Promise<Samples> {
  const samples = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (let round = -warmups; round < rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(turn + round + warmups) % contenders.length];
      if (contender === undefined) continue;
      const cost = await contender.measure();
      if (round >= 0) samples.get(contender.name)?.push(cost);
    }
  }
  return samples;
}

/** The middle value, or the mean of the two middle ones. NaN for no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return (low + high) / 2;
}

/** The median of the ratios within each round: what varies from round to round cancels out. */
export function medianRatio(samples: Samples, name: string, baseline: string): number {
  const over = samplesOf(samples, baseline);
  return median(samplesOf(samples, name).map((cost, round) => cost / (over[round] ?? Number.NaN)));
}

/** The recorded costs of one contender; throws for a name that was not measured. */
export function samplesOf(samples: Samples, name: string): readonly number[] {
  const costs = samples.get(name);
  if (costs === undefined) throw new Error(`nothing measured under the name ${name}`);
  return costs;
}

/** What a process cost. */
export interface ProcessCost {
  readonly durationMs: number;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a process to its end. `NODE_EXTRA_CA_CERTS` is left out: reading it costs some Node versions more than what is
 * measured here.
 */
export function timeProcess(
  command: string,
  words: readonly string[],
  options: { readonly workingDirectory?: string; readonly environment?: Readonly<Record<string, string>> } = {},
): ProcessCost {
  const { NODE_EXTRA_CA_CERTS: _left, ...inherited } = process.env;
  const startedAt = performance.now();
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    cwd: options.workingDirectory,
    env: { ...inherited, ...options.environment },
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  const durationMs = performance.now() - startedAt;
  if (error !== undefined) throw error;
  return { durationMs, exitCode: status, stdout, stderr };
}

/** {@link timeProcess} for work that must succeed; throws with what the process said when it does not. */
export function timeSuccess(...input: Parameters<typeof timeProcess>): ProcessCost {
  const cost = timeProcess(...input);
  if (cost.exitCode === 0) return cost;
  throw new Error(`${input[0]} ${input[1].join(" ")} ended with ${cost.exitCode}\n${cost.stdout}\n${cost.stderr}`);
}

/** A figure with the most that it may be. */
export interface Bar {
  readonly name: string;
  readonly ratio: number;
  readonly limit: number;
}

/** Prints the bars and sets exit code 1 when one is broken (or could not be measured). */
export function judgeBars(bars: readonly Bar[]): void {
  const rows = bars.map(({ name, ratio, limit }) => {
    const kept = ratio <= limit;
    if (!kept) process.exitCode = 1;
    return [name, ratio.toFixed(2), `<= ${limit.toFixed(2)}`, kept ? "kept" : "BROKEN"];
  });
  console.log(renderTable(["bar", "ratio", "limit", ""], rows));
}

/** A table in plain text; the first column is aligned to the left, the others to the right. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? "")].map(lengthOf)),
  );
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) =>
        column === 0 ? (cells[column] ?? "").padEnd(width) : (cells[column] ?? "").padStart(width),
      )
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}

/** Milliseconds for a table. */
export function formatMs(durationMs: number): string {
  return `${durationMs < 10 ? durationMs.toFixed(2) : durationMs.toFixed(durationMs < 100 ? 1 : 0)} ms`;
}

function lengthOf(text: string): number {
  return text.length;
}
