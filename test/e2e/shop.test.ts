import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { runCli } from "../rig/cli.ts";
import type { CliResult } from "../rig/cli.ts";
import { startLoad } from "../rig/load/load-client.ts";
import { renderLoadReport } from "../rig/load/load-report-text.ts";
import { ShopProject } from "../rig/shop-project.ts";

const MINUTES = 60_000;

/** The part of the backend's answer that says whether a deploy did what it should. */
const Reviews = z.object({
  answeredBy: z.object({ environment: z.string() }),
  total: z.number(),
  reviews: z.array(z.object({ sentiment: z.string(), environment: z.string() })),
});

describe("the shop", { timeout: 20 * MINUTES }, () => {
  let shop: ShopProject;
  const orchestrate = (...argv: string[]): Promise<CliResult> =>
    runCli(argv, { cwd: shop.directory, env: shop.environment });

  const router = (): string => `http://127.0.0.1:${shop.ports.router}/`;
  const reviews = async (): Promise<z.infer<typeof Reviews>> => {
    const answer = await fetch(new URL("api/reviews", router()), { headers: { connection: "close" } });
    return Reviews.parse(await answer.json());
  };

  beforeAll(async () => {
    shop = await ShopProject.create();
  });

  afterAll(async () => {
    await shop[Symbol.asyncDispose]();
  }, MINUTES);

  it("builds, passes its checks, deploys to blue and stores a prediction", async () => {
    const blue = await orchestrate("run", "deploy-blue", "--json");
    expect(blue.exitCode, blue.output).toBe(0);
    expect(JSON.parse(blue.stdout)).toMatchObject({
      status: "succeeded",
      counts: { failed: 0, blocked: 0, cancelled: 0 },
    });
    const { answeredBy, reviews: stored } = await reviews();
    expect(answeredBy.environment).toBe("blue");
    expect(stored[0]).toEqual({ sentiment: "positive", environment: "blue" });
  });

  it("switches to green from the same images and back under load, and no request fails", async () => {
    const before = await reviews();
    await using load = await startLoad({
      url: router(),
      page: { path: "/api/reviews", pattern: '"environment":"(?<colour>\\w+)"' },
    });
    const green = await orchestrate("run", "deploy-green");
    const switched = await reviews();
    const back = await orchestrate("rollback");
    const report = await load.stop();
    expect(green.exitCode, green.output).toBe(0);
    expect(switched.answeredBy.environment).toBe("green");
    expect(switched.total - before.total).toBe(1);
    expect(switched.reviews[0]).toEqual({ sentiment: "positive", environment: "green" });
    expect(back.exitCode, back.output).toBe(0);
    expect((await reviews()).answeredBy.environment).toBe("blue");
    expect(report.failed, renderLoadReport(report)).toBe(0);
    expect(report.requests).toBeGreaterThan(1_000);
  });

  it("runs its other pipelines and keeps what is deployed", async () => {
    for (const pipeline of ["build", "deep-clean", "maintain-weekly"]) {
      const run = await orchestrate("run", pipeline);
      expect(run.exitCode, run.output).toBe(0);
    }
    const page = await fetch(router(), { headers: { connection: "close" } });
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
