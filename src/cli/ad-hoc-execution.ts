import type { Options } from "./command-declaration.ts";
import type { Compiled } from "./compilation.ts";
import { executeGraph } from "./execution.ts";
import { showPlan } from "./planning.ts";
import type { Surroundings } from "./surroundings.ts";
import { tellTrouble } from "./trouble.ts";
import type { Outcome } from "./trouble.ts";

/** Runs what a command without a pipeline file compiled, or with `--dry-run` shows what it would do. Gives the exit code. */
export async function finishAdHoc(
  compiled: Outcome<Compiled>,
  options: Options,
  surroundings: Surroundings,
): Promise<number> {
  if (!compiled.ok) return tellTrouble(compiled.trouble, surroundings, options.flag("json"));
  if (options.flag("dry-run")) return showPlan(compiled.value, options, surroundings);
  return executeGraph(compiled.value, options, surroundings);
}
