import { listPipelines } from "../../config/list-pipelines.ts";
import type { PipelineSummary } from "../../config/list-pipelines.ts";
import type { Invocation } from "../command-declaration.ts";
import { EXIT } from "../exit-code.ts";
import { openProject } from "../loaded-project.ts";
import { wantsColor } from "../surroundings.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";

/** `orchestrate list`: every pipeline that can be read; what cannot is told on standard error and gives exit code 2. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const json = invocation.options.flag("json");
  const opened = await openProject(invocation, surroundings);
  if (!opened.ok) return tellTrouble(opened.trouble, surroundings, json);
  const { pipelines, diagnostics } = listPipelines(opened.value.project);
  if (json) surroundings.stdout.write(`${JSON.stringify({ version: 1, pipelines, diagnostics }, undefined, 2)}\n`);
  else surroundings.stdout.write(renderList(pipelines));
  if (diagnostics.length === 0) return EXIT.success;
  if (!json) {
    const { renderDiagnostics } = await import("../../report/code-frame.ts");
    const color = wantsColor(surroundings.stderr, surroundings.env);
    surroundings.stderr.write(`${renderDiagnostics(diagnostics, opened.value.project.sources, { color })}\n`);
  }
  return diagnostics.some((diagnostic) => diagnostic.severity === "error") ? EXIT.usage : EXIT.success;
}

function renderList(pipelines: readonly PipelineSummary[]): string {
  if (pipelines.length === 0) return "No pipelines: write one to pipelines/NAME.yaml (docs/pipeline-reference.md)\n";
  const names = pipelines.flatMap((pipeline) => pipeline.variants.map((variant) => ({ variant, pipeline })));
  const width = Math.max(...names.map(({ variant }) => variant.length));
  const lines = names.map(({ variant, pipeline }) =>
    `${variant.padEnd(width)}  ${pipeline.description ?? ""}`.trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}
