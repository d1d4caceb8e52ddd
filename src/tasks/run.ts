import path from "node:path";
import { commandFailure, runCommand } from "../docker/command.ts";
import type { Result } from "../model/failure.ts";
import type { TaskContext, TaskResult } from "../model/performer.ts";
import type { TaskOf } from "../model/task.ts";
import { failed, succeeded } from "./task-result.ts";
import { fillTemplate } from "./template-filling.ts";
import type { TaskTools } from "./task-tools.ts";

/** Between SIGTERM and SIGKILL for a command that a timeout or Ctrl-C ends. */
const GRACE_MS = 5_000;

/**
 * Runs a command in the project directory. Values never become shell text: the argument form is executed as it is, the
 * shell form gets them as environment variables. An abort ends the whole process tree.
 */
export async function performRun(task: TaskOf<"run">, context: TaskContext, tools: TaskTools): Promise<TaskResult> {
  const prepared = prepareCommand(task, context);
  if (!prepared.ok) return failed(prepared.failure);
  const result = await runCommand(
    {
      arguments: prepared.value.argv,
      workingDirectory: path.resolve(tools.projectDirectory, task.run.workingDirectory),
      environment: { ...tools.environment, ...prepared.value.environment },
      redact: tools.redact,
      graceMs: GRACE_MS,
    },
    { signal: context.signal, onLine: (line, stream) => context.report({ type: "output", stream, line }) },
  );
  const failure = commandFailure(result);
  return failure === undefined ? succeeded() : failed(failure);
}

interface PreparedCommand {
  readonly argv: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
}

function prepareCommand({ run }: TaskOf<"run">, context: TaskContext): Result<PreparedCommand> {
  const environment: Record<string, string> = {};
  for (const [name, template] of Object.entries(run.environment)) {
    const value = fillTemplate(template, context);
    if (!value.ok) return value;
    environment[name] = value.value;
  }
  if (run.command.form === "shell") {
    return { ok: true, value: { argv: ["sh", "-c", run.command.script], environment } };
  }
  const words: string[] = [];
  for (const template of run.command.arguments) {
    const word = fillTemplate(template, context);
    if (!word.ok) return word;
    words.push(word.value);
  }
  const [program, ...rest] = words;
  if (program === undefined || program === "") {
    return { ok: false, failure: { reason: "command-not-found", command: program ?? "" } };
  }
  return { ok: true, value: { argv: [program, ...rest], environment } };
}
