import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "../..");
const NODE = path.join(ROOT, "node_modules/node/bin/node");
/** The bundle of {@link file://./fresh-bundle.ts}; outside vitest the one of `node scripts/bundle.ts`. */
const PROGRAM = process.env["ORCHESTRATE_TEST_PROGRAM"] ?? path.join(ROOT, "dist/orchestrate.cjs");

/** How a command line ended and what it printed. */
export interface CliResult {
  /** 128 + n where a signal ended the process. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams in the order in which they arrived. */
  readonly output: string;
}

/** What a test may set for a command line. */
export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Words before the program. */
  readonly within?: readonly string[];
}

/** A running command line. */
export interface CliProcess {
  readonly pid: number;
  readonly done: Promise<CliResult>;
  /** Resolves when the output so far matches; rejects when the process ends first. */
  waitFor(pattern: RegExp): Promise<void>;
  /** Sends a signal to the process alone, as `kill` does. */
  signal(name: NodeJS.Signals): void;
}

/** The program with its environment: colours off and state in the project's own directory. */
export function cliCommand({ cwd, env }: CliOptions): {
  readonly words: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string | undefined>>;
} {
  const own = { NO_COLOR: "1", GITHUB_ACTIONS: "", ORCHESTRATE_STATE_DIR: path.join(cwd, ".state") };
  return { words: [NODE, PROGRAM], environment: { ...process.env, ...own, ...env } };
}

/** Runs the bundled program as a user would, in a pipe. */
export function startCli(argv: readonly string[], options: CliOptions): CliProcess {
  const { words, environment } = cliCommand(options);
  const [program = "", ...rest] = [...(options.within ?? []), ...words, ...argv];
  const child = spawn(program, rest, {
    cwd: options.cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: environment,
  });
  return superviseCli(child);
}

/** Runs a command line to its end. */
export function runCli(argv: readonly string[], options: CliOptions): Promise<CliResult> {
  return startCli(argv, options).done;
}

function superviseCli(child: ChildProcess): CliProcess {
  let stdout = "";
  let stderr = "";
  let output = "";
  const waiting = new Set<() => void>();
  const settle = (): void => {
    for (const check of waiting) check();
  };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    output += text;
    settle();
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    output += text;
    settle();
  });
  let ended = false;
  const done = new Promise<CliResult>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      ended = true;
      resolve({ exitCode: code ?? signalNumber(signal), stdout, stderr, output });
      settle();
    });
  });
  return {
    pid: child.pid ?? -1,
    done,
    signal: (name) => child.kill(name),
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (pattern.test(output)) {
            waiting.delete(check);
            resolve();
          } else if (ended) {
            waiting.delete(check);
            reject(new Error(`ended without ${String(pattern)}; printed:\n${output}`));
          }
        };
        waiting.add(check);
        check();
      }),
  };
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === "SIGKILL" ? 137 : signal === "SIGTERM" ? 143 : 130;
}
