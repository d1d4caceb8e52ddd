import { DEPLOY_PHASES } from "../src/model/release.ts";
import { setup } from "../test/rig/fresh-bundle.ts";
import { startLoad } from "../test/rig/load/load-client.ts";
import type { ReleaseProject } from "../test/rig/release-project.ts";

/**
 * Deploys the application of the load tests again and again under load, and kills the program on the way. Prints a table.
 *
 *     node bench/deploy-soak.ts [--deploys 50] [--kills 50] [--transitions] [--crashes 3]
 *
 * --deploys N      full deploys, blue and green in turns
 * --kills N        deploys that are killed at a random moment, each followed by another command
 * --transitions    one kill at every transition that the journal can hold, in their order
 * --crashes N      releases that die under traffic while they are observed
 * Exit code 1 when a request failed where only the program was killed, or when not exactly one colour is live after a round.
 */
interface Row {
  readonly round: string;
  readonly deploys: number;
  readonly requests: number;
  readonly failed: number;
  readonly longestMs: number;
  readonly trouble: readonly string[];
}

const rows: Row[] = [];

function option(name: string, fallback: number): number {
  const place = process.argv.indexOf(`--${name}`);
  return place === -1 ? fallback : Number(process.argv[place + 1] ?? fallback);
}

/** One colour gets all traffic, by memory and file, and runs; nothing is unfinished. */
async function describeTrouble(project: ReleaseProject): Promise<string | undefined> {
  const status = await project.status();
  if (status.open !== undefined) return `deploy ${status.open.deployId} is unfinished`;
  if (status.live === undefined) return "nothing is live";
  const { colour } = status.live;
  const plain = JSON.stringify({ to: "colour", colour, standby: false });
  if (JSON.stringify(status.router?.traffic) !== plain) return `traffic is ${JSON.stringify(status.router?.traffic)}`;
  if (JSON.stringify(status.router?.persisted) !== plain)
    return `the file says ${JSON.stringify(status.router?.persisted)}`;
  const state = status.colours.find((each) => each.colour === colour)?.state;
  return state === "ready" ? undefined : `${colour} is live and ${state ?? "unknown"}`;
}

/** Does one thing under load; every answer is counted. */
async function round(
  project: ReleaseProject,
  name: string,
  steps: readonly (() => Promise<string | undefined>)[],
): Promise<void> {
  await using load = await startLoad({ url: project.load.url() });
  await load.until((seen) => seen.requests > 200);
  const trouble: string[] = [];
  let longestMs = 0;
  for (const step of steps) {
    const startedMs = performance.now();
    const told = (await step()) ?? (await describeTrouble(project));
    longestMs = Math.max(longestMs, performance.now() - startedMs);
    if (told !== undefined) trouble.push(told);
    process.stderr.write(told === undefined ? "." : "!");
  }
  const report = await load.stop();
  const deploys = steps.length;
  rows.push({ round: name, deploys, requests: report.requests, failed: report.failed, longestMs, trouble });
  for (const failure of report.failures.slice(0, 5))
    trouble.push(`${failure.stream} ${failure.reason}: ${failure.detail}`);
}

let release = 0;

async function deploy(project: ReleaseProject): Promise<string | undefined> {
  release += 1;
  const { exitCode, output } = await project.deploy(`r${release}`);
  return exitCode === 0 ? undefined : output.slice(-400);
}

async function killAt(project: ReleaseProject, transition: string): Promise<string | undefined> {
  release += 1;
  await project.load.release(`r${release}`);
  const { killed, seen } = await project.killAt(transition);
  if (!killed) return `${transition} was never recorded: ${seen.join(", ")}`;
  return await goOn(project);
}

async function killAfter(project: ReleaseProject, afterMs: number): Promise<string | undefined> {
  release += 1;
  await project.load.release(`r${release}`);
  const running = project.start("run", "deploy");
  const timer = setTimeout(() => running.signal("SIGKILL"), afterMs);
  await running.done;
  clearTimeout(timer);
  return await goOn(project);
}

/** The next command after a kill. That the colour went live by it is no failure of it. */
async function goOn(project: ReleaseProject): Promise<string | undefined> {
  const { exitCode, output } = await project.run("run", "deploy");
  return exitCode === 0 || output.includes("replacing it in place") ? undefined : output.slice(-400);
}

function transitions(): readonly string[] {
  return [...DEPLOY_PHASES.flatMap((phase) => [`intent ${phase}`, `fact ${phase}`]), "end done"];
}

function print(): void {
  process.stdout.write("\nround                       rounds  requests  failed  longest  trouble\n");
  for (const { round: name, deploys, requests, failed, longestMs, trouble } of rows) {
    const cells = [
      name.padEnd(26),
      String(deploys).padStart(7),
      String(requests).padStart(9),
      String(failed).padStart(7),
      `${(longestMs / 1_000).toFixed(1)} s`.padStart(8),
    ];
    process.stdout.write(`${cells.join(" ")}  ${trouble.join(" | ") || "none"}\n`);
  }
}

const removeBundle = setup();
// Loaded now, because it reads where the bundle is.
const rig = await import("../test/rig/release-project.ts");
const project = await rig.ReleaseProject.create();
try {
  const first = await deploy(project);
  if (first !== undefined) throw new Error(first);
  const deploys = option("deploys", 0);
  const kills = option("kills", 0);
  const crashes = option("crashes", 0);
  const times = (count: number, step: (index: number) => Promise<string | undefined>) =>
    Array.from({ length: count }, (_, index) => async () => await step(index));
  if (deploys > 0)
    await round(
      project,
      "full deploys",
      times(deploys, () => deploy(project)),
    );
  if (process.argv.includes("--transitions")) {
    for (const transition of transitions()) {
      await round(project, `killed at ${transition}`, [() => killAt(project, transition)]);
    }
  }
  if (kills > 0) {
    // Evenly spread over what a deploy takes, and not in order.
    const longestMs = 8_000;
    const moment = (index: number): number => ((index * 0.618_034) % 1) * longestMs;
    await round(
      project,
      "killed at random",
      times(kills, (index) => killAfter(project, moment(index))),
    );
  }
  for (let crash = 0; crash < crashes; crash += 1) {
    await round(project, "crash while observed", [
      async () => {
        const { exitCode, output } = await project.deploy(`crash ${crash}`, { breaks: "crash-busy:500" });
        return exitCode === 1 ? undefined : output.slice(-400);
      },
    ]);
  }
} finally {
  print();
  await project[Symbol.asyncDispose]();
  removeBundle();
}
const broken = rows.some(
  ({ round: name, failed, trouble }) => !name.startsWith("crash") && (failed > 0 || trouble.length > 0),
);
process.exitCode = broken ? 1 : 0;
