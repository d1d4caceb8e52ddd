import { expect } from "vitest";
import type { CliResult } from "./cli.ts";

/** How a command line ought to end. */
export interface ExpectedEnding {
  readonly exitCode: number;
  /** What its output has to say: the cause, and what to do next. */
  readonly says: readonly (string | RegExp)[];
}

/** A line of a JavaScript stack trace. */
const STACK_LINE = /^\s+at .*(\.[cm]?[jt]s|node:|<anonymous>|native)/m;

/** Checks the exit code, that the output says what it should, and that no stream shows a stack trace. */
export function expectEnding(result: CliResult, expected: ExpectedEnding): void {
  expectNoStackTrace(result);
  for (const text of expected.says) {
    if (typeof text === "string") expect(result.output).toContain(text);
    else expect(result.output).toMatch(text);
  }
  // With the output, because a wrong exit code alone explains nothing.
  expect({ exitCode: result.exitCode, output: result.output }).toEqual({
    exitCode: expected.exitCode,
    output: result.output,
  });
}

/** Users never see a stack trace, except of a bug. */
export function expectNoStackTrace(result: CliResult): void {
  expect(result.output).not.toMatch(STACK_LINE);
  expect(result.output).not.toContain("internal error");
}
