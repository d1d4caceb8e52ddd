import { randomBytes } from "node:crypto";
import type { DeployContext } from "../tasks/deploy/deployment.ts";
import { openReleaseSite } from "../tasks/deploy/release-site.ts";
import type { ReleaseSite } from "../tasks/deploy/release-site.ts";
import type { TaskTools } from "../tasks/task-tools.ts";
import type { Result } from "../model/failure.ts";
import type { ReleaseJournal } from "../model/journal.ts";
import type { TaskReport } from "../model/performer.ts";
import { createRunId } from "../report/run-id.ts";
import type { ConfiguredProject } from "./ad-hoc-command.ts";
import { EngineRoom } from "./engine-room.ts";
import { openHistory } from "./history.ts";
import type { History } from "./history.ts";
import { releaseTools } from "./release-tools.ts";
import type { Surroundings } from "./surroundings.ts";

/** The release site of a command that is no run: what it does is told line by line. */
export class ReleaseRoom implements AsyncDisposable {
  readonly site: Result<ReleaseSite>;
  /** Also where the engine does not answer; absent where the state of this machine cannot be opened. */
  readonly journal: ReleaseJournal | undefined;
  readonly #engines: EngineRoom;
  readonly #history: History;

  private constructor(site: Result<ReleaseSite>, engines: EngineRoom, history: History) {
    this.site = site;
    this.journal = history.journal;
    this.#engines = engines;
    this.#history = history;
  }

  /** Opens engine, router and journal; `tell` is called with each step. */
  static async open(
    configured: ConfiguredProject,
    surroundings: Surroundings,
    tell: (line: string) => void,
    lockTimeoutMs?: number,
  ): Promise<ReleaseRoom> {
    const engines = new EngineRoom(surroundings.env);
    const history = await openHistory(configured, surroundings);
    const runId = createRunId(Date.now(), randomBytes(2).toString("hex"));
    const tools: TaskTools = {
      config: configured.buildConfig,
      projectDirectory: configured.directory,
      engine: engines.open,
      environment: {},
      redact: [],
      releases: releaseTools(configured, surroundings, history, runId, lockTimeoutMs),
    };
    const context: DeployContext = { signal: surroundings.signal, report: (report) => tellStep(report, tell) };
    return new ReleaseRoom(await openReleaseSite(tools, context), engines, history);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#history[Symbol.dispose]();
    await this.#engines[Symbol.asyncDispose]();
  }
}

function tellStep(report: TaskReport, tell: (line: string) => void): void {
  if (report.type === "step" && report.step.state !== "running") {
    tell(`${report.step.name}${report.step.state === "failed" ? ": failed" : ""}`);
  }
}
