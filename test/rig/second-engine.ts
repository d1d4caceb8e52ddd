import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtemp, open, readFile, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { eventually, findProcesses } from "./processes.ts";

const run = promisify(execFile);

/** Starting an engine and namespaces for it takes root. */
const AS_ROOT: readonly string[] = process.getuid?.() === 0 ? [] : ["sudo", "-n"];

/**
 * Makes the disk, on which the engine keeps its data, where everybody sees it: a program that measures an engine's disk by its path would
 * measure another one if it were mounted in the namespace of the engine alone. Arguments: directory, size in bytes.
 */
const MOUNT = `
set -eu
directory=$1 disk=$2
mkdir -p "$directory/data"
if mountpoint -q "$directory/data"; then exit 0; fi
if [ ! -e "$directory/disk" ]; then truncate -s "$disk" "$directory/disk"; mkfs.ext4 -q "$directory/disk"; fi
# Without loop devices it lies in memory.
mount -o loop "$directory/disk" "$directory/data" || mount -t tmpfs -o "size=$disk" none "$directory/data"
`;

/**
 * Runs in new network, mount and process namespaces. Arguments: directory, whether dockerd is started again when it ends (`yes`),
 * then dockerd's own. A dockerd in the network namespace of another one would take its docker0 away; with /run/containerd it
 * would share the other one's containerd; and as process 1 it takes everything that it started with it when it is killed,
 * mounts included.
 */
const LAUNCH = `
set -eu
directory=$1 supervised=$2
shift 2
# After a crash they would name processes that are others now.
rm -rf "$directory/pid" "$directory/exec"
ip link set lo up
mkdir -p /run/containerd
mount -t tmpfs tmpfs /run/containerd
while [ "$supervised" = yes ]; do dockerd "$@" || true; done
exec dockerd "$@"
`;

/** How the engine is made. */
export interface SecondEngineOptions {
  /** Its data lie on a file system of this size; without it they share the disk of the temporary directory. */
  readonly diskBytes?: number;
  /** Keeps images in containerd instead of the graph driver. */
  readonly containerdStore?: boolean;
  /** dockerd is started again whenever it ends, as an init system does it: network and containers' processes outlive it. */
  readonly supervised?: boolean;
}

/** How long an engine may take to answer, or to be gone. */
const SETTLE_MS = 30_000;

/**
 * A second Docker Engine that a test may stop, kill and fill: own socket, data, network and processes, all of which are gone
 * after disposal. It has no way to the network, so its builds take `network: none` or the default bridge without an uplink, and
 * its published ports are not those of this machine.
 */
export class SecondEngine implements AsyncDisposable {
  /** For the environment of a command that should talk to it. */
  readonly environment: { readonly DOCKER_HOST: string };
  readonly #directory: string;
  readonly #options: SecondEngineOptions;

  private constructor(directory: string, options: SecondEngineOptions) {
    this.#directory = directory;
    this.#options = options;
    this.environment = { DOCKER_HOST: `unix://${path.join(directory, "docker.sock")}` };
  }

