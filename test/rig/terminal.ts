import { spawn } from "node:child_process";
import { cliCommand } from "./cli.ts";
import type { CliOptions } from "./cli.ts";
import { Screen } from "./screen.ts";

const ROWS = 24;
const COLUMNS = 100;

/** A command line on a terminal of its own. */
export interface TerminalSession {
  readonly screen: Screen;
  readonly done: Promise<{ readonly exitCode: number | null; readonly raw: string }>;
  /** Resolves when the visible part of the screen matches; rejects when the program ends first. */
  waitFor(pattern: RegExp): Promise<void>;
  /** Sends keys; `\u0003` is Ctrl-C, which reaches the program as the terminal's own SIGINT. */
  type(keys: string): void;
}

/** Runs `orchestrate` on a terminal of 24 rows and 100 columns, made by util-linux' `script`. */
export function startOnTerminal(argv: readonly string[], options: CliOptions): TerminalSession {
  const { words, environment } = cliCommand(options);
  const quoted = [...words, ...argv].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const command = `stty rows ${ROWS} columns ${COLUMNS}; exec ${quoted}`;
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    cwd: options.cwd,
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...environment, CI: "", NO_COLOR: "", LC_ALL: "C.UTF-8", TERM: "xterm-256color" },
  });
  const screen = new Screen(ROWS, COLUMNS);
  let raw = "";
  let ended = false;
  const waiting = new Set<() => void>();
  const settle = (): void => {
    for (const check of waiting) check();
  };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    raw += chunk;
    screen.write(chunk);
    settle();
  });
  const done = new Promise<{ exitCode: number | null; raw: string }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => {
      ended = true;
      resolve({ exitCode, raw });
      settle();
    });
  });
  return {
    screen,
    done,
    type: (keys) => child.stdin.write(keys),
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const seen = pattern.test(screen.text);
          if (!seen && !ended) return;
          waiting.delete(check);
          if (seen) resolve();
          else reject(new Error(`ended without ${String(pattern)}; the screen:\n${screen.text}`));
        };
        waiting.add(check);
        check();
      }),
  };
}
