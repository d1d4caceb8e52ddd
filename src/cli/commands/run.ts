import { compileNamed } from "../compilation.ts";
import type { Invocation } from "../command-declaration.ts";
import { executeGraph } from "../execution.ts";
import { showPlan } from "../planning.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";

/** `orchestrate run`: compiles the named pipelines into one graph and runs it. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const compiled = await compileNamed(invocation, surroundings);
  if (!compiled.ok) return tellTrouble(compiled.trouble, surroundings, invocation.options.flag("json"));
  if (invocation.options.flag("dry-run")) return showPlan(compiled.value, invocation.options, surroundings);
  return executeGraph(compiled.value, invocation.options, surroundings);
}
