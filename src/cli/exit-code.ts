import { constants } from "node:os";

/** What the exit code of `orchestrate` means; also printed by `orchestrate --help`. */
export const EXIT = {
  success: 0,
  /** The run took place and a task failed, or a limit is broken. */
  failure: 1,
  /** Nothing could start: wrong usage, diagnostics, no engine, buildx or compose missing. */
  usage: 2,
  /** A bug in orchestrate (EX_SOFTWARE of sysexits.h); a stack trace is printed. */
  bug: 70,
} as const;

/** 128 + n, as a shell reports a process that signal number n ended. */
export function signalExitCode(signal: string): number {
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return 128 + (numbers[signal] ?? 2);
}
