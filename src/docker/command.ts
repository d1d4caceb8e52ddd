import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { CommandEvidence, Failure } from "../model/failure.ts";
import { createLineSplitter, createLineTail, createRedactor } from "./output-lines.ts";
import { endGroup, groupRuns, signalGroup } from "./process-group.ts";

/** Lines of output that are kept as evidence. */
const EVIDENCE_LINES = 20;
/** How long output may still arrive after the process itself has exited. */
const DRAIN_MS = 1_000;
/** Time between SIGTERM and SIGKILL when a command is cancelled. */
const DEFAULT_GRACE_MS = 10_000;

/** A command to run. Nothing goes through a shell. */
export interface CommandSpec {
  /** Program and arguments. */
  readonly arguments: readonly [string, ...string[]];
  readonly workingDirectory?: string;
  /** Added to the environment of this process; undefined removes a variable. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Text for standard input; without it standard input is empty. */
  readonly input?: string;
  /** The command as a user would type it, where that is not the argument list. */
  readonly shownAs?: string;
  /** Values that must appear in no line and in no evidence. */
  readonly redact?: readonly string[];
  /** How much of standard output is kept, in bytes. Default 0. It is not redacted: it is meant for parsers. */
  readonly captureBytes?: number;
  /** Time between SIGTERM and SIGKILL on abort. Default 10 s. */
  readonly graceMs?: number;
}

/** What accompanies a running command. */
export interface CommandOptions {
  /** Ends the whole process group: SIGTERM, grace, SIGKILL. */
  readonly signal?: AbortSignal;
  /** Called with each redacted line as it is printed. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** Called as soon as the process exists; it leads its own group, so that the number names both. */
  readonly onSpawn?: (processId: number) => void;
}

/** How a command ended: a closed union, because an exit code other than 0 is a result and not an exception. */
export type CommandEnding =
  | { readonly outcome: "exited"; readonly exitCode: number }
  | { readonly outcome: "signalled"; readonly signal: string }
  /** The program does not exist or may not be executed. */
  | { readonly outcome: "not-found"; readonly command: string }
  /** The program was never started for another reason, such as a missing working directory. */
  | { readonly outcome: "not-started"; readonly error: string }
  /** The signal aborted; no process of the group is left. */
  | { readonly outcome: "aborted" };

/** The ending with what was seen. */
export type CommandResult = CommandEnding & {
  /** Captured standard output, at most `captureBytes`; not redacted. */
  readonly stdout: string;
  readonly evidence: CommandEvidence;
  readonly durationMs: number;
};

/** Groups of commands that run now, for the second Ctrl-C. */
const liveGroups = new Set<number>();
let endsWithProcess = false;

/** Sends SIGKILL to the group of every running command. Returns how many there were. */
export function killAllCommands(): number {
  for (const groupId of liveGroups) signalGroup(groupId, "SIGKILL");
  return liveGroups.size;
}

/** How many commands run now. */
export function liveCommandCount(): number {
  return liveGroups.size;
}

