import { compileNamed } from "../compilation.ts";
import type { Invocation } from "../command-declaration.ts";
import { showPlan } from "../planning.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";

/** `orchestrate plan`: what a run of the named pipelines would do. Changes nothing on the engine. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const compiled = await compileNamed(invocation, surroundings);
  if (!compiled.ok) return tellTrouble(compiled.trouble, surroundings, invocation.options.flag("json"));
  return showPlan(compiled.value, invocation.options, surroundings);
}
