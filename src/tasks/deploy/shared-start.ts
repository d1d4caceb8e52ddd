import { loadComposeProject } from "../../docker/compose.ts";
import type { ComposeProject } from "../../docker/compose.ts";
import type { Failure } from "../../model/failure.ts";
import { LABELS } from "../../model/observation.ts";
import type { TaskTools } from "../task-tools.ts";
import { composeOverride } from "./compose-override.ts";
import { composeSite } from "./deployment.ts";
import type { Deployment } from "./deployment.ts";
import { startProject } from "./project-start.ts";

/**
 * Who starts the shared project last, by the tools of a run: when blue and green are deployed at once, two `compose up` of
 * one new project would fail on each other's names.
 */
const turns = new WeakMap<TaskTools, Promise<unknown>>();

/**
 * Starts what every environment shares, or finds it running. It is never stopped here: another environment may be using it.
 * Returns why it is not ready.
 */
export async function startShared(deployment: Deployment): Promise<Failure | undefined> {
  const { tools } = deployment;
  if (tools.config.sharedCompose.length === 0) return undefined;
  const before = turns.get(tools) ?? Promise.resolve();
  const turn = before.then(async () => await startInTurn(deployment));
  // What is kept to wait for never rejects: the next turn has nothing to do with the end of this one.
  turns.set(
    tools,
    turn.catch(() => undefined),
  );
  return await turn;
}

async function startInTurn(deployment: Deployment): Promise<Failure | undefined> {
  const { engine, context, tools, readiness } = deployment;
  context.signal.throwIfAborted();
  const compose: ComposeProject = {
    project: `${tools.config.project}-shared`,
    files: tools.config.sharedCompose,
    // Not those of the environment: with them each deploy would replace what the other one uses.
    variables: {},
    ...composeSite(deployment),
  };
  const model = await loadComposeProject(compose, { signal: context.signal });
  if (!model.ok) return model.failure;
  const override = composeOverride(
    model.value,
    {},
    {
      [LABELS.project]: tools.config.project,
      [LABELS.environment]: "shared",
    },
  );
  const started = await startProject({ engine, compose, override, readiness, redact: tools.redact }, context);
  if (started.ok) return undefined;
  context.signal.throwIfAborted();
  return started.failure;
}