  /** Whether this machine and this user can start one: Linux with dockerd, and root or sudo without a password. */
  static isPossible(): boolean {
    try {
      const [program, ...words] = [...AS_ROOT, "sh", "-c", "command -v dockerd && command -v unshare"];
      execFileSync(program, words, { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  }

  /** Starts an engine and waits until it answers. */
  static async start(options: SecondEngineOptions = {}): Promise<SecondEngine> {
    const engine = new SecondEngine(await mkdtemp(path.join(tmpdir(), "orc-test-engine-")), options);
    await engine.start();
    return engine;
  }

  /** One that another process has started with `supervised`, and disposes of. */
  static at(directory: string): SecondEngine {
    return new SecondEngine(directory, { supervised: true });
  }

  /** What {@link SecondEngine.at} takes. */
  get directory(): string {
    return this.#directory;
  }

  /** Starts it again, with the data that it had. */
  async start(): Promise<void> {
    const at = (name: string): string => path.join(this.#directory, name);
    const features = { "containerd-snapshotter": this.#options.containerdStore === true };
    await writeFile(at("daemon.json"), JSON.stringify({ features }));
    if (this.#options.diskBytes !== undefined) {
      await asRoot("sh", "-c", MOUNT, "mount", this.#directory, String(this.#options.diskBytes));
    }
    const log = await open(at("log"), "a");
    const namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"];
    const settings = {
      "config-file": at("daemon.json"),
      "data-root": at("data"),
      "exec-root": at("exec"),
      pidfile: at("pid"),
      host: this.environment.DOCKER_HOST,
      group: String(process.getgid?.() ?? 0),
      // Names within the containerd of its own.
      "containerd-namespace": path.basename(this.#directory),
      "containerd-plugins-namespace": `${path.basename(this.#directory)}-plugins`,
    };
    const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
    const [program, ...words] = [...AS_ROOT, "unshare", ...namespaces, "--", "sh", "-c", LAUNCH, "launch"];
    const supervised = this.#options.supervised === true ? "yes" : "no";
    const child = spawn(program, [...words, this.#directory, supervised, ...flags], {
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
    });
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code) => resolve(`exit code ${code}`));
    });
    let end: string | undefined;
    void ended.then((how) => (end = how));
    child.unref();
    await log.close();
    await eventually(async () => end !== undefined || (await this.answers()), Boolean, SETTLE_MS);
    if (await this.answers()) return;
    const lastLines = (await readFile(at("log"), "utf8")).trimEnd().split("\n").slice(-10).join("\n");
    throw new Error(`the second engine did not start (${end ?? "no answer"}):\n${lastLines}`);
  }

  /** What is free of its disk, and how large it is, in bytes. */
  async disk(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    const { bavail, blocks, bsize } = await statfs(path.join(this.#directory, "data"));
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  }

  /** Whether it answers now. */
  async answers(): Promise<boolean> {
    return await this.docker("version").then(
      () => true,
      () => false,
    );
  }

  /** Output lines of a docker command there. */
  async docker(...words: readonly string[]): Promise<readonly string[]> {
    const { stdout } = await run("docker", words, { env: { ...process.env, ...this.environment } });
    return stdout.split("\n").filter((line) => line !== "");
  }

  /** Sends dockerd a signal: SIGKILL as a crash, SIGSTOP as an engine that hangs, SIGCONT after that. */
  async signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM"): Promise<void> {
    const [program, ...words] = [...AS_ROOT, "kill", "-s", name.slice(3)];
    await run(program, [...words, ...this.#daemons().map(String)]);
  }

  /**
   * Ends a supervised dockerd, in order or as a crash, and waits until the next one answers. In order it stops its containers; in
   * both cases it starts those again that shall.
   */
  async restart(how: "SIGTERM" | "SIGKILL"): Promise<void> {
    const before = this.#daemons();
    await this.signal(how);
    const isNew = async (): Promise<boolean> =>
      this.#daemons().some((pid) => !before.includes(pid)) && (await this.answers());
    if (!(await eventually(isNew, Boolean, 2 * SETTLE_MS))) throw new Error("dockerd did not come back");
  }

  /** Words before a command that make it run in the network of the engine, where its ports answer, or where its processes are. */
  into(namespace: "net" | "pid"): readonly string[] {
    return [...AS_ROOT, "nsenter", "--target", String(this.#daemons()[0]), `--${namespace}`, "--"];
  }

  /** Kills dockerd, and a supervised one's supervisor, as a crash would; resolves when nothing of it runs. */
  async kill(): Promise<void> {
    const launch = `launch ${this.#directory} `;
    const supervisors = this.#processes().filter(
      ({ command }) => command.startsWith("sh -c ") && command.includes(launch),
    );
    for (const { pid } of supervisors) {
      const [program, ...words] = [...AS_ROOT, "kill", "-s", "KILL", String(pid)];
      await run(program, words);
    }
    if (supervisors.length === 0) await this.signal("SIGKILL");
    await eventually(
      () => this.#processes().length,
      (count) => count === 0,
      SETTLE_MS,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#processes().length > 0) await this.kill();
    if (this.#options.diskBytes !== undefined) await asRoot("umount", path.join(this.#directory, "data"));
    await asRoot("rm", "-rf", "--one-file-system", this.#directory);
  }

  #daemons(): readonly number[] {
    return this.#processes()
      .filter(({ command }) => command.startsWith("dockerd "))
      .map(({ pid }) => pid);
  }

  #processes(): ReturnType<typeof findProcesses> {
    return findProcesses(this.#directory);
  }
}

async function asRoot(...words: readonly string[]): Promise<void> {
  const [program = "", ...rest] = [...AS_ROOT, ...words];
  await run(program, rest);
}
