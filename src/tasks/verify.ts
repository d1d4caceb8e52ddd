import type { TaskFact } from "../model/event.ts";
import type { TaskContext, TaskResult } from "../model/performer.ts";
import type { TaskOf } from "../model/task.ts";
import { failed, succeeded } from "./task-result.ts";
import type { TaskTools } from "./task-tools.ts";
import { checkHttp } from "./verify-http.ts";
import { checkSizes } from "./verify-size.ts";

/** Runs the checks in their order and ends with the first that fails. Has no outputs; what was measured is in the facts. */
export async function performVerify(
  task: TaskOf<"verify">,
  context: TaskContext,
  tools: TaskTools,
): Promise<TaskResult> {
  const facts: TaskFact[] = [];
  for (const check of task.checks) {
    const result =
      check.check === "size" ? await checkSizes(check, task.images, context, tools) : await checkHttp(check, context);
    facts.push(...result.facts);
    if (result.failure !== undefined) return failed(result.failure, facts);
  }
  return succeeded({}, facts);
}
