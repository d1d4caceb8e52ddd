import path from "node:path";
import { recommend } from "../../monitor/recommendation.ts";
import { renderMarkdownReport } from "../../monitor/monitor-report.ts";
import type { MonitorReport } from "../../monitor/monitor-report.ts";
import { judgeSizes, renderRecommendations, renderSizes } from "../../monitor/monitor-text.ts";
import type { SizeVerdict } from "../../monitor/monitor-text.ts";
import { renderUsage } from "../../monitor/usage-text.ts";
import { openConfigured } from "../ad-hoc-command.ts";
import type { ConfiguredProject } from "../ad-hoc-command.ts";
import type { Invocation, Options } from "../command-declaration.ts";
import { EngineRoom } from "../engine-room.ts";
import { EXIT } from "../exit-code.ts";
import { openHistory } from "../history.ts";
import type { History } from "../history.ts";
import { loadSizes } from "../image-sizes.ts";
import { LOG_DIRECTORY } from "../log-directory.ts";
import { loadMonitorFacts } from "../monitor-facts.ts";
import { writeWholeFile } from "../report-file.ts";
import { screenOptions } from "../screen-options.ts";
import type { Surroundings } from "../surroundings.ts";
import { tellTrouble } from "../trouble.ts";
import { loadUsageFacts } from "../usage-facts.ts";

/**
 * `orchestrate monitor`: disk use, limits and what is worth doing. Exit code 1 when an image breaks its size or growth limit;
 * budgets of cache and disk are what `orchestrate clean` is for, and break nothing here.
 */
export async function execute(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const { options } = invocation;
  const modes = ["sizes", "watch", "report"].filter((name) => options.flag(name) || options.text(name) !== undefined);
  if (modes.length > 1) {
    const named = modes.map((name) => `--${name}`).join(" and ");
    surroundings.stderr.write(`error: ${named} cannot be used together\n`);
    return EXIT.usage;
  }
  const configured = await openConfigured(invocation, surroundings);
  if (!configured.ok) return tellTrouble(configured.trouble, surroundings, options.flag("json"));
  await using engines = new EngineRoom(surroundings.env);
  if (options.flag("watch")) {
    const { watchEngine } = await import("../engine-watch.ts");
    return await watchEngine(configured.value, engines, options, surroundings);
  }
  using history = await openHistory(configured.value, surroundings);
  if (options.flag("sizes")) return await showSizes(configured.value, engines, history, options, surroundings);
  return await showReport(configured.value, engines, history, options, surroundings);
}

async function showSizes(
  project: ConfiguredProject,
  engines: EngineRoom,
  history: History,
  options: Options,
  surroundings: Surroundings,
): Promise<number> {
  const json = options.flag("json");
  const engine = await engines.open();
  if (!engine.ok) return tellTrouble({ trouble: "failure", failure: engine.failure }, surroundings, json);
  const sizes = await loadSizes(engine.value, project, history, surroundings);
  if (!sizes.ok) return tellTrouble({ trouble: "failure", failure: sizes.failure }, surroundings, json);
  const text = json
    ? JSON.stringify({ version: 1, sizes: sizes.value }, undefined, 2)
    : renderSizes(sizes.value, screenOptions(surroundings).palette).join("\n");
  surroundings.stdout.write(`${text}\n`);
  return exitCode(sizes.value);
}

async function showReport(
  project: ConfiguredProject,
  engines: EngineRoom,
  history: History,
  options: Options,
  surroundings: Surroundings,
): Promise<number> {
  const json = options.flag("json");
  const loaded = await loadUsageFacts(project, engines, history, surroundings);
  if (!loaded.ok) return tellTrouble({ trouble: "failure", failure: loaded.failure }, surroundings, json);
  const facts = await loadMonitorFacts(project, loaded.value, history, surroundings);
  const report: MonitorReport = {
    version: 1,
    atMs: facts.observation.nowMs,
    sizes: judgeSizes(facts.services),
    recommendations: recommend(facts),
    usage: facts.usage,
  };
  const format = options.text("report");
  const file = format === undefined ? undefined : writeReport(report, format, project.directory);
  if (json) surroundings.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else surroundings.stdout.write(`${renderScreen(report, surroundings).join("\n")}\n`);
  if (file !== undefined) (json ? surroundings.stderr : surroundings.stdout).write(`Report: ${file}\n`);
  return exitCode(report.sizes);
}

function renderScreen({ usage, recommendations }: MonitorReport, surroundings: Surroundings): readonly string[] {
  const options = screenOptions(surroundings);
  return [...renderUsage(usage, options), "", ...renderRecommendations(recommendations, options.palette)];
}

/** Writes `logs/docker/monitor-20261124-021500.md`; returns the path, relative to the project. */
function writeReport(report: MonitorReport, format: string, directory: string): string {
  const [date = "", time = ""] = new Date(report.atMs).toISOString().split("T");
  const stamp = `${date.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}`;
  const file = path.join(LOG_DIRECTORY, `monitor-${stamp}.${format === "json" ? "json" : "md"}`);
  const text = format === "json" ? `${JSON.stringify(report, undefined, 2)}\n` : renderMarkdownReport(report);
  writeWholeFile(path.resolve(directory, file), text);
  return file;
}

function exitCode(sizes: readonly SizeVerdict[]): number {
  return sizes.some(({ verdict }) => verdict === "broken") ? EXIT.failure : EXIT.success;
}
