import type { ComposeProject } from "../../docker/compose.ts";
import type { Engine } from "../../docker/engine.ts";
import type { Environment } from "../../model/build-config.ts";
import type { TaskContext } from "../../model/performer.ts";
import type { TaskOf } from "../../model/task.ts";
import type { TaskTools } from "../task-tools.ts";

/** Everything that the steps of one deploy have in common. */
export interface Deployment {
  readonly task: TaskOf<"deploy">;
  readonly environment: Environment;
  readonly engine: Engine;
  readonly context: TaskContext;
  readonly tools: TaskTools;
}

/** Where compose runs for a deploy, how it finds the engine, and what must not be quoted from it. */
export function composeSite({
  tools,
  engine,
}: Deployment): Pick<ComposeProject, "workingDirectory" | "environment" | "redact"> {
  return {
    workingDirectory: tools.projectDirectory,
    redact: tools.redact,
    environment: { ...tools.environment, ...engine.endpoint.cliEnvironment },
  };
}
