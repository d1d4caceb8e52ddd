import { planRun } from "../plan/plan.ts";
import { serialisePlan } from "../plan/plan-document.ts";
import { renderPlan } from "../report/plan-text.ts";
import type { Task, TaskId } from "../model/task.ts";
import type { CleanupPlan } from "../model/cleanup.ts";
import type { DiskNeed } from "../model/plan.ts";
import { loadDiskNeed } from "../tasks/build-context.ts";
import type { TaskTools } from "../tasks/task-tools.ts";
import { planClean } from "../tasks/clean.ts";
import type { Options } from "./command-declaration.ts";
import type { Compiled } from "./compilation.ts";
import { EngineRoom } from "./engine-room.ts";
import { createTools } from "./execution.ts";
import { EXIT } from "./exit-code.ts";
import { openHistory } from "./history.ts";
import { releaseTools } from "./release-tools.ts";
import type { Surroundings } from "./surroundings.ts";
import { tellTrouble } from "./trouble.ts";

/** Shows what running a graph would do. Reads from the engine, writes nothing to it. Gives the exit code. */
export async function showPlan(compiled: Compiled, options: Options, surroundings: Surroundings): Promise<number> {
  await using engines = new EngineRoom(surroundings.env);
  using history = await openHistory(compiled, surroundings);
  const releases = releaseTools(compiled, surroundings, history, "");
  const past = history.past === undefined ? {} : { past: history.past };
  const tools = { ...createTools(compiled, engines, surroundings), releases, ...past };
  const cleanups = new Map<TaskId, CleanupPlan>();
  for (const task of compiled.graph.tasks.values()) {
    if (!isClean(task)) continue;
    const tasks = compiled.graph.tasks.values();
    const plan = await planClean(tools, task.clean, { nowMs: Date.now(), signal: surroundings.signal, tasks });
    if (!plan.ok) return tellTrouble({ trouble: "failure", failure: plan.failure }, surroundings, options.flag("json"));
    cleanups.set(task.id, plan.value);
  }
  const plan = planRun({
    graph: compiled.whole,
    selection: compiled.graph,
    buildConfig: compiled.buildConfig,
    cleanups,
    diskNeeds: await loadDiskNeeds(compiled.graph.tasks.values(), tools),
  });
  surroundings.stdout.write(options.flag("json") ? serialisePlan(plan) : renderPlan(plan));
  return EXIT.success;
}

/** What the builds are expected to take; nothing where no engine answers: a plan needs none. */
async function loadDiskNeeds(tasks: Iterable<Task>, tools: TaskTools): Promise<ReadonlyMap<TaskId, DiskNeed>> {
  const needs = new Map<TaskId, DiskNeed>();
  for (const task of tasks) {
    if (task.kind !== "build") continue;
    const engine = await tools.engine();
    const need = engine.ok ? await loadDiskNeed(task, tools, engine.value) : undefined;
    if (need?.ok !== true) return needs;
    needs.set(task.id, need.value);
  }
  return needs;
}

function isClean(task: Task): task is Extract<Task, { readonly kind: "clean" }> {
  return task.kind === "clean";
}
