import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import type { RunEvent } from "../../src/model/event.ts";
import { parseEvents } from "../../src/report/ndjson.ts";
import { runCli, startCli } from "./cli.ts";
import type { CliProcess, CliResult } from "./cli.ts";
import { LightProject } from "./light-project.ts";
import { eventually, findProcesses } from "./processes.ts";

/** A directory of the copy that the program gets as its directory for temporary files. */
const TEMPORARY = ".tmp";

/** A copy of the light example with a user who types commands there. */
export class UserProject implements AsyncDisposable {
  readonly light: LightProject;
  /** Added to the environment of every command. */
  readonly environment: Readonly<Record<string, string>>;

  private constructor(light: LightProject, environment: Readonly<Record<string, string>>) {
    this.light = light;
    this.environment = environment;
  }

  static async create(environment: Readonly<Record<string, string>> = {}): Promise<UserProject> {
    const light = await LightProject.create();
    mkdirSync(path.join(light.directory, TEMPORARY));
    return new UserProject(light, { ...environment, TMPDIR: path.join(light.directory, TEMPORARY) });
  }

  /** Types a command and waits until it ends. */
  async run(argv: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<CliResult> {
    return await runCli(argv, { cwd: this.light.directory, env: { ...this.environment, ...environment } });
  }

  /** Types a command. */
  start(argv: readonly string[], environment: Readonly<Record<string, string>> = {}): CliProcess {
    return startCli(argv, { cwd: this.light.directory, env: { ...this.environment, ...environment } });
  }

  /** Files of the newest run's log directory, sorted, paths relative to it. */
  logFiles(): readonly string[] {
    const directory = this.#latest();
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
      .sort();
  }

  /** Text of a file of the newest run's log directory. */
  readLog(file: string): string {
    return readFileSync(path.join(this.#latest(), file), "utf8");
  }

  /** What the newest run recorded; fails when a line of it cannot be read. */
  async events(): Promise<readonly RunEvent[]> {
    const recorded = await parseEvents(this.readLog("events.ndjson"));
    if (!recorded.ok) throw new Error(recorded.problem);
    expect(recorded.unreadableLines).toBe(0);
    return recorded.events;
  }

  /** `task: status` of every task of the newest run, and of the run itself under the name `run`. */
  async statuses(): Promise<Readonly<Record<string, string>>> {
    const ended: [string, string][] = (await this.events()).flatMap((event) => {
      if (event.type === "task-finished") return [[event.task, event.status] as [string, string]];
      if (event.type === "run-finished") return [["run", event.status] as [string, string]];
      return [];
    });
    return Object.fromEntries(ended);
  }

  /** How many runs were recorded. */
  runCount(): number {
    try {
      return readdirSync(path.join(this.light.directory, "logs/docker")).filter((name) => name !== "latest").length;
    } catch {
      return 0;
    }
  }

  /** Fails when a process that the commands started still runs, or one of their temporary files is left. */
  async expectNothingLeft(): Promise<void> {
    const left = await eventually(
      () => findProcesses(this.light.directory),
      (processes) => processes.length === 0,
      3_000,
    );
    expect(left).toEqual([]);
    expect(readdirSync(path.join(this.light.directory, TEMPORARY))).toEqual([]);
  }

  /** Ends what a failed test has left running, too. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of findProcesses(this.light.directory)) process.kill(pid, "SIGKILL");
    await this.light[Symbol.asyncDispose]();
  }

  #latest(): string {
    return path.join(this.light.directory, "logs/docker/latest");
  }
}
