import { realpathSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ReleaseRecord } from "../../src/model/journal.ts";
import type { Transition } from "../../src/model/release.ts";
import { resolveStateDirectory } from "../../src/state/location.ts";
import { openStore } from "../../src/state/store.ts";
import { startCli } from "./cli.ts";
import type { CliProcess, CliResult } from "./cli.ts";
import { docker } from "./light-project.ts";
import { LoadProject } from "./load/load-project.ts";
import type { LoadRelease } from "./load/load-project.ts";
import type { OtherMachine } from "./other-machine.ts";
import { findProcesses } from "./processes.ts";

/** Short enough for tests, and the same phases as in earnest. */
const SETTINGS = {
  smoke: [{ path: "/", contains: "page of web" }],
  observe: { for: "1500ms", max_error_rate: "5%", min_requests: 20 },
  drain: { timeout: "5s", websocket: "500ms" },
};

/** What `orchestrate status --json` says, as far as tests look at it. */
export interface SeenStatus {
  readonly live?: { readonly colour: string; readonly deployId?: string };
  readonly router?: { readonly traffic: unknown; readonly persisted: unknown };
  readonly colours: readonly { readonly colour: string; readonly state: string; readonly deployId?: string }[];
  readonly open?: { readonly deployId: string; readonly next: string; readonly holder?: string };
  readonly rollback?: { readonly colour: string; readonly deployId: string; readonly from: string };
  readonly drift: readonly unknown[];
}

/** Where a project is deployed; `RemoteHost` is one. */
export interface DeployHost {
  readonly address: string;
  /** As an environment names it. */
  readonly ssh: string;
  /** For every command. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The application of the load tests, behind the router, with a user who types commands there. */
export class ReleaseProject implements AsyncDisposable {
  readonly load: LoadProject;
  readonly #host: DeployHost | undefined;

  private constructor(load: LoadProject, host: DeployHost | undefined) {
    this.load = load;
    this.#host = host;
  }

  /** `settings` are `deploy` of docker/build-config.json over those of tests. Without a host it is deployed here. */
  static async create(settings: Readonly<Record<string, unknown>> = {}, host?: DeployHost): Promise<ReleaseProject> {
    const load = await LoadProject.create();
    await load.edit("docker/build-config.json", (text) => {
      const config: { environments: Record<string, object> } = JSON.parse(text);
      for (const environment of Object.values(config.environments)) {
        if (host !== undefined) Object.assign(environment, { ssh: host.ssh });
      }
      return JSON.stringify({ ...config, deploy: { ...SETTINGS, ...settings } }, undefined, 2);
    });
    return new ReleaseProject(load, host);
  }

  /** The entrance for users. */
  url(): string {
    return this.#host === undefined ? this.load.url() : `http://${this.#host.address}:${this.load.ports.router}`;
  }

