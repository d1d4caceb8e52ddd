import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Result } from "../model/failure.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { runInContainer } from "./engine-exec.ts";
import type { ContainerCommandResult } from "./engine-exec.ts";
import { parseJson, textAt } from "./json-value.ts";
import { parseStreams } from "./log-frames.ts";

/** A script for a shell that stays open. */
export interface ShellScript {
  /** For `sh`; may use `exit`, and reads nothing from its standard input. */
  readonly script: string;
  /** Its `$1`, `$2` … */
  readonly words: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** How a script went; `lost` where the shell ended before it said so: whether the script was run nobody knows. */
type ShellAnswer = { readonly is: "ended"; readonly result: ContainerCommandResult } | { readonly is: "lost" };

/**
 * One shell for each container, kept open for the next script: 5 ms, and 50 to 90 for the first one. Only for what may be
 * repeated: a script whose shell was lost meanwhile is run again in a process of its own, and so is one that finds the shell busy.
 */
export class ContainerShells implements Disposable {
  readonly #connection: EngineConnection;
  readonly #shells = new Map<string, ContainerShell | "opening">();

  constructor(connection: EngineConnection) {
    this.#connection = connection;
  }

  /** Fails as {@link runInContainer} does. */
  async run(containerId: string, script: ShellScript): Promise<Result<ContainerCommandResult>> {
    const shell = await this.#open(containerId, script.signal);
    if (shell !== undefined) {
      const answer = await shell.run(script);
      if (answer.is === "ended") return { ok: true, value: answer.result };
    }
    const command = { arguments: ["sh", "-c", script.script, "sh", ...script.words], user: "0", signal: script.signal };
    return await runInContainer(this.#connection, containerId, command);
  }

  /** Ends them all. */
  [Symbol.dispose](): void {
    for (const shell of this.#shells.values()) if (shell !== "opening") shell[Symbol.dispose]();
    this.#shells.clear();
  }

  /** Undefined where it is busy or cannot be had. */
  async #open(containerId: string, signal: AbortSignal | undefined): Promise<ContainerShell | undefined> {
    const known = this.#shells.get(containerId);
    if (known === "opening" || known?.state === "busy") return undefined;
    if (known?.state === "open") return known;
    this.#shells.set(containerId, "opening");
    const opened = await ContainerShell.open(this.#connection, containerId, signal);
    if (opened.ok) this.#shells.set(containerId, opened.value);
    else this.#shells.delete(containerId);
    return opened.ok ? opened.value : undefined;
  }
}

/**
 * A shell in a container that reads one script after another. Starting a process in a container takes the engine 50 to 90 ms and
 * as much of a processor; a script in a shell that is there takes 5. One script at a time.
 *
 *     open ── run ──► busy ── its last line ──► open
 *       └── the container, the engine or the connection ends, or a script is aborted ──► closed
 *
 * The shell ends with its standard input, so none is left behind by a process that was killed.
 */
class ContainerShell implements Disposable {
  readonly #stream: Duplex;
  #received: Uint8Array[] = [];
  #state: "open" | "busy" | "closed" = "open";
  #notice: () => void = () => undefined;

  private constructor(stream: Duplex, head: Uint8Array) {
    this.#stream = stream;
    if (head.length > 0) this.#received.push(head);
    const close = (): void => {
      this.#state = "closed";
      this.#notice();
    };
    stream.on("data", (chunk: Uint8Array) => {
      this.#received.push(chunk);
      this.#notice();
    });
    for (const event of ["end", "close", "error"]) stream.on(event, close);
    this.#hold(false);
  }

  /** Starts the shell as root. Fails where the container does not run, and where the engine offers no such connection. */
  static async open(
    connection: EngineConnection,
    containerId: string,
    signal?: AbortSignal,
  ): Promise<Result<ContainerShell>> {
    const created = await connection.send({
      method: "POST",
      path: `/containers/${encodeURIComponent(containerId)}/exec`,
      body: { Cmd: ["sh"], User: "0", AttachStdin: true, AttachStdout: true, AttachStderr: true },
      signal,
    });
    if (!created.ok) return created;
    const id = encodeURIComponent(textAt(parseJson(created.value.body.toString("utf8")), "Id"));
    const request = { method: "POST", path: `/exec/${id}/start`, body: { Detach: false, Tty: false }, signal } as const;
    const taken = await connection.takeOver(request);
    return taken.ok ? { ok: true, value: new ContainerShell(taken.value.stream, taken.value.head) } : taken;
  }

  /** Whether the next script can be given to it. */
  get state(): "open" | "busy" | "closed" {
    return this.#state;
  }

  /** Runs a script; call it only where the shell is open. */
  async run({ script, words, signal }: ShellScript): Promise<ShellAnswer> {
    const end = randomBytes(12).toString("hex");
    const abort = (): void => this[Symbol.dispose]();
    this.#state = "busy";
    this.#received = [];
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted === true) abort();
    this.#hold(true);
    try {
      this.#stream.write(renderScript(script, words, end));
      return await this.#answer(end);
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#hold(false);
    }
  }

  [Symbol.dispose](): void {
    this.#state = "closed";
    this.#stream.destroy();
    this.#notice();
  }

  async #answer(end: string): Promise<ShellAnswer> {
    for (;;) {
      const result = parseEnd(Buffer.concat(this.#received), end);
      if (result !== undefined) {
        if (this.#state === "busy") this.#state = "open";
        return { is: "ended", result };
      }
      if (this.#state === "closed") return { is: "lost" };
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#notice = resolve;
      await promise;
    }
  }

  /** A shell that waits for its next script must not keep a process alive that has nothing else to do. */
  #hold(alive: boolean): void {
    const { Socket: socket } = process.getBuiltinModule("node:net");
    if (!(this.#stream instanceof socket)) return;
    const stream: Socket = this.#stream;
    if (alive) stream.ref();
    else stream.unref();
  }
}

/** In a shell below, so that the script may exit. Both streams say when they have ended: they do not arrive in one order. */
function renderScript(script: string, words: readonly string[], end: string): string {
  return `(
set -- ${words.map(quote).join(" ")}
${script}
) </dev/null
printf '\\n${end} %s\\n' "$?"; printf '\\n${end}\\n' >&2
`;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function parseEnd(received: Uint8Array, end: string): ContainerCommandResult | undefined {
  const { stdout, stderr } = parseStreams(received);
  const at = stdout.lastIndexOf(`\n${end} `);
  const stderrEnd = stderr.lastIndexOf(`\n${end}\n`);
  const code = /^(\d+)\n/.exec(stdout.slice(at + end.length + 2))?.[1];
  if (at === -1 || stderrEnd === -1 || code === undefined) return undefined;
  return { exitCode: Number(code), stdout: stdout.slice(0, at), stderr: stderr.slice(0, stderrEnd) };
}
