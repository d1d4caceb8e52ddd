import { runCli } from "../../test/rig/cli.ts";
import { findFreePorts, LightProject } from "../../test/rig/light-project.ts";
import { deployInTurns } from "./turns.ts";
import type { Row } from "./round.ts";

/** The example has a port for each colour; here a router stands before them, as a user would put one there. */
const PIPELINE = `
name: deploy
environments: [blue, green]
tasks:
  images:
    build: { targets: [default, store] }
  check-images:
    needs: [images]
    verify: [{ size: {} }]
  release:
    needs: [check-images]
    deploy: { health: { timeout: 60s, min_ready: 1s } }
`;

/** Full deploys of examples/light behind a router, blue and green in turns, each with another web page. */
export async function deployLight(count: number): Promise<Row> {
  await using light = await LightProject.create();
  const [port = 0, preview = 0] = await findFreePorts(2);
  await light.write("pipelines/deploy.yaml", PIPELINE);
  await light.edit("docker/build-config.json", (text) => {
    const routes = [{ service: "web", port: 8080, check_path: "/healthz" }];
    const config: object = JSON.parse(text);
    return JSON.stringify({
      ...config,
      router: { port, preview_port: preview, routes },
      deploy: { smoke: [{ path: "/", contains: "environment" }], observe: { for: "1500ms" }, drain: { timeout: "5s" } },
    });
  });
  return await deployInTurns({
    name: "full deploys of the light example",
    url: `http://127.0.0.1:${port}/`,
    page: { path: "/", pattern: "environment (?<colour>\\w+)" },
    run: async (...argv) => await runCli(argv, { cwd: light.directory }),
    count,
    change: async (step) => await light.write("services/web/release", `soak ${step}\n`),
  });
}