  /** The same project for a user at another machine: other files, other state, one engine. */
  async elsewhere(): Promise<ReleaseProject> {
    return new ReleaseProject(await this.load.checkOut(), this.#host);
  }

  /** Types a command and waits until it ends. */
  async run(...argv: readonly string[]): Promise<CliResult> {
    return await this.start(...argv).done;
  }

  /** Types a command. */
  start(...argv: readonly string[]): CliProcess {
    return startCli(argv, { cwd: this.load.directory, env: this.#host?.environment ?? {} });
  }

  /** Types a command at a machine whose processes are nobody's here. */
  startAt(machine: OtherMachine, ...argv: readonly string[]): CliProcess {
    return startCli(argv, { cwd: this.load.directory, env: this.#host?.environment ?? {}, within: machine.within });
  }

  /** Writes another release and deploys it to the idle colour. */
  async deploy(name: string, release: LoadRelease = {}): Promise<CliResult> {
    await this.load.release(name, release);
    return await this.run("run", "deploy");
  }

  /** What `orchestrate status` says now. */
  async status(): Promise<SeenStatus> {
    const { stdout, output } = await this.run("status", "--json");
    const status: SeenStatus = JSON.parse(stdout);
    if (!Array.isArray(status.colours)) throw new Error(output);
    return status;
  }

  /**
   * What is not as it must be when no deploy is under way; undefined when exactly one colour gets all traffic, by memory and file,
   * and runs, the other ones are stopped or gone, and nothing is unfinished.
   */
  async trouble(): Promise<string | undefined> {
    const { open, live, router, colours, drift } = await this.status();
    if (open !== undefined) return `deploy ${open.deployId} is unfinished`;
    if (live === undefined) return "nothing is live";
    const plain = JSON.stringify({ to: "colour", colour: live.colour, standby: false });
    if (JSON.stringify(router?.traffic) !== plain) return `traffic is ${JSON.stringify(router?.traffic)}`;
    if (JSON.stringify(router?.persisted) !== plain) return `the file says ${JSON.stringify(router?.persisted)}`;
    if (drift.length > 0) return JSON.stringify(drift);
    const wrong = colours.find(({ colour, state }) =>
      colour === live.colour ? state !== "ready" : !["stopped", "absent"].includes(state),
    );
    return wrong === undefined ? undefined : `${live.colour} is live and ${wrong.colour} is ${wrong.state}`;
  }

  /** The router's container. */
  async router(): Promise<string> {
    const filter = `label=com.docker.compose.project=${this.load.project}-router`;
    const [id] = await docker("ps", "-aq", "--filter", filter);
    if (id === undefined) throw new Error("there is no router");
    return id;
  }

  /** When the traffic was last directed anywhere, by the clock of `Date.now()`: the file is written right before memory is. */
  async directedAtMs(): Promise<number> {
    const [seconds] = await docker("exec", await this.router(), "stat", "-c", "%.Y", "/state/live.map");
    return Number(seconds) * 1_000;
  }

  /** When the first container of a colour died since a moment; undefined when none did. */
  async diedAtMs(colour: string, sinceMs: number): Promise<number | undefined> {
    const project = `label=com.docker.compose.project=${this.load.project}-${colour}`;
    const times = ["--since", String(sinceMs / 1_000), "--until", String(Date.now() / 1_000)];
    const which = ["--filter", project, "--filter", "event=die", "--format", "{{.TimeNano}}"];
    const [first] = await docker("events", ...times, ...which);
    return first === undefined ? undefined : Number(first) / 1e6;
  }

  /** The newest release in the journal, read as another process would. */
  async newestRelease(): Promise<ReleaseRecord | undefined> {
    const opened = await openStore(this.#stateDirectory(), Date.now());
    if (!opened.ok) throw new Error(opened.problem);
    using store = opened.store;
    const listed = store.releases.listReleases(this.load.project, 1);
    if (!listed.ok) throw new Error(JSON.stringify(listed.failure));
    return listed.value[0];
  }

  /**
   * Types `orchestrate run deploy` and sends SIGKILL to it, and to nothing that it has started, as soon as the transition
   * is in the journal. Says whether it was there in time.
   */
  async killAt(transition: string): Promise<{ readonly killed: boolean; readonly seen: readonly string[] }> {
    const opened = await openStore(this.#stateDirectory(), Date.now());
    if (!opened.ok) throw new Error(opened.problem);
    using store = opened.store;
    const before = (await this.newestRelease())?.release.deployId;
    const process = this.start("run", "deploy");
    let ended = false;
    const end = async (): Promise<void> => {
      await process.done;
      ended = true;
    };
    void end();
    for (;;) {
      const listed = store.releases.listReleases(this.load.project, 1);
      const newest = listed.ok ? listed.value[0] : undefined;
      const seen =
        newest === undefined || newest.release.deployId === before ? [] : newest.transitions.map(describeTransition);
      if (seen.includes(transition)) {
        process.signal("SIGKILL");
        await process.done;
        return { killed: true, seen };
      }
      if (ended) return { killed: false, seen };
      await delay(2);
    }
  }

  /** Ends what a failed test has left running, too. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of findProcesses(this.load.directory)) {
      if (pid !== process.pid) process.kill(pid, "SIGKILL");
    }
    await this.load[Symbol.asyncDispose]();
  }

  #stateDirectory(): string {
    return resolveStateDirectory({
      environment: { ORCHESTRATE_STATE_DIR: path.join(this.load.directory, ".state") },
      homeDirectory: this.load.directory,
      project: this.load.project,
      projectRealPath: realpathSync(this.load.directory),
    });
  }
}

/** `intent start`, `fact cutover`, `end done`. */
function describeTransition({ record }: Transition): string {
  switch (record.mark) {
    case "intent":
    case "fact":
      return `${record.mark} ${record.phase}`;
    case "turn":
      return `turn ${record.to}`;
    case "end":
      return `end ${record.end}`;
  }
}
