import type { CliResult } from "../../test/rig/cli.ts";
import type { AnyPage } from "../../test/rig/load/load-target.ts";
import { runRound } from "./round.ts";
import type { Row } from "./round.ts";

/** An example whose pipelines `deploy-blue` and `deploy-green` go through its router. */
export interface TurnedExample {
  readonly name: string;
  /** Of the router's entrance for users. */
  readonly url: string;
  /** A page that says which colour gave it. */
  readonly page: AnyPage;
  readonly run: (...argv: readonly string[]) => Promise<CliResult>;
  readonly count: number;
  /** Makes another release; without it every deploy is of the same images. */
  readonly change?: (step: number) => Promise<void>;
}

/** Full deploys under load by the example's own pipelines, blue and green in turns. */
export async function deployInTurns({ name, url, page, run, count, change }: TurnedExample): Promise<Row> {
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
  const steps = Array.from({ length: count }, (_, index) => async () => {
    await change?.(index);
    return await deploy(index % 2 === 0 ? "green" : "blue");
  });
  return await runRound({ name, load: { url, page }, steps });
}
