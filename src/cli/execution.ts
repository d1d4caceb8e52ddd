import { randomBytes } from "node:crypto";
import { remainingPath } from "../graph/critical-path.ts";
import type { Task } from "../model/task.ts";
import { createRunId } from "../report/run-id.ts";
import { runGraph } from "../run/run-graph.ts";
import type { RunResult } from "../run/run-result.ts";
import { DiskRoom } from "../tasks/disk-room.ts";
import { performTask } from "../tasks/perform-task.ts";
import type { TaskTools } from "../tasks/task-tools.ts";
import type { Options } from "./command-declaration.ts";
import type { Compiled } from "./compilation.ts";
import { EngineRoom } from "./engine-room.ts";
import { EXIT, signalExitCode } from "./exit-code.ts";
import { openReporters } from "./reporting.ts";
import { openHistory } from "./history.ts";
import { LOG_DIRECTORY } from "./log-directory.ts";
import { OPTION } from "./options.ts";
import { releaseTools } from "./release-tools.ts";
import type { Surroundings } from "./surroundings.ts";
import { tellTrouble } from "./trouble.ts";

/**
 * Runs a compiled graph to its end: events to the reporters and the store, the summary at the end.
 * Gives the exit code. An engine that does not answer is told before anything starts.
 */
export async function executeGraph(compiled: Compiled, options: Options, surroundings: Surroundings): Promise<number> {
  await using engines = new EngineRoom(surroundings.env);
  const json = options.flag("json");
  if (needsEngine(compiled.graph.tasks.values())) {
    const engine = await engines.open();
    if (!engine.ok) return tellTrouble({ trouble: "failure", failure: engine.failure }, surroundings, json);
  }
  using history = await openHistory(compiled, surroundings);
  const expected = history.expectedDurations();
  const runId = createRunId(Date.now(), randomBytes(2).toString("hex"));
  const logDirectory = `${LOG_DIRECTORY}/${runId}`;
  const reporters = await openReporters({
    directory: compiled.directory,
    options,
    surroundings,
    recorder: history.recorder,
  });
  const releases = releaseTools(compiled, surroundings, history, runId, options.number(OPTION.lockTimeout.name));
  const tools = {
    ...createTools(compiled, engines, surroundings),
    previousSizeBytes: history.previousSizeBytes,
    ...(history.past === undefined ? {} : { past: history.past }),
  };
  await using room = new DiskRoom(compiled.graph.tasks, { ...tools, releases }, runId);
  const concurrency = options.number("concurrency");
  const running = runGraph(compiled.graph, {
    runId,
    pipeline: compiled.graph.variants.join(" "),
    logDirectory,
    failFast: options.flag("fail-fast"),
    signal: surroundings.signal,
    perform: performTask(compiled.graph.tasks, { ...tools, releases }),
    enter: room.enter,
    emit: (event) => reporters.onEvent(event),
    remainingPathMs: remainingPath(compiled.graph, (task) => expected.get(task)),
    ...(concurrency === undefined ? {} : { concurrency }),
  });
  try {
    return exitCodeOf(await running);
  } finally {
    await reporters.end();
  }
}

/** What task runners may use. */
export function createTools(compiled: Compiled, engines: EngineRoom, surroundings: Surroundings): TaskTools {
  return {
    config: compiled.buildConfig,
    projectDirectory: compiled.directory,
    engine: engines.open,
    environment: {},
    redact: declaredSecretValues(compiled.graph.tasks.values(), surroundings.env),
  };
}

/** Commands of run tasks need no engine; everything else does. */
function needsEngine(tasks: Iterable<Task>): boolean {
  for (const task of tasks) {
    if (task.kind === "verify" && task.checks.every((check) => check.check === "http")) continue;
    if (task.kind !== "run") return true;
  }
  return false;
}

/** Values of build secrets that come from environment variables: never shown, logged or recorded. */
function declaredSecretValues(tasks: Iterable<Task>, env: Surroundings["env"]): readonly string[] {
  const values = new Set<string>();
  for (const task of tasks) {
    if (task.kind !== "build") continue;
    for (const { source } of task.bake.secrets) {
      const value = source.from === "environment" ? env[source.name] : undefined;
      if (value !== undefined && value !== "") values.add(value);
    }
  }
  return [...values];
}

function exitCodeOf(result: RunResult): number {
  switch (result.status) {
    case "succeeded":
      return EXIT.success;
    case "failed":
      return EXIT.failure;
    case "cancelled":
      return signalExitCode(result.signal ?? "SIGINT");
  }
}
