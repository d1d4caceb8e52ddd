import type { ChildProcess } from "node:child_process";
import type { Agent } from "node:http";
import type { Duplex } from "node:stream";

/** At most this many connections, each of which is a process (and for ssh a login). */
const MOST_CONNECTIONS = 4;

/**
 * An agent whose connections are the standard streams of a command, one process a connection: how the docker command line
 * reaches `ssh://` hosts. A command that ends with another code than 0 fails the request with its last words.
 */
export function createCommandAgent(argv: readonly [string, ...string[]]): Agent {
  const http = process.getBuiltinModule("node:http");
  class CommandAgent extends http.Agent {
    override createConnection(): Duplex {
      return connect(argv);
    }
    // The defaults expect a network socket. True keeps the connection.
    override keepSocketAlive(): boolean {
      return true;
    }
    override reuseSocket(): void {}
  }
  return new CommandAgent({ keepAlive: true, maxSockets: MOST_CONNECTIONS });
}

function connect([program, ...rest]: readonly [string, ...string[]]): Duplex {
  const { Duplex: duplex, Writable: writable } = process.getBuiltinModule("node:stream");
  const { spawn } = process.getBuiltinModule("node:child_process");
  const child = spawn(program, rest, { stdio: ["pipe", "pipe", "pipe"] });
  const input = new writable({
    // A command that has ended cannot be written to; why it ended is told by the reading side.
    write: (chunk, _encoding, done) => child.stdin.write(chunk, () => done()),
  });
  const stream = duplex.from({ readable: receive(child), writable: input });
  child.once("error", (error) => stream.destroy(error));
  stream.once("close", () => child.kill());
  // Without a listener, closing a connection that nobody uses would be an uncaught error.
  stream.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  return stream;
}

/** What the command prints; an error at the end when it failed, because a plain end would only say "socket hang up". */
async function* receive(child: ChildProcess): AsyncGenerator {
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-2_000);
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  for await (const chunk of child.stdout ?? []) yield chunk;
  const exitCode = await exited;
  if (exitCode === 0 || exitCode === null) return;
  const lastLine = said.trim().split("\n").at(-1) ?? "";
  throw new Error(lastLine === "" ? `${child.spawnfile} ended with code ${exitCode}` : lastLine);
}
