import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Result } from "../model/failure.ts";
import { tunnelEndpoint } from "./endpoint.ts";
import type { EngineEndpoint, SshTunnel } from "./endpoint.ts";
import { signalGroup } from "./process-group.ts";

/** Where the engine listens on the remote host, unless the address names a path. */
const REMOTE_SOCKET = "/var/run/docker.sock";
/** Longest time until ssh listens; its own limit for the connection comes first. */
const OPEN_LIMIT_MS = 30_000;
/** Longest time that ssh may take for another way. */
const FORWARD_LIMIT_MS = 10_000;
/** Between two looks for the local socket. */
const POLL_MS = 20;
/** There are two sockets, so that the third time nothing is left that could vanish; and one for each way to a port. */
const MOST_REMOVALS = 10;
/** How much of what ssh says is kept, in characters. */
const SAID_LIMIT = 2_000;

/**
 * Runs a command, ends it when standard input ends, and removes the directory that it used. The kernel ends the input when this
 * process is gone in whatever way: `ssh -N` itself never reads its input, and would hold the connection for ever after `kill -9`.
 */
const WHILE_WE_LIVE = `
directory=$1
shift
exec 3<&0
"$@" </dev/null 3<&- &
ssh=$!
{ read -r _; kill "$ssh"; } <&3 3<&- >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait "$ssh"
code=$?
kill "$watch" 2>/dev/null
rm -rf "$directory"
exit "$code"
`;

/** A tunnel, or what ssh said when there is none. */
export type OpenedTunnel =
  | { readonly ok: true; readonly tunnel: SshTunnel }
  | { readonly ok: false; readonly error: string };

/**
 * The endpoint through a tunnel where it is an `ssh://` address, any other as it is. Fails with engine-unreachable, in the words of
 * ssh. Whether the engine answers at the other end is not asked.
 */
export async function reachByTunnel(endpoint: EngineEndpoint): Promise<Result<EngineEndpoint>> {
  const { transport, url } = endpoint;
  if (transport.kind !== "command" || transport.ssh === undefined) return { ok: true, value: endpoint };
  const opened = await openSshTunnel(transport.ssh);
  if (!opened.ok) return { ok: false, failure: { reason: "engine-unreachable", endpoint: url, error: opened.error } };
  return { ok: true, value: tunnelEndpoint(endpoint, opened.tunnel, transport.ssh.hostname) };
}

/** Tunnels of this process by address. */
const tunnels = new Map<string, Promise<OpenedTunnel>>();

/**
 * A tunnel to the engine of an `ssh://[user@]host[:port][/socket]` address: one login for each address and process, whatever
 * asks for it, because a login for each call costs half a second and breaks where compose makes thirty at once (MaxStartups
 * of sshd). It has a process group of its own, so that what is left to do after Ctrl-C still reaches the engine, and ends with
 * this process. One that has died is opened again by the next call. ssh reads the user's configuration and asks nothing.
 */
async function openSshTunnel(url: URL): Promise<OpenedTunnel> {
  const known = tunnels.get(url.href);
  if (known !== undefined) {
    const opened = await known;
    if (opened.ok && opened.tunnel.ended() === undefined) return opened;
    // Somebody else has begun to open it again meanwhile.
    if (tunnels.get(url.href) !== known) return await openSshTunnel(url);
  }
  const opening = openTunnel(url);
  tunnels.set(url.href, opening);
  return await opening;
}

async function openTunnel(url: URL): Promise<OpenedTunnel> {
  // 0700: whoever can connect to the socket is root on the remote host.
  const directory = mkdtempSync(path.join(tmpdir(), "orchestrate-ssh-"));
  const socketPath = path.join(directory, "docker.sock");
  const child = startSsh(directory, tunnelArguments(url, socketPath));
  const end = watchEnd(child);
  const close = (): void => {
    if (child.pid !== undefined && end() === undefined) signalGroup(child.pid, "SIGTERM");
    removeDirectory(directory);
  };
  process.once("exit", close);
  child.once("close", () => {
    process.off("exit", close);
    removeDirectory(directory);
  });
  const deadline = performance.now() + OPEN_LIMIT_MS;
  while (!existsSync(socketPath)) {
    const ended = end();
    if (ended !== undefined) return { ok: false, error: ended };
    if (performance.now() > deadline) {
      close();
      return { ok: false, error: `ssh made no connection within ${OPEN_LIMIT_MS / 1_000} s` };
    }
    await delay(POLL_MS);
  }
  const forwards = new Map<number, Promise<string>>();
  const forward = async (port: number): Promise<string> => {
    const known = forwards.get(port) ?? addForward(url, socketPath, port);
    forwards.set(port, known);
    return await known;
  };
  const runThere = async (words: readonly string[]): Promise<string | undefined> =>
    await runThrough(url, socketPath, words);
  return { ok: true, tunnel: { socketPath, ended: end, forward, runThere } };
}

