import type { PipelineTask } from "../model/pipeline.ts";
import type { Report } from "./config-inputs.ts";
import type { TaskNames } from "./task-names.ts";

/** A deploy task needs an environment to deploy to. */
export function reportMissingEnvironment(tasks: readonly PipelineTask[], report: Report): void {
  for (const { kind, name, location } of tasks) {
    if (kind !== "deploy") continue;
    report({
      code: "environment-missing",
      severity: "error",
      message: `The task \`${name}\` deploys, and the pipeline has no environment`,
      location,
      hint: "add `environments: [blue, green]`, each declared in docker/build-config.json",
    });
  }
}

/**
 * The variant rule: deploy tasks and everything downstream of one belong to the environment, all else is shared by every
 * variant and runs once, so that nothing of it may depend on the environment.
 */
export function reportEnvironmentInSharedTasks(tasks: readonly PipelineTask[], names: TaskNames, report: Report): void {
  if (!names.structureIsSound) return;
  const owned = environmentTasks(tasks, names);
  for (const { name, usesEnvironment } of tasks) {
    if (usesEnvironment === undefined || owned.has(name)) continue;
    report({
      code: "environment-in-shared-task",
      severity: "error",
      message: `The task \`${name}\` uses the environment, but runs once for all of them`,
      location: usesEnvironment,
      hint: "only deploy tasks and what needs one belong to an environment",
    });
  }
}

/** Names of the deploy tasks and of everything downstream of one. */
function environmentTasks(tasks: readonly PipelineTask[], names: TaskNames): ReadonlySet<string> {
  const dependents = new Map<string, string[]>();
  for (const { name, needs } of tasks) {
    for (const need of needs) {
      const owner = names.find(need.task)?.name ?? need.task;
      const known = dependents.get(owner);
      if (known === undefined) dependents.set(owner, [name]);
      else known.push(name);
    }
  }
  const owned = new Set<string>();
  const open = tasks.filter(({ kind }) => kind === "deploy").map(({ name }) => name);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (owned.has(name)) continue;
    owned.add(name);
    open.push(...(dependents.get(name) ?? []));
  }
  return owned;
}
