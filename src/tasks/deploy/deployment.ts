import type { ComposeProject } from "../../docker/compose.ts";
import type { Engine } from "../../docker/engine.ts";
import type { Environment } from "../../model/build-config.ts";
import type { TaskContext } from "../../model/performer.ts";
import type { Readiness } from "../../model/pipeline.ts";
import type { TaskTools } from "../task-tools.ts";

/** What a step of a deploy may use of the attempt that it belongs to; a command makes one where there is no task. */
export type DeployContext = Pick<TaskContext, "signal" | "report">;

/** Everything that the steps of one deploy have in common. */
export interface Deployment {
  readonly environment: Environment;
  readonly engine: Engine;
  readonly context: DeployContext;
  readonly tools: TaskTools;
  readonly readiness: Readiness;
}

/** Where compose runs for a deploy, how it finds the engine, and what must not be quoted from it. */
export function composeSite({
  tools,
  engine,
}: Pick<Deployment, "tools" | "engine">): Pick<ComposeProject, "workingDirectory" | "environment" | "redact"> {
  return {
    workingDirectory: tools.projectDirectory,
    redact: tools.redact,
    environment: { ...tools.environment, ...engine.endpoint.cliEnvironment },
  };
}
