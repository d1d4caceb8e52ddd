import { runCli } from "../../test/rig/cli.ts";
import type { CliResult } from "../../test/rig/cli.ts";
import type { AnyPage } from "../../test/rig/load/load-target.ts";
import { ShopProject } from "../../test/rig/shop-project.ts";
import { runRound } from "./round.ts";
import type { Row } from "./round.ts";

/** Through page server, backend and database; the answer says which colour gave it. */
const PAGE: AnyPage = { path: "/api/reviews", pattern: '"environment":"(?<colour>\\w+)"' };

/** Full deploys of the shop, by its own pipeline, blue and green in turns. */
export async function deployShop(count: number): Promise<Row> {
  await using shop = await ShopProject.create();
  const run = async (...argv: readonly string[]): Promise<CliResult> =>
    await runCli(argv, { cwd: shop.directory, env: shop.environment });
  const deploy = async (colour: string): Promise<string | undefined> => {
    // Who names a colour wants traffic there, also when nothing has changed.
    const { exitCode, output } = await run("run", `deploy-${colour}`);
    if (exitCode !== 0) return `exit code ${exitCode}: ${output.slice(-1_500)}`;
    const status: { readonly live?: { readonly colour: string }; readonly drift: readonly unknown[] } = JSON.parse(
      (await run("status", "--json")).stdout,
    );
    if (status.live?.colour !== colour) return `${status.live?.colour} is live instead of ${colour}`;
    return status.drift.length === 0 ? undefined : JSON.stringify(status.drift);
  };
  const first = await deploy("blue");
  if (first !== undefined) throw new Error(first);
  const steps = Array.from(
    { length: count },
    (_, index) => async () => await deploy(index % 2 === 0 ? "green" : "blue"),
  );
  return await runRound({
    name: "full deploys of the shop",
    load: { url: `http://127.0.0.1:${shop.ports.router}/`, page: PAGE },
    steps,
  });
}
