import { GRAPH_FORMATS, renderGraph } from "../../graph/export/render.ts";
import { compileNamed } from "../compilation.ts";
import type { Invocation } from "../command-declaration.ts";
import { EXIT } from "../exit-code.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";

/** `orchestrate graph`: the compiled graph in one of its formats. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const compiled = await compileNamed(invocation, surroundings);
  if (!compiled.ok) return tellTrouble(compiled.trouble, surroundings, false);
  const format = GRAPH_FORMATS.find((known) => known === invocation.options.text("format")) ?? "text";
  surroundings.stdout.write(`${renderGraph(compiled.value.graph, format).trimEnd()}\n`);
  return EXIT.success;
}
