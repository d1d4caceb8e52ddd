import { rollBack } from "../../tasks/deploy/release-command.ts";
import type { Invocation } from "../command-declaration.ts";
import { executeReleaseAction } from "../release-action.ts";
import type { Surroundings } from "../surroundings.ts";

/** `orchestrate rollback [RELEASE]`: the kept colour as soon as it is ready again, or a recorded release whose images exist. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const [named] = invocation.arguments;
  return await executeReleaseAction(invocation, surroundings, async (site) => await rollBack(site, named));
}
