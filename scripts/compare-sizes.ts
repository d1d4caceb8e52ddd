/**
 * Builds the shop's images both ways, what a beginner writes and the optimised Dockerfiles, and prints how much smaller
 * the optimised ones are. Every figure is read from the engine; nothing is assumed about the baselines: which base image
 * and which torch they have is looked up and printed beside the figure.
 *
 * Usage: scripts/compare-sizes.sh [--json] [--no-build]
 * Where the default index cannot be reached but pip knows folders of wheels, the CUDA baseline can be built from those:
 *   scripts/cuda-wheels.sh && ORCHESTRATE_ML=wheels scripts/compare-sizes.sh
 * Exit codes: 0 every bar that can be measured here is reached, 1 one is missed, 2 something could not be built or read.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { parseArgs } from "node:util";

const cudaWheels = "docker/base/.cache/wheelhouse-cuda";

interface BakeTarget {
  readonly tags: readonly string[];
  readonly secret?: readonly { readonly src?: string }[];
  readonly contexts?: Readonly<Record<string, string>>;
}
type BakeTargets = Readonly<Record<string, BakeTarget>>;

/** One line of the table. */
interface Row {
  readonly service: string;
  /** What the plain image is, in words that can be checked. */
  readonly baseline: string;
  readonly plainBytes: number;
  readonly optimisedBytes: number;
  /** 0.7 means 70 % smaller. */
  readonly reduction: number;
  /** The least reduction asked for; undefined where the figure is only for information. */
  readonly bar: number | undefined;
}

/** A bar that cannot be checked on this machine, and why. */
interface Unmeasurable {
  readonly service: string;
  readonly bar: number;
  readonly why: string;
}

interface Comparison {
  readonly rows: readonly Row[];
  readonly unmeasurable: readonly Unmeasurable[];
  /** What the optimised images stand on, one line a service. */
  readonly optimisedBases: readonly string[];
}

class StepFailed extends Error {}

