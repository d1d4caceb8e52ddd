import type { PerformTask, TaskContext, TaskResult } from "../model/performer.ts";
import type { Task, TaskId } from "../model/task.ts";
import { RunningSteps } from "./running-steps.ts";
import type { TaskTools } from "./task-tools.ts";

/**
 * Connects the scheduler with the runners: one module for each kind, loaded when the first task of its kind starts.
 * Throws only for an id that is not in `tasks`, which is a bug of the caller.
 */
export function performTask(tasks: ReadonlyMap<TaskId, Task>, tools: TaskTools): PerformTask {
  return async (id, context) => {
    const task = tasks.get(id);
    if (task === undefined) throw new Error(`performTask: no task has the id ${id}`);
    using steps = new RunningSteps(context);
    return await performKind(task, steps.context, tools, tasks);
  };
}

async function performKind(
  task: Task,
  context: TaskContext,
  tools: TaskTools,
  tasks: ReadonlyMap<TaskId, Task>,
): Promise<TaskResult> {
  switch (task.kind) {
    case "clean":
      return await (await import("./clean.ts")).performClean(task, context, tools, tasks.values());
    case "build":
      return await (await import("./build.ts")).performBuild(task, context, tools);
    case "verify":
      return await (await import("./verify.ts")).performVerify(task, context, tools);
    case "deploy":
      return await (await import("./deploy.ts")).performDeploy(task, context, tools);
    case "run":
      return await (await import("./run.ts")).performRun(task, context, tools);
  }
}
