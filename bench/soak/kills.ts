import { DEPLOY_PHASES } from "../../src/model/release.ts";
import { runRound } from "./round.ts";
import type { Row } from "./round.ts";
import type { Releases } from "./releases.ts";

/** One kill at every transition that the journal can hold, in their order; each is a round with its own load. */
export async function killAtTransitions(releases: Releases, url: string): Promise<readonly Row[]> {
  const { project } = releases;
  const rows: Row[] = [];
  for (const transition of [...DEPLOY_PHASES.flatMap((phase) => [`intent ${phase}`, `fact ${phase}`]), "end done"]) {
    const step = async (): Promise<string | undefined> => {
      await releases.write();
      const { killed, seen } = await project.killAt(transition);
      if (!killed) return `${transition} was never recorded: ${seen.join(", ")}`;
      return await releases.expect(await project.run("run", "deploy"), 0);
    };
    rows.push(await runRound({ name: `killed at ${transition}`, load: { url }, steps: [step] }));
  }
  return rows;
}

/** Kills at random moments, one after the other under one load, each followed by the same command. */
export async function killAtRandom(releases: Releases, url: string, count: number, random: () => number): Promise<Row> {
  const kill = async (): Promise<string | undefined> => {
    // One that came too late was a deploy like any other, and is none of those that are counted.
    while (!(await killAfter(releases, random() * releases.deployMs))) {
      const trouble = await releases.project.trouble();
      if (trouble !== undefined) return trouble;
    }
    return await releases.expect(await releases.project.run("run", "deploy"), 0);
  };
  return await runRound({ name: "killed at random", load: { url }, steps: Array.from({ length: count }, () => kill) });
}

/** Starts to deploy another release and sends SIGKILL to the program alone; whether it came before its end. */
async function killAfter(releases: Releases, afterMs: number): Promise<boolean> {
  await releases.write();
  const running = releases.project.start("run", "deploy");
  const timer = setTimeout(() => running.signal("SIGKILL"), afterMs);
  const { exitCode } = await running.done;
  clearTimeout(timer);
  return exitCode === 137;
}