/** ssh removes its sockets at the same time, and whatever is gone when its turn comes makes `rmSync` give up in silence. */
function removeDirectory(directory: string): void {
  for (let left = MOST_REMOVALS; left > 0 && existsSync(directory); left -= 1) {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The command line; everything else (key, jump host, name of the host) is the user's ssh configuration. */
export function tunnelArguments(url: URL, socketPath: string): readonly string[] {
  const remote = url.pathname === "" || url.pathname === "/" ? REMOTE_SOCKET : url.pathname;
  const options = {
    BatchMode: "yes",
    ExitOnForwardFailure: "yes",
    ConnectTimeout: "15",
    ServerAliveInterval: "15",
    ServerAliveCountMax: "3",
    StreamLocalBindMask: "0177",
    // Not the one that the user's configuration may share: it would end with whoever opened it.
    ControlMaster: "yes",
    ControlPath: controlPath(socketPath),
    ControlPersist: "no",
  };
  return [
    "ssh",
    "-N",
    "-T",
    ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
    "-L",
    `${socketPath}:${remote}`,
    ...(url.username === "" ? [] : ["-l", decodeURIComponent(url.username)]),
    ...(url.port === "" ? [] : ["-p", url.port]),
    "--",
    url.hostname.replace(/^\[|\]$/g, ""),
  ];
}

function controlPath(socketPath: string): string {
  return path.join(path.dirname(socketPath), "control");
}

/** Asks the ssh that runs for another way, which takes no login. */
async function addForward(url: URL, socketPath: string, port: number): Promise<string> {
  const { execFile } = process.getBuiltinModule("node:child_process");
  const local = path.join(path.dirname(socketPath), `${port}.sock`);
  const words = ["-S", controlPath(socketPath), "-o", "StreamLocalBindMask=0177", "-O", "forward"];
  const asked = Promise.withResolvers<void>();
  execFile(
    "ssh",
    [...words, "-L", `${local}:127.0.0.1:${port}`, "--", url.hostname],
    { timeout: FORWARD_LIMIT_MS },
    (error, _stdout, stderr) =>
      error === null ? asked.resolve() : asked.reject(new Error(stderr.trim() || error.message)),
  );
  await asked.promise;
  return local;
}

/** Runs a command on the remote host through the ssh that runs, which takes no login; 30 ms and a round trip. */
async function runThrough(url: URL, socketPath: string, words: readonly string[]): Promise<string | undefined> {
  const { execFile } = process.getBuiltinModule("node:child_process");
  // The shell there takes the words apart again.
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const options = ["-S", controlPath(socketPath), "-o", "ControlMaster=no", "-o", "BatchMode=yes", "-T"];
  const said = Promise.withResolvers<string | undefined>();
  execFile(
    "ssh",
    [...options, "--", url.hostname, ...quoted],
    { timeout: FORWARD_LIMIT_MS, encoding: "utf8" },
    (error, stdout) => said.resolve(error === null ? stdout : undefined),
  );
  return await said.promise;
}

function startSsh(directory: string, words: readonly string[]): ChildProcess {
  const { spawn } = process.getBuiltinModule("node:child_process");
  const child = spawn("sh", ["-c", WHILE_WE_LIVE, "tunnel", directory, ...words], {
    detached: true,
    stdio: ["pipe", "ignore", "pipe"],
  });
  child.unref();
  // Nobody waits for the end of a tunnel: it must not keep the process.
  for (const stream of [child.stdin, child.stderr]) {
    stream?.on("error", () => undefined);
    if (stream !== null && "unref" in stream && typeof stream.unref === "function") stream.unref();
  }
  return child;
}

/** Gives what ssh said last once it has ended; undefined before. */
function watchEnd(child: ChildProcess): () => string | undefined {
  let said = "";
  let ended: string | undefined;
  child.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-SAID_LIMIT);
  });
  child.once("error", (error) => (ended = error.message));
  child.once("close", (exitCode, signal) => {
    const lastLine = said.trim().split("\n").at(-1)?.trim() ?? "";
    ended ??= lastLine === "" ? `ssh ended with ${signal ?? `code ${exitCode ?? "none"}`}` : lastLine;
  });
  return () => ended;
}
