import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openEngine } from "../../../src/docker/engine.ts";
import { eventually } from "../../rig/processes.ts";

/**
 * A Docker Engine of a test's own, which may be killed and filled. It runs in network, mount and process namespaces of its own:
 * a second engine in the network namespace of the first would delete its bridge, and everything it leaves ends with it. Its
 * data are on a disk of their own (a file), so that it can be filled. Needs root.
 */
export class PrivateEngine implements AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly host: string;
  readonly #directory: string;
  readonly #process: ChildProcess;

  /** Whether this machine and this user can start one. */
  static isPossible(): boolean {
    const directories = (process.env["PATH"] ?? "").split(path.delimiter);
    const isThere = (program: string): boolean => directories.some((entry) => existsSync(path.join(entry, program)));
    return process.getuid?.() === 0 && ["dockerd", "unshare"].every(isThere);
  }

  private constructor(directory: string, process: ChildProcess) {
    this.host = `unix://${directory}/engine.sock`;
    this.#directory = directory;
    this.#process = process;
  }

  /** Starts an engine with a disk of this size and waits until it answers. */
  static async start(options: {
    readonly diskMegabytes: number;
    readonly containerdStore?: boolean;
  }): Promise<PrivateEngine> {
    const directory = await mkdtemp(path.join(tmpdir(), "orc-test-engine-"));
    const features = { "containerd-snapshotter": options.containerdStore === true };
    await writeFile(path.join(directory, "daemon.json"), JSON.stringify({ features }));
    const script = `
      ip link set lo up 2>/dev/null
      mkdir data && truncate -s ${options.diskMegabytes}M disk && mkfs.ext4 -q disk && { mount -o loop disk data ||
        mount -t tmpfs -o size=${options.diskMegabytes}m none data; }
      mkdir data/root data/exec
      exec dockerd --config-file daemon.json --data-root "$PWD/data/root" --exec-root "$PWD/data/exec" \
        --pidfile "$PWD/data/pid" --host "unix://$PWD/engine.sock" >log 2>&1`;
    const namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const child = spawn("unshare", [...namespaces, "sh", "-c", script], { cwd: directory, stdio: "ignore" });
    const engine = new PrivateEngine(directory, child);
    const answers = await eventually(async () => await engine.answers(), Boolean, 60_000);
    if (answers) return engine;
    const log = await readFile(path.join(directory, "log"), "utf8").catch(() => "no log");
    await engine[Symbol.asyncDispose]();
    throw new Error(`the private engine does not start: ${log.slice(-2_000)}`);
  }

  /** Whether it answers. */
  async answers(): Promise<boolean> {
    const opened = await openEngine({ environment: { DOCKER_HOST: this.host } });
    if (opened.ok) await opened.value[Symbol.asyncDispose]();
    return opened.ok;
  }

  /** Ends it as a power failure would. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, "exit");
      this.kill();
      await exited;
    }
    await rm(this.#directory, { recursive: true, force: true });
  }
}