/** Runs a command to its end. What it prints goes to stderr when `shown`, else comes back. */
async function run(command: string, args: readonly string[], { shown = false } = {}): Promise<string> {
  const child = spawn(command, args, {
    stdio: ["ignore", shown ? process.stderr : "pipe", shown ? "inherit" : "pipe"],
  });
  const parts: { out: string; err: string } = { out: "", err: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (parts.out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (parts.err += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", (error) => reject(new StepFailed(`${command} cannot be started: ${error.message}`)));
    child.once("close", resolve);
  });
  if (code === 0) return parts.out.trim();
  const lastLines = parts.err.trim().split("\n").slice(-5).join("\n  ");
  throw new StepFailed(`${command} ${args.join(" ")} ended with ${code}${lastLines === "" ? "" : `:\n  ${lastLines}`}`);
}

const bakeTargetNames = ["default", "plain", "ml-plain-cpu"];
/** Where the plain ml image with CUDA goes, for the default tag "shop/ml:plain". */
const cudaTag = (targets: BakeTargets): string => `${targets["ml-plain"]?.tags[0] ?? "shop/ml:plain"}-cuda`;

async function resolveTargets(): Promise<BakeTargets> {
  const printed = await run("docker", ["buildx", "bake", "--print", ...bakeTargetNames]);
  const parsed: { readonly target: BakeTargets } = JSON.parse(printed);
  return parsed.target;
}

/** Whether scripts/cuda-wheels.sh has put its wheels, and the base of ml-plain has no torch of its own. */
function hasCudaWheels(targets: BakeTargets): boolean {
  return (
    targets["ml-plain"]?.contexts?.["wheelhouse"] !== undefined &&
    existsSync(cudaWheels) &&
    readdirSync(cudaWheels).some((name) => /^torch-.*\.whl$/.test(name))
  );
}

/** Bake reads files outside the project only when told that it may. */
function allowSecrets(targets: BakeTargets): readonly string[] {
  const files = Object.values(targets).flatMap((target) => target.secret ?? []);
  return [...new Set(files.flatMap(({ src }) => (src === undefined ? [] : [`--allow=fs.read=${src}`])))];
}

/** Builds all images, with bake's own progress. The CUDA baseline only where its wheels have been put. */
async function buildImages(targets: BakeTargets): Promise<void> {
  await run("docker", ["buildx", "bake", ...allowSecrets(targets), ...bakeTargetNames], { shown: true });
  if (!hasCudaWheels(targets)) return;
  const settings = [`tags=${cudaTag(targets)}`, `contexts.wheelhouse=${cudaWheels}`, "args.PIP_NO_INDEX=1"];
  const flags = settings.flatMap((setting) => ["--set", `ml-plain.${setting}`]);
  await run("docker", ["buildx", "bake", ...allowSecrets(targets), ...flags, "ml-plain"], { shown: true });
}

async function readSizeBytes(image: string): Promise<number> {
  return Number(await run("docker", ["image", "inspect", "--format", "{{.Size}}", image]));
}

/** The torch that an image of the ml service has, as "2.13.0+cpu"; asked of the image itself. */
async function readTorch(image: string): Promise<{ readonly version: string; readonly cuda: boolean }> {
  const question = "import torch; print(torch.__version__, torch.version.cuda or 'none')";
  const printed = await run("docker", [
    "run",
    "--rm",
    "--network",
    "none",
    image,
    "python",
    "-W",
    "ignore",
    "-c",
    question,
  ]);
  const [version = "unknown", cuda] = printed.split(" ");
  return { version, cuda: cuda !== "none" };
}

/** "node:24-bookworm", or "node:24-bookworm (here NAME, 711 MB)" where an override of this machine replaces it. */
async function describeBase(name: string, target: BakeTarget | undefined): Promise<string> {
  const standIn = target?.contexts?.[name];
  if (standIn === undefined) return name;
  const image = standIn.replace("docker-image://", "");
  return `${name} (here ${image}, ${formatMegabytes(await readSizeBytes(image))})`;
}

async function compare(targets: BakeTargets): Promise<Comparison> {
  const imageOf = (name: string): string => targets[name]?.tags[0] ?? name;
  const rowOf = async (service: string, plain: string, baseline: string, bar: number | undefined): Promise<Row> => {
    const plainBytes = await readSizeBytes(plain);
    const optimisedBytes = await readSizeBytes(imageOf(service));
    return { service, baseline, plainBytes, optimisedBytes, reduction: 1 - optimisedBytes / plainBytes, bar };
  };
  const base = (name: string, image: string): Promise<string> => describeBase(image, targets[name]);
  const rows = [
    await rowOf("frontend", imageOf("frontend-plain"), await base("frontend-plain", "node:24-bookworm"), 0.7),
    await rowOf("backend", imageOf("backend-plain"), await base("backend-plain", "node:24-bookworm"), 0.5),
  ];
  const pythonBase = await describeBase("python:3.11", targets["ml-plain"]);
  const optimisedTorch = await readTorch(imageOf("ml"));
  const unmeasurable: Unmeasurable[] = [];

  const fromIndex = hasCudaWheels(targets) ? cudaTag(targets) : imageOf("ml-plain");
  const indexTorch = await readTorch(fromIndex);
  if (indexTorch.cuda) {
    rows.push(await rowOf("ml", fromIndex, `${pythonBase}, torch ${indexTorch.version} of the default index`, 0.6));
  } else {
    const why = `the plain build got torch ${indexTorch.version} here, not the CUDA wheels of the default index`;
    unmeasurable.push({ service: "ml", bar: 0.6, why });
  }
  const sameTorch = await readTorch(imageOf("ml-plain-cpu"));
  const relation =
    sameTorch.version === optimisedTorch.version ? "the same torch" : `not the same torch as ${optimisedTorch.version}`;
  rows.push(
    await rowOf("ml", imageOf("ml-plain-cpu"), `${pythonBase}, torch ${sameTorch.version}: ${relation}`, undefined),
  );
  const optimisedBases = [
    `frontend ${await base("frontend", "nginx:1.28-alpine")}`,
    `backend ${await base("backend", "node:24-bookworm-slim")}`,
    `ml ${await base("ml", "python:3.11-slim")}, torch ${optimisedTorch.version}`,
  ];
  return { rows, unmeasurable, optimisedBases };
}

function isMissed(row: Row): boolean {
  return row.bar !== undefined && row.reduction < row.bar;
}

function formatMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}

/** The table as text: one line per figure, then what could not be measured. */
function renderTable({ rows, unmeasurable, optimisedBases }: Comparison): string {
  const cells = rows.map((row) => [
    row.service,
    formatMegabytes(row.plainBytes),
    formatMegabytes(row.optimisedBytes),
    `${(-100 * row.reduction).toFixed(1)} %`,
    row.bar === undefined ? "–" : `-${row.bar * 100} %`,
    row.bar === undefined ? "–" : isMissed(row) ? "NO" : "yes",
    row.baseline,
  ]);
  const head = ["service", "plain", "optimised", "change", "bar", "reached", "plain is built on"];
  const widths = head.map((title, column) =>
    Math.max(...[head, ...cells].map((line) => line[column]?.length ?? title.length)),
  );
  const isNumber = (column: number): boolean => column >= 1 && column <= 4;
  const lines = [head, widths.map((width) => "-".repeat(width)), ...cells].map((line) =>
    line
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  const remarks = unmeasurable.map(
    ({ service, bar, why }) => `${service}: bar of -${bar * 100} % not measurable here: ${why}`,
  );
  return [...lines, "", `optimised is built on: ${optimisedBases.join("; ")}`, ...remarks].join("\n");
}

async function main(): Promise<number> {
  const options = { json: { type: "boolean" }, "no-build": { type: "boolean" } } as const;
  const { values } = parseArgs({ options });
  const targets = await resolveTargets();
  if (values["no-build"] !== true) await buildImages(targets);
  const comparison = await compare(targets);
  const reached = !comparison.rows.some(isMissed);
  console.log(
    values.json === true ? JSON.stringify({ ...comparison, reached }, undefined, 2) : renderTable(comparison),
  );
  return reached ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`compare-sizes: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
