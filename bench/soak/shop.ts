import { runCli } from "../../test/rig/cli.ts";
import { ShopProject } from "../../test/rig/shop-project.ts";
import { deployInTurns } from "./turns.ts";
import type { Row } from "./round.ts";

/** Full deploys of the shop, by its own pipeline, blue and green in turns. */
export async function deployShop(count: number): Promise<Row> {
  await using shop = await ShopProject.create();
  return await deployInTurns({
    name: "full deploys of the shop",
    url: `http://127.0.0.1:${shop.ports.router}/`,
    // Through page server, backend and database; the answer says which colour gave it.
    page: { path: "/api/reviews", pattern: '"environment":"(?<colour>\\w+)"' },
    run: async (...argv) => await runCli(argv, { cwd: shop.directory, env: shop.environment }),
    count,
  });
}
