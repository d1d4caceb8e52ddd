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
  const { Duplex: duplex } = process.getBuiltinModule("node:stream");
  const { spawn } = process.getBuiltinModule("node:child_process");
  const child = spawn(program, rest, { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  const stream = new duplex({
    read: () => child.stdout.resume(),
    // A command that has ended cannot be written to; why it ended is told when it closes.
    write: (chunk, _encoding, done) => child.stdin.write(chunk, () => done()),
    destroy: (error, done) => {
      child.kill();
      done(error);
    },
  });
  child.stdout.on("data", (chunk: Buffer) => {
    if (!stream.push(chunk)) child.stdout.pause();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-2_000);
  });
  child.stdin.on("error", () => undefined);
  child.once("error", (error) => stream.destroy(error));
  // A plain end would only be reported as "socket hang up".
  child.once("close", (exitCode) => stream.destroy(new Error(lastWords(program, exitCode, said))));
  // Without a listener, closing a connection that nobody uses would be an uncaught error.
  stream.on("error", () => undefined);
  return stream;
}

function lastWords(program: string, exitCode: number | null, said: string): string {
  const lastLine = said.trim().split("\n").at(-1) ?? "";
  return lastLine === "" ? `${program} ended with code ${exitCode ?? "none"}` : lastLine;
}
