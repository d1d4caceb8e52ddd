import { setup } from "../test/rig/fresh-bundle.ts";
import { ownEngine, rerunOnOwnEngine } from "./soak/own-engine.ts";
import { randomNumbers } from "./soak/random.ts";
import type { Releases } from "./soak/releases.ts";
import { isBroken, renderTable, runRound } from "./soak/round.ts";
import type { Row } from "./soak/round.ts";

/**
 * Deploys the application of the load tests again and again under load, and does to it what may happen. Prints a table.
 *
 *     node bench/deploy-soak.ts [--deploys 50] [--kills 50] [--transitions] [--broken] [--crashes 10] [--disturb 50]
 *                               [--light 50] [--shop 10] [--controls 5] [--restart always] [--seed N]
 *
 * --deploys N      full deploys, blue and green in turns
 * --kills N        deploys that are killed at a random moment, each followed by another command
 * --transitions    one kill at every transition that the journal can hold, in their order
 * --broken         releases that are broken in different ways: refused, or switched back
 * --crashes N      releases that die under traffic while they are observed
 * --disturb N      kills at random moments, restarts and kills of the router and of dockerd: on a second engine of its own
 * --light N        full deploys of examples/light behind a router
 * --shop N         full deploys of examples/shop
 * --controls N     what must lose requests, or the load client sees nothing
 * --restart POLICY of the application's containers: unless-stopped, or always
 * --seed N         of everything random; else a new one, which is printed
 * Exit code 1 when a request failed that must not, or something is not in order after a round.
 */
function option(name: string): number {
  const place = process.argv.indexOf(`--${name}`);
  return place === -1 ? 0 : Number(process.argv[place + 1]);
}

function has(name: string): boolean {
  return process.argv.includes(`--${name}`);
}

const rows: Row[] = [];

function add(...more: readonly Row[]): void {
  rows.push(...more);
  process.stderr.write(`\n${renderTable(more)}\n`);
}

const restart = process.argv[process.argv.indexOf("--restart") + 1];
if (has("restart") && restart !== undefined) process.env["LOAD_RESTART"] = restart;
const seed = option("seed") || Date.now() % 1_000_000;
const random = randomNumbers(seed);

async function soakReleases(releases: Releases, url: string): Promise<void> {
  const { killAtRandom, killAtTransitions } = await import("./soak/kills.ts");
  // Half of them die at once when they are told to end: nothing may depend on the grace of the application.
  const steps = Array.from(
    { length: option("deploys") },
    (_, index) => async () => await releases.deploy({ dies: index % 2 === 0 ? "graceful" : "at-once" }),
  );
  if (steps.length > 0) add(await runRound({ name: "full deploys", load: { url }, steps }));
  if (has("transitions")) add(...(await killAtTransitions(releases, url)));
  if (option("kills") > 0) add(await killAtRandom(releases, url, option("kills"), random));
  const engine = ownEngine();
  if (engine !== undefined) {
    const { killAndDisturb } = await import("./soak/disturbed-kills.ts");
    await killAndDisturb(releases, url, option("disturb"), { random, engine, onRow: add });
  }
}

/** Everything that needs the application of the load tests; without smoke tests where users shall bring a defect to light. */
async function withReleases(
  settings: Readonly<Record<string, unknown>>,
  act: (releases: Releases, url: string) => Promise<void>,
): Promise<void> {
  // Loaded late, because it reads where the bundle is.
  const { ReleaseProject } = await import("../test/rig/release-project.ts");
  const { Releases } = await import("./soak/releases.ts");
  await using project = await ReleaseProject.create(settings);
  const releases = new Releases(project);
  // The first one replaces nothing; what a deploy takes is known after the second.
  const failed = (await releases.deploy()) ?? (await releases.deploy());
  if (failed !== undefined) throw new Error(failed);
  await act(releases, project.load.url());
}

async function soak(): Promise<void> {
  const removeBundle = setup();
  try {
    if (option("deploys") + option("kills") + option("disturb") > 0 || has("transitions")) {
      await withReleases({}, soakReleases);
    }
    const { BROKEN_RELEASES, deployBroken } = await import("./soak/broken-releases.ts");
    const observed = { observe: { for: "10s", min_requests: 20, max_latency: "1200ms" } };
    if (has("broken"))
      await withReleases(observed, async (releases, url) => add(...(await deployBroken(releases, url))));
    const crash = BROKEN_RELEASES.filter(({ breaks }) => breaks.startsWith("crash"));
    const crashes = Array.from({ length: option("crashes") }, () => crash).flat();
    if (crashes.length > 0) {
      await withReleases(observed, async (releases, url) => add(...(await deployBroken(releases, url, crashes))));
    }
    if (option("controls") > 0) {
      const { deployWithoutDrain, replaceInPlace } = await import("./soak/controls.ts");
      add(await replaceInPlace(option("controls")));
      // While a release is observed, too, requests of the old one end.
      const hasty = { observe: { for: "0s" }, drain: { timeout: "0s", websocket: "0s" } };
      await withReleases(hasty, async (releases, url) =>
        add(await deployWithoutDrain(releases, url, option("controls"))),
      );
    }
    if (option("light") > 0) add(await (await import("./soak/light.ts")).deployLight(option("light")));
    if (option("shop") > 0) add(await (await import("./soak/shop.ts")).deployShop(option("shop")));
  } finally {
    process.stdout.write(`\nseed ${seed}\n${renderTable(rows)}\n`);
    removeBundle();
  }
  process.exitCode = rows.some(isBroken) ? 1 : 0;
}

if (option("disturb") > 0 && ownEngine() === undefined) process.exitCode = await rerunOnOwnEngine();
else await soak();
