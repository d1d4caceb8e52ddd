import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../rig/cli.ts";
import type { CliResult } from "../rig/cli.ts";
import { ShopProject } from "../rig/shop-project.ts";

const MINUTES = 60_000;

describe("the shop", { timeout: 20 * MINUTES }, () => {
  let shop: ShopProject;
  const orchestrate = (...argv: string[]): Promise<CliResult> =>
    runCli(argv, { cwd: shop.directory, env: shop.environment });

  beforeAll(async () => {
    shop = await ShopProject.create();
  });

  afterAll(async () => {
    await shop[Symbol.asyncDispose]();
  }, MINUTES);

  it("builds, passes its checks, deploys to blue and to green from the same images, and stores a prediction in each", async () => {
    const both = await orchestrate("run", "deploy-blue", "deploy-green", "--json");
    expect(both.stderr).toBe("");
    const result: unknown = JSON.parse(both.stdout);
    expect(result).toMatchObject({ status: "succeeded", counts: { failed: 0, blocked: 0, cancelled: 0 } });
    expect(both.exitCode).toBe(0);
    for (const colour of ["blue", "green"] as const) {
      const answer = await fetch(`http://127.0.0.1:${shop.ports[colour]}/api/reviews`, {
        headers: { connection: "close" },
      });
      const body: unknown = await answer.json();
      expect(body).toMatchObject({ answeredBy: { environment: colour }, total: 2 });
      expect(JSON.stringify(body)).toContain('"sentiment":"positive"');
    }
  });

  it("runs its other pipelines and keeps what is deployed", async () => {
    for (const pipeline of ["build", "deep-clean", "maintain-weekly"]) {
      const run = await orchestrate("run", pipeline);
      expect(run.exitCode, run.output).toBe(0);
    }
    const page = await fetch(`http://127.0.0.1:${shop.ports.blue}/`, { headers: { connection: "close" } });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<div id="root">');
  });

  it("starts the development environment, as `make up` does", async () => {
    const run = await orchestrate("run", "deploy-development");
    expect(run.exitCode, run.output).toBe(0);
  });

  it("rebuilds every step each month", async () => {
    const run = await orchestrate("run", "maintain-monthly");
    expect(run.exitCode, run.output).toBe(0);
    expect(run.output).toMatch(/\[images\/backend\] succeeded .*: 2\d\d MB, [01] of \d+ steps cached/);
  });
});
