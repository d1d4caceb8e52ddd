#!/usr/bin/env node
import { writeSync } from "node:fs";
import { enableCompileCache } from "node:module";
import path from "node:path";
import { EXIT, signalExitCode } from "./cli/exit-code.ts";
import { ROOT_HELP } from "./cli/generated/root-help.ts";
import type { OutputStream, Surroundings } from "./cli/surroundings.ts";
import { VERSION } from "./cli/version.ts";

/** Signals that ask for an orderly end. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** package.json says the same; npm only warns, and older versions lack modules that are used here. */
const OLDEST_NODE = 24;

/** Standard output or standard error cannot be written, because the disk is full or the terminal is gone. */
class UnwritableOutput extends Error {}

/** Answers what needs no other module; start-up is a feature. */
function answerAtOnce(argv: readonly string[]): boolean {
  const [only] = argv;
  if (argv.length !== 1) return false;
  if (only === "--version" || only === "-V") writeWhole(1, `${VERSION}\n`);
  else if (only === "--help" || only === "-h" || only === "help") writeWhole(1, ROOT_HELP);
  else return false;
  return true;
}

/**
 * Compiled code is kept between runs, in the user's own cache directory, and whole: with V8's lazy compilation only functions
 * that happened to run the first time would be in it. Takes a tenth off each later start (bench/startup.bench.ts).
 */
function keepCompiledCode(): void {
  const home =
    process.env["XDG_CACHE_HOME"] ??
    (process.env["HOME"] === undefined ? undefined : path.join(process.env["HOME"], ".cache"));
  if (home === undefined) return;
  process.getBuiltinModule("node:v8").setFlagsFromString("--no-lazy");
  enableCompileCache(path.join(home, "orchestrate", "compile-cache"));
}

/** The first signal cancels; a second one kills every child at once and leaves. */
function cancelOnSignal(): AbortController {
  const controller = new AbortController();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (controller.signal.aborted) void leaveAtOnce(signal);
      else controller.abort(signal);
    });
  }
  return controller;
}

async function leaveAtOnce(signal: string): Promise<void> {
  const { abandonCommands } = await import("./cli/abandonment.ts");
  abandonCommands();
  process.exit(signalExitCode(signal));
}

/** Standard output or error. The stream itself is made only for a view that redraws: making it costs milliseconds. */
function outputStream(descriptor: 1 | 2): OutputStream {
  const terminal = (): NodeJS.WriteStream => (descriptor === 1 ? process.stdout : process.stderr);
  return {
    get isTerminal() {
      return terminal().isTTY;
    },
    get columns() {
      return terminal().columns ?? 80;
    },
    terminal,
    write: (text) => writeWhole(descriptor, text),
  };
}

/** Writes all of a text. A reader that went away (`orchestrate run deploy-blue | head -1`) ends no run. */
function writeWhole(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw new UnwritableOutput(error instanceof Error ? error.message : String(error));
      // The pipe is full and another process made it non-blocking: give its reader a moment.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function describeBug(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `orchestrate ${VERSION}: internal error. This is a bug; please report it with the text below.\n${stack}\n`;
}

/** Asks for a line on the terminal; undefined after Ctrl-C, or when the input ends. */
async function ask(question: string, signal: AbortSignal): Promise<string | undefined> {
  const { createInterface } = await import("node:readline");
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const answer = Promise.withResolvers<string | undefined>();
  const cancel = (): void => answer.resolve(undefined);
  signal.addEventListener("abort", cancel, { once: true });
  // In its own mode of the terminal Ctrl-C is a key, no signal.
  lines.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  lines.once("close", cancel);
  lines.question(question, answer.resolve);
  try {
    return await answer.promise;
  } finally {
    signal.removeEventListener("abort", cancel);
    lines.close();
  }
}

async function main(argv: readonly string[]): Promise<number> {
  keepCompiledCode();
  const { signal } = cancelOnSignal();
  const { isatty } = process.getBuiltinModule("node:tty");
  const surroundings: Surroundings = {
    cwd: process.cwd(),
    env: process.env,
    stdout: outputStream(1),
    stderr: outputStream(2),
    signal,
    ...(isatty(0) && isatty(1) ? { ask: async (question) => await ask(question, signal) } : {}),
  };
  const { runProgram } = await import("./cli/program.ts");
  return runProgram(argv, surroundings);
}

/** Output is written synchronously, so nothing is lost; and nothing that is still open may hold the process back. */
function leave(exitCode: number): void {
  process.exitCode = exitCode;
  process.exit();
}

function tellEnd(error: unknown): number {
  try {
    if (!(error instanceof UnwritableOutput)) {
      writeWhole(2, describeBug(error));
      return EXIT.bug;
    }
    writeWhole(2, `error: the output cannot be written: ${error.message}\n`);
  } catch {
    // Nobody can be told; the exit code remains.
  }
  return EXIT.failure;
}

const argv = process.argv.slice(2);
if (!answerAtOnce(argv)) {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    writeWhole(2, `error: orchestrate needs Node.js ${OLDEST_NODE} or newer, and this is ${process.version}\n`);
    leave(EXIT.usage);
  }
  main(argv).then(leave, (error: unknown) => leave(tellEnd(error)));
}
