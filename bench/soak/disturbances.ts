import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { ReleaseProject } from "../../test/rig/release-project.ts";
import { docker } from "../../test/rig/light-project.ts";
import { eventually } from "../../test/rig/processes.ts";
import type { SecondEngine } from "../../test/rig/second-engine.ts";

const run = promisify(execFile);

/** What happens to the machine besides a kill of the program. */
export const DISTURBANCES = [
  /** `docker restart` of the router. */
  "router-restart",
  /** SIGKILL to the router's process: the engine starts it again. */
  "router-crash",
  /** `docker kill`: the engine takes that for a wish and starts nothing. */
  "router-kill",
  /** SIGTERM to dockerd, which stops its containers and starts them again. */
  "engine-restart",
  /** SIGKILL to dockerd: its containers go on until the next one comes, which starts them again. */
  "engine-crash",
] as const;

/** One of {@link DISTURBANCES}. */
export type Disturbance = (typeof DISTURBANCES)[number];

/** Whether something is gone until the next command. */
export function needsCommand(disturbance: Disturbance): boolean {
  // A dockerd that comes after a crash stops what it finds, and starts of it what shall run always.
  return disturbance === "router-kill" || (disturbance === "engine-crash" && process.env["LOAD_RESTART"] !== "always");
}

/** Longest gap that users may see; undefined where there is no bound. */
export function longestGapMs(disturbance: Disturbance): number | undefined {
  return disturbance === "router-restart" || disturbance === "router-crash" ? 2_500 : undefined;
}

/** Does it, and waits until the engine answers and, unless nobody would start it, the router runs. */
export async function disturb(
  disturbance: Disturbance,
  project: ReleaseProject,
  engine: SecondEngine | undefined,
): Promise<void> {
  const router = await project.router();
  switch (disturbance) {
    case "router-restart":
      await docker("restart", router);
      break;
    case "router-crash": {
      const [pid] = await docker("inspect", "--format", "{{.State.Pid}}", router);
      const [program, ...words] = [...(engine?.into("pid") ?? []), "kill", "-s", "KILL", String(pid)];
      await run(program, words);
      break;
    }
    case "router-kill":
      await docker("kill", router);
      return;
    case "engine-restart":
    case "engine-crash":
      if (engine === undefined) throw new Error("the engine that everybody shares is left alone");
      await engine.restart(disturbance === "engine-restart" ? "SIGTERM" : "SIGKILL");
  }
  const running = async (): Promise<readonly string[]> =>
    await docker("inspect", "--format", "{{.State.Running}}", router).catch(() => []);
  await eventually(running, ([state]) => state === "true", 30_000);
}
