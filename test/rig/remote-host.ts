import { execFile, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { eventually, findProcesses } from "./processes.ts";
import { SecondEngine } from "./second-engine.ts";

const run = promisify(execFile);

const SSHD = "/usr/sbin/sshd";
const SETTLE_MS = 20_000;
/** Making network interfaces takes root. */
const AS_ROOT: readonly string[] = process.getuid?.() === 0 ? [] : ["sudo", "-n"];

/** In the namespaces of the second engine: its socket at the usual place, an address of its own, and sshd. Arguments: see below. */
const SERVE = `
set -eu
socket=$1 device=$2 address=$3 config=$4 log=$5
ip address add "$address/30" dev "$device"
ip link set "$device" up
mkdir -p /run/sshd
[ -e /run/docker.sock ] || : > /run/docker.sock
mount --bind "$socket" /run/docker.sock
exec ${SSHD} -D -f "$config" -E "$log"
`;

/**
 * Another host, as far as a test on one machine can have it: a Docker Engine with its own network, mounts and processes, an address
 * of its own and sshd. `environment` makes `ssh` of a command know the host's key and its own, by a program of that name which
 * reads another configuration: ssh itself looks for `~/.ssh` of the password database whatever HOME says.
 */
export class RemoteHost implements AsyncDisposable {
  readonly engine: SecondEngine;
  readonly address: string;
  /** `root@10.…`, as an environment names it. */
  readonly ssh: string;
  readonly environment: { readonly PATH: string; readonly TMPDIR: string };
  readonly #directory: string;
  readonly #device: string;

  private constructor(engine: SecondEngine, directory: string, device: string, address: string) {
    this.engine = engine;
    this.#directory = directory;
    this.#device = device;
    this.address = address;
    this.ssh = `root@${address}`;
    // Other tests reach hosts, too, and what they leave is theirs.
    const TMPDIR = path.join(directory, "tmp");
    this.environment = { PATH: `${path.join(directory, "bin")}:${process.env["PATH"] ?? ""}`, TMPDIR };
  }

  /** Directories of tunnels that commands have opened and not removed. */
  tunnels(): readonly string[] {
    return readdirSync(this.environment.TMPDIR).filter((name) => name.startsWith("orchestrate-ssh-"));
  }

  /**
   * Whether tests that take one are run. Where none can be made they are skipped, and it is said loudly how to get them; in CI they run
   * and fail, because everything that they take can be installed there.
   */
  static isTested(): boolean {
    const missing = RemoteHost.missing();
    if (missing === undefined || process.env["CI"] === "true") return true;
    process.stderr.write(`\nwarning: nothing is tested on a remote host: ${missing}\n\n`);
    return false;
  }

  /** What this machine or this user lacks to make one, and how to get it; undefined where nothing is missing. */
  static missing(): string | undefined {
    if (!SecondEngine.isPossible())
      return "a second engine takes Linux, dockerd, unshare, and root or sudo without a password";
    const tools = [SSHD, "/usr/bin/ssh", "/usr/bin/ssh-keygen", "/usr/bin/nsenter"].filter((file) => !existsSync(file));
    if (!["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"].some((file) => existsSync(file))) tools.push("ip");
    return tools.length === 0
      ? undefined
      : `there is no ${tools.join(", ")}; \`scripts/test-tools.sh install\` installs it`;
  }

  /** Starts it and waits until somebody can log in. */
  static async start(): Promise<RemoteHost> {
    const missing = RemoteHost.missing();
    if (missing !== undefined) throw new Error(missing);
    const engine = await SecondEngine.start();
    const directory = await mkdtemp(path.join(tmpdir(), "orc-test-host-"));
    await mkdir(path.join(directory, "tmp"));
    const network = `10.231.${randomInt(1, 255)}.${randomInt(0, 64) * 4}`.split(".").map(Number);
    const at = (offset: number): string => [...network.slice(0, 3), (network[3] ?? 0) + offset].join(".");
    const host = new RemoteHost(engine, directory, `orc${randomInt(1e6, 1e7)}`, at(2));
    try {
      await host.#writeFiles();
      await host.#connect(at(1));
      const listens = await eventually(async () => await host.#canLogIn(), Boolean, SETTLE_MS);
      if (!listens) throw new Error(`nobody can log in: ${(await host.log()).join("\n")}`);
      await writeFile(path.join(directory, "sshd.log"), "");
      return host;
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Lines of sshd's log since the start. */
  async log(): Promise<readonly string[]> {
    return (await readFile(path.join(this.#directory, "sshd.log"), "utf8")).split("\n").filter((line) => line !== "");
  }

  /** How many logins there were since the start. */
  async logins(): Promise<number> {
    return (await this.log()).filter((line) => line.includes("Accepted publickey")).length;
  }

  /** Ends every connection, as a network that goes away. */
  async cut(): Promise<void> {
    const server = findProcesses(this.#directory).find(({ command }) => command.startsWith(`sshd: ${SSHD}`));
    const sessions = findProcesses("sshd: ").filter(({ parent }) => parent === server?.pid);
    const [program, ...words] = [...AS_ROOT, "kill", ...sessions.map(({ pid }) => String(pid))];
    await run(program ?? "kill", words);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
    await asRoot("ip", "link", "delete", this.#device).catch(() => undefined);
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #canLogIn(): Promise<boolean> {
    const environment = { ...process.env, ...this.environment };
    return await run("ssh", ["-o", "BatchMode=yes", "-o", "ConnectTimeout=2", this.ssh, "true"], {
      env: environment,
    }).then(
      () => true,
      () => false,
    );
  }

  async #writeFiles(): Promise<void> {
    const at = (name: string): string => path.join(this.#directory, name);
    for (const key of ["host", "user"]) await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at(key)]);
    const hostKey = (await readFile(at("host.pub"), "utf8")).split(" ").slice(0, 2).join(" ");
    await writeFile(at("known_hosts"), `${this.address} ${hostKey}\n`);
    await writeFile(
      at("ssh_config"),
      `IdentityFile ${at("user")}\nIdentitiesOnly yes\nUserKnownHostsFile ${at("known_hosts")}\nStrictHostKeyChecking yes\n`,
    );
    const sshd = {
      ListenAddress: this.address,
      HostKey: at("host"),
      AuthorizedKeysFile: at("user.pub"),
      PermitRootLogin: "prohibit-password",
      PasswordAuthentication: "no",
      StrictModes: "no",
      UsePAM: "no",
      PidFile: "none",
      LogLevel: "INFO",
    };
    await writeFile(
      at("sshd_config"),
      Object.entries(sshd)
        .map(([name, value]) => `${name} ${value}\n`)
        .join(""),
    );
    // Made by this user, who empties it below; sshd, which is root, appends.
    await writeFile(at("sshd.log"), "");
    await mkdir(at("bin"));
    const program = `#!/bin/sh\nexec /usr/bin/ssh -F '${at("ssh_config")}' "$@"\n`;
    await writeFile(at("bin/ssh"), program);
    await chmod(at("bin/ssh"), 0o755);
  }

  /** A cable between this machine and the namespaces of the engine, and sshd at its other end. */
  async #connect(own: string): Promise<void> {
    const daemon = findProcesses(this.engine.environment.DOCKER_HOST).find(({ command }) =>
      command.startsWith("dockerd "),
    );
    if (daemon === undefined) throw new Error("the second engine has no process");
    const pid = String(daemon.pid);
    const inside = `${this.#device}i`;
    await asRoot("ip", "link", "add", this.#device, "type", "veth", "peer", "name", inside, "netns", pid);
    await asRoot("ip", "address", "add", `${own}/30`, "dev", this.#device);
    await asRoot("ip", "link", "set", this.#device, "up");
    const at = (name: string): string => path.join(this.#directory, name);
    const socket = this.engine.environment.DOCKER_HOST.slice("unix://".length);
    const words = [socket, inside, this.address, at("sshd_config"), at("sshd.log")];
    const enter = ["nsenter", "--target", pid, "--net", "--mount", "--pid", "sh", "-c", SERVE, "serve"];
    const [program, ...rest] = [...AS_ROOT, ...enter, ...words];
    spawn(program ?? "nsenter", rest, { stdio: "ignore", detached: true }).unref();
  }
}

async function asRoot(...words: readonly string[]): Promise<void> {
  const [program, ...rest] = [...AS_ROOT, ...words];
  await run(program ?? "true", rest);
}
