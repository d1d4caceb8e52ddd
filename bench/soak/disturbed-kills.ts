import type { LoadReport } from "../../test/rig/load/load-report.ts";
import { longestGap } from "../../test/rig/load/load-report.ts";
import { eventually } from "../../test/rig/processes.ts";
import type { Load } from "../../test/rig/load/load-client.ts";
import type { SecondEngine } from "../../test/rig/second-engine.ts";
import { DISTURBANCES, disturb, longestGapMs, needsCommand } from "./disturbances.ts";
import type { Disturbance } from "./disturbances.ts";
import { draw } from "./random.ts";
import { isBroken, runRound } from "./round.ts";
import type { Row } from "./round.ts";
import type { Releases } from "./releases.ts";

/** What happens in a round: the program is killed, or something else happens, or both. */
interface Plan {
  readonly killAfterMs: number;
  readonly disturbance: Disturbance | "none";
  /** `meanwhile`: the program runs on and must cope; otherwise it was killed before. */
  readonly order: "after the kill" | "meanwhile";
  readonly next: "run deploy" | "deploy --continue" | "deploy --abort";
}

function drawPlan(random: () => number, deployMs: number): Plan {
  // A third of the rounds is a kill and nothing else: there no request may fail.
  const calm = random() < 1 / 3;
  return {
    killAfterMs: random() * deployMs,
    disturbance: calm ? "none" : draw(random, DISTURBANCES),
    order: calm || random() < 2 / 3 ? "after the kill" : "meanwhile",
    next: draw(random, ["run deploy", "run deploy", "deploy --continue", "deploy --abort"]),
  };
}

/** Deploys, and each time something happens to the program, the router or dockerd; each is a round with its own load. */
export async function killAndDisturb(
  releases: Releases,
  url: string,
  count: number,
  how: { readonly random: () => number; readonly engine: SecondEngine; readonly onRow: (row: Row) => void },
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  while (rows.length < count) {
    const plan = drawPlan(how.random, releases.deployMs);
    const row = await runPlan(releases, url, `${rows.length + 1}`, plan, how.engine);
    // One that came too late was a deploy like any other.
    if (row === undefined) continue;
    how.onRow(row);
    rows.push(row);
  }
  return rows;
}

interface Seen {
  /** Of the deploy that was killed or disturbed. */
  exitCode?: number;
  /** Whether it was under way when something happened to it. */
  inTime?: boolean;
  convergedMs?: number;
  live?: string | undefined;
}

async function runPlan(
  releases: Releases,
  url: string,
  name: string,
  plan: Plan,
  engine: SecondEngine,
): Promise<Row | undefined> {
  const { disturbance, order, next, killAfterMs } = plan;
  const seen: Seen = {};
  const step = async (load: Load): Promise<string | undefined> => {
    Object.assign(seen, await deployUntil(releases, plan, engine));
    const moved = order === "after the kill" ? await disturbAlone(releases, disturbance, engine) : undefined;
    const trouble = await converge(releases, next);
    seen.convergedMs = Date.now();
    const live = (await releases.project.status()).live?.colour;
    seen.live = live;
    let before: number | undefined;
    await load.until(({ colours }) => {
      before ??= colours[live ?? ""] ?? 0;
      return (colours[live ?? ""] ?? 0) > before + 300;
    });
    return moved ?? trouble;
  };
  const what = disturbance === "none" ? "kill" : order === "meanwhile" ? disturbance : `kill, ${disturbance}`;
  const row = await runRound({
    name: `${name}: ${what} at ${(killAfterMs / 1_000).toFixed(1)} s, ${next}`,
    load: { url },
    steps: [step],
    mayFail: disturbance !== "none",
    judge: (report) => judge(report, plan, seen),
  });
  return seen.inTime === true || isBroken(row) ? row : undefined;
}

/** Deploys another release; on the way something happens to the program or, while it runs, to what it works with. */
async function deployUntil(releases: Releases, plan: Plan, engine: SecondEngine): Promise<Seen> {
  const { disturbance, order, killAfterMs } = plan;
  await releases.write();
  const running = releases.project.start("run", "deploy");
  let disturbed: Promise<void> | undefined;
  let inTime = false;
  const timer = setTimeout(() => {
    inTime = true;
    if (order === "after the kill") running.signal("SIGKILL");
    else if (disturbance !== "none") disturbed = disturb(disturbance, releases.project, engine);
  }, killAfterMs);
  const { exitCode } = await running.done;
  clearTimeout(timer);
  await disturbed;
  return { exitCode, inTime };
}

/** Nobody directs traffic meanwhile, so it must go where it went. */
async function disturbAlone(
  { project }: Releases,
  disturbance: Plan["disturbance"],
  engine: SecondEngine,
): Promise<string | undefined> {
  if (disturbance === "none") return undefined;
  const before = JSON.stringify((await project.status()).router?.persisted);
  await disturb(disturbance, project, engine);
  if (needsCommand(disturbance)) return undefined;
  const running = await eventually(
    async () => (await project.status()).router,
    (router) => router !== undefined,
  );
  const after = JSON.stringify(running?.traffic);
  return after === before ? undefined : `traffic was to go to ${before}, and goes to ${after}`;
}

/** The next command. */
async function converge(releases: Releases, next: Plan["next"]): Promise<string | undefined> {
  const { open } = await releases.project.status();
  const command = open === undefined ? "run deploy" : next;
  return await releases.expect(await releases.project.run(...command.split(" ")), 0);
}

function judge(
  report: LoadReport,
  { disturbance }: Plan,
  { exitCode, convergedMs = Number.POSITIVE_INFINITY, live }: Seen,
): { readonly note: string; readonly trouble: readonly string[] } {
  const gapMs = longestGap(report);
  const limit = disturbance === "none" ? undefined : longestGapMs(disturbance);
  const others = Object.keys(report.servedAfter(convergedMs)).filter((colour) => colour !== live);
  const late = report.failures.filter(({ sentAtMs }) => sentAtMs > convergedMs).length;
  return {
    note: `exit ${exitCode}, gap ${(gapMs / 1_000).toFixed(1)} s, ${live} is live`,
    trouble: [
      ...(limit !== undefined && gapMs > limit ? [`a gap of ${gapMs} ms`] : []),
      ...(others.length > 0 ? [`${others.join()} answered although ${live} is live`] : []),
      ...(late > 0 ? [`${late} failed after it was in order`] : []),
    ],
  };
}
