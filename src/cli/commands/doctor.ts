import { probeHealth } from "../../docker/health.ts";
import type { HealthFinding } from "../../docker/health.ts";
import type { Invocation } from "../command-declaration.ts";
import { EXIT } from "../exit-code.ts";
import { findProjectDirectory } from "../project-directory.ts";
import { wantsColor } from "../surroundings.ts";
import type { Surroundings } from "../surroundings.ts";
import { createPalette } from "../../report/palette.ts";
import type { Palette } from "../../report/palette.ts";

/** `orchestrate doctor`: what a run needs, and how to mend what is missing. Exit code 2 when a run could not start. */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const directory = findProjectDirectory(invocation.options, surroundings);
  const findings = await probeHealth({
    workingDirectory: directory,
    environment: surroundings.env,
    signal: surroundings.signal,
  });
  if (invocation.options.flag("json")) {
    surroundings.stdout.write(`${JSON.stringify({ version: 1, findings }, undefined, 2)}\n`);
  } else {
    const palette = createPalette(wantsColor(surroundings.stdout, surroundings.env));
    surroundings.stdout.write(`${findings.map((finding) => renderFinding(finding, palette)).join("\n")}\n`);
  }
  return findings.some((finding) => finding.state === "failed") ? EXIT.usage : EXIT.success;
}

function renderFinding(finding: HealthFinding, palette: Palette): string {
  const lines = [`${markOf(finding, palette)} ${finding.probe.padEnd(8)} ${finding.summary}`];
  if (finding.state === "failed" || finding.state === "warning") {
    lines.push(...finding.evidence.map((line) => `    ${palette.dim(line)}`));
  }
  if (finding.remedy !== undefined) lines.push(`    → ${finding.remedy}`);
  return lines.join("\n");
}

function markOf({ state }: HealthFinding, palette: Palette): string {
  switch (state) {
    case "ok":
      return palette.green("✔");
    case "warning":
      return palette.yellow("!");
    case "failed":
      return palette.red("✖");
    case "not-probed":
      return palette.dim("-");
  }
}