/** A command line for reading, quoted as a shell would need it. */
export function describeCommand(argv: readonly string[]): string {
  return argv
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`))
    .join(" ");
}

/** The failure of a command that did not exit with 0; undefined for success. */
export function commandFailure(result: CommandResult): Failure | undefined {
  if (result.outcome === "exited" && result.exitCode === 0) return undefined;
  if (result.outcome === "not-found") return { reason: "command-not-found", command: result.command };
  return { reason: "command-failed", evidence: result.evidence };
}

/**
 * Runs a command in a process group of its own and waits until no process of the group is left, background processes
 * included: what should outlive a task has to leave the group (setsid) or belong to the engine.
 * Never rejects for what the command does. execa is loaded here and nowhere else, on first use: it costs as much as
 * starting Node, and most invocations start no process.
 */
export async function runCommand(spec: CommandSpec, options: CommandOptions = {}): Promise<CommandResult> {
  const startedMs = performance.now();
  const output = createOutput(spec, options);
  const ending = await runToEnd(spec, options, output);
  const shown = spec.shownAs ?? describeCommand(spec.arguments);
  const evidence: CommandEvidence = {
    command: output.redact(shown),
    ...(ending.outcome === "exited" ? { exitCode: ending.exitCode } : {}),
    ...(ending.outcome === "signalled" ? { signal: ending.signal } : {}),
    ...(ending.outcome === "aborted" ? { signal: "SIGTERM" } : {}),
    lastLines: ending.outcome === "not-started" ? [ending.error] : output.tail(),
  };
  return { ...ending, stdout: output.captured(), evidence, durationMs: performance.now() - startedMs };
}

/** Collects what a command prints. */
interface Output {
  readonly redact: (text: string) => string;
  receive(stream: "stdout" | "stderr", chunk: Uint8Array): void;
  end(): void;
  tail(): readonly string[];
  captured(): string;
}

function createOutput(spec: CommandSpec, options: CommandOptions): Output {
  const redact = createRedactor(spec.redact ?? []);
  const tail = createLineTail(EVIDENCE_LINES);
  const splitters = { stdout: createLineSplitter(), stderr: createLineSplitter() };
  const kept: Uint8Array[] = [];
  let room = spec.captureBytes ?? 0;
  const emit = (stream: "stdout" | "stderr", lines: readonly string[]): void => {
    for (const line of lines) {
      const safe = redact(line);
      tail.push(safe);
      options.onLine?.(safe, stream);
    }
  };
  return {
    redact,
    receive: (stream, chunk) => {
      if (stream === "stdout" && room > 0) {
        kept.push(chunk.subarray(0, room));
        room -= Math.min(room, chunk.length);
      }
      emit(stream, splitters[stream].push(chunk));
    },
    end: () => {
      emit("stdout", splitters.stdout.end());
      emit("stderr", splitters.stderr.end());
    },
    tail: () => tail.lines,
    captured: () => Buffer.concat(kept).toString("utf8"),
  };
}

async function runToEnd(spec: CommandSpec, options: CommandOptions, output: Output): Promise<CommandEnding> {
  const { execa } = await import("execa");
  const { signal, onSpawn } = options;
  if (signal?.aborted === true) return { outcome: "aborted" };
  const [program, ...rest] = spec.arguments;
  const child = execa(program, rest, {
    killDescendants: true,
    // Ours: execa's own would send SIGTERM only, and listen to signals that main.ts handles.
    cleanup: false,
    buffer: false,
    reject: false,
    stripFinalNewline: false,
    stdout: "pipe",
    stderr: "pipe",
    env: { ...spec.environment },
    ...(spec.input === undefined ? { stdin: "ignore" as const } : { input: spec.input }),
    ...(spec.workingDirectory === undefined ? {} : { cwd: spec.workingDirectory }),
  });
  if (child.pid === undefined) return describeStartFailure(spec, (await child).code, (await child).shortMessage);
  onSpawn?.(child.pid);
  return await watch(child.nodeChildProcess, child.pid, spec.graceMs ?? DEFAULT_GRACE_MS, signal, output);
}

function describeStartFailure(spec: CommandSpec, code: string | undefined, message: string | undefined): CommandEnding {
  const directory = spec.workingDirectory;
  if (directory !== undefined && !existsSync(directory)) {
    return { outcome: "not-started", error: `the working directory ${directory} does not exist` };
  }
  if (code === "ENOENT" || code === "EACCES") return { outcome: "not-found", command: spec.arguments[0] };
  return { outcome: "not-started", error: message ?? "the process could not be started" };
}

async function watch(
  child: ChildProcess,
  groupId: number,
  graceMs: number,
  signal: AbortSignal | undefined,
  output: Output,
): Promise<CommandEnding> {
  liveGroups.add(groupId);
  if (!endsWithProcess) process.once("exit", killAllCommands);
  endsWithProcess = true;
  const closed = Promise.withResolvers<void>();
  const exited = Promise.withResolvers<CommandEnding>();
  child.stdout?.on("data", (chunk: Uint8Array) => output.receive("stdout", chunk));
  child.stderr?.on("data", (chunk: Uint8Array) => output.receive("stderr", chunk));
  child.once("close", () => closed.resolve());
  child.once("exit", (exitCode: number | null, signalName: string | null) =>
    exited.resolve(
      exitCode === null ? { outcome: "signalled", signal: signalName ?? "unknown" } : { outcome: "exited", exitCode },
    ),
  );
  let cancelled: Promise<void> | undefined;
  const cancel = (): void => {
    cancelled = endGroup(groupId, graceMs);
  };
  signal?.addEventListener("abort", cancel, { once: true });
  if (signal?.aborted === true) cancel();
  try {
    const ending = await exited.promise;
    if (cancelled === undefined) {
      await Promise.race([closed.promise, delay(DRAIN_MS)]);
      if (groupRuns(groupId)) await endGroup(groupId, graceMs);
    }
    await cancelled;
    await Promise.race([closed.promise, delay(DRAIN_MS)]);
    return cancelled === undefined ? ending : { outcome: "aborted" };
  } finally {
    signal?.removeEventListener("abort", cancel);
    child.stdout?.destroy();
    child.stderr?.destroy();
    output.end();
    liveGroups.delete(groupId);
  }
}
