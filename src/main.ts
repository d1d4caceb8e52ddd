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

/** Answers what needs no other module; start-up is a feature. */
function answerAtOnce(argv: readonly string[]): boolean {
  const [only] = argv;
  if (argv.length !== 1) return false;
  if (only === "--version" || only === "-V") writeSync(1, `${VERSION}\n`);
  else if (only === "--help" || only === "-h" || only === "help") writeSync(1, ROOT_HELP);
  else return false;
  return true;
}

/** Compiled code of the lazily loaded chunks is kept between runs, in the user's own cache directory. */
function keepCompiledCode(): void {
  const home =
    process.env["XDG_CACHE_HOME"] ??
    (process.env["HOME"] === undefined ? undefined : path.join(process.env["HOME"], ".cache"));
  if (home !== undefined) enableCompileCache(path.join(home, "orchestrate", "compile-cache"));
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

function outputStream(stream: NodeJS.WriteStream): OutputStream {
  return {
    isTerminal: stream.isTTY,
    get columns() {
      return stream.columns ?? 80;
    },
    terminal: stream,
    write(text) {
      stream.write(text);
    },
  };
}

/** A reader that went away (`orchestrate run deploy-blue | head -1`) ends no run. */
function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}

function describeBug(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `orchestrate ${VERSION}: internal error. This is a bug; please report it with the text below.\n${stack}\n`;
}

async function main(argv: readonly string[]): Promise<number> {
  keepCompiledCode();
  tolerateClosedPipes();
  const surroundings: Surroundings = {
    cwd: process.cwd(),
    env: process.env,
    stdout: outputStream(process.stdout),
    stderr: outputStream(process.stderr),
    signal: cancelOnSignal().signal,
  };
  const { runProgram } = await import("./cli/program.ts");
  return runProgram(argv, surroundings);
}

/** Ends the process once all output is written: nothing that is still open may hold it back. */
function leave(exitCode: number): void {
  process.exitCode = exitCode;
  process.stdout.write("", () => process.stderr.write("", () => process.exit()));
}

const argv = process.argv.slice(2);
if (!answerAtOnce(argv)) {
  main(argv).then(leave, (error: unknown) => {
    process.stderr.write(describeBug(error));
    leave(EXIT.bug);
  });
}
