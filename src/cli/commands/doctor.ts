import { resolveBuildConfig } from "../../config/resolve-build-config.ts";
import { probeHealth } from "../../docker/health.ts";
import type { HealthFinding } from "../../docker/health.ts";
import { routerStatus } from "../../docker/router/router-project.ts";
import type { RouterStatus } from "../../docker/router/router-project.ts";
import type { Invocation } from "../command-declaration.ts";
import { EngineRoom } from "../engine-room.ts";
import { EXIT } from "../exit-code.ts";
import { openProject } from "../loaded-project.ts";
import { findProjectDirectory } from "../project-directory.ts";
import { openRouterSite } from "../router-room.ts";
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
  const entrance = await probeRouter(invocation, surroundings);
  const all = entrance === undefined ? findings : [...findings, entrance];
  if (invocation.options.flag("json")) {
    surroundings.stdout.write(`${JSON.stringify({ version: 1, findings: all }, undefined, 2)}\n`);
  } else {
    const palette = createPalette(wantsColor(surroundings.stdout, surroundings.env));
    surroundings.stdout.write(`${all.map((finding) => renderFinding(finding, palette)).join("\n")}\n`);
  }
  return all.some((finding) => finding.state === "failed") ? EXIT.usage : EXIT.success;
}

/** The router of the project, where it has one that runs; mistakes in the project's files are for `orchestrate validate`. */
async function probeRouter(invocation: Invocation, surroundings: Surroundings): Promise<HealthFinding | undefined> {
  const opened = await openProject(invocation, surroundings);
  if (!opened.ok) return undefined;
  const { directory, project, inputs } = opened.value;
  const config = resolveBuildConfig(project, inputs);
  if (!config.ok) return undefined;
  await using engines = new EngineRoom(surroundings.env);
  const site = await openRouterSite(config.value, directory, engines);
  if (!site.ok) return undefined;
  const status = await routerStatus(site.value, { signal: surroundings.signal });
  return status.ok ? judgeRouter(status.value) : undefined;
}

function judgeRouter({ state, entrance, port }: RouterStatus): HealthFinding | undefined {
  if (state !== "running" || entrance === undefined) return undefined;
  switch (entrance.entrance) {
    case "answers":
      return { probe: "entrance", state: "ok", summary: `port ${port} leads to the router`, evidence: [] };
    case "unknown":
      return { probe: "entrance", state: "not-probed", summary: entrance.because, evidence: [] };
    case "refuses":
    case "silent":
      return {
        probe: "entrance",
        state: "warning",
        summary: `the router runs, but port ${entrance.port} does not lead to it`,
        evidence: [entrance.error],
        remedy: "`orchestrate router up` restarts it; connections that still get through end",
      };
  }
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
