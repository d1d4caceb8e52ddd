import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { SecondEngine } from "../../test/rig/second-engine.ts";

/** Set in the process that runs beside the second engine: its directory. */
const ENGINE_VARIABLE = "ORCHESTRATE_SOAK_ENGINE";
/** What the application of the load tests is built from and the router is; by whatever names this machine has them. */
const IMAGES = ["haproxy:2.6", "node:24-bookworm-slim", "orchestrate.local/node:24-bookworm-slim"];

/** The second engine beside which this process runs; undefined in the process that a user starts. */
export function ownEngine(): SecondEngine | undefined {
  const directory = process.env[ENGINE_VARIABLE];
  return directory === undefined ? undefined : SecondEngine.at(directory);
}

/**
 * Starts a second engine that has the base images, and this program again in its network: there its ports are those of the
 * machine, for the load as for the program. Resolves to the exit code.
 */
export async function rerunOnOwnEngine(): Promise<number> {
  await using engine = await SecondEngine.start({ supervised: true });
  for (const image of IMAGES) {
    const known = execFileSync("docker", ["image", "ls", "-q", image], { encoding: "utf8" });
    if (known === "") continue;
    const copy = spawn("sh", [
      "-c",
      'docker save "$1" | DOCKER_HOST=$2 docker load -q',
      "copy",
      image,
      engine.environment.DOCKER_HOST,
    ]);
    await once(copy, "exit");
  }
  // `sudo` would keep nothing of an environment that is only inherited.
  const kept = ["PATH", "ORCHESTRATE_LOAD_SCALE"].map((name) => [name, process.env[name]]);
  const settings = Object.entries<string | undefined>({
    ...Object.fromEntries(kept.filter(([, value]) => value !== undefined)),
    ...engine.environment,
    [ENGINE_VARIABLE]: engine.directory,
  }).map(([name, value]) => `${name}=${value}`);
  const [program = "", ...words] = [...engine.into("net"), "env", ...settings];
  const child = spawn(program, [...words, process.execPath, ...process.argv.slice(1)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, "exit");
  return typeof code === "number" ? code : 1;
}
