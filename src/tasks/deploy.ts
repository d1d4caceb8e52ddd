import { loadComposeProject, stopProject } from "../docker/compose.ts";
import type { ComposeProject } from "../docker/compose.ts";
import { publishedHost } from "../docker/endpoint.ts";
import type { Engine } from "../docker/engine.ts";
import type { Environment } from "../model/build-config.ts";
import { LABELS } from "../model/observation.ts";
import type { TaskContext, TaskResult } from "../model/performer.ts";
import type { TaskOf } from "../model/task.ts";
import { composeOverride } from "./deploy/compose-override.ts";
import { composeSite } from "./deploy/deployment.ts";
import type { Deployment } from "./deploy/deployment.ts";
import { supplyImages } from "./deploy/image-supply.ts";
import { resolveImagePins } from "./deploy/image-pins.ts";
import { startProject } from "./deploy/project-start.ts";
import type { StartResult } from "./deploy/project-start.ts";
import { startShared } from "./deploy/shared-start.ts";
import { failed, succeeded } from "./task-result.ts";
import type { TaskTools } from "./task-tools.ts";

/** Longest that stopping a failed start may take; it also happens after Ctrl-C. */
const STOP_TIMEOUT_MS = 30_000;
/** Seconds a container gets between SIGTERM and SIGKILL then. */
const STOP_GRACE_SECONDS = 5;

/**
 * Puts the compose project of an environment in place. A colour of a router goes through deploy/routed-deploy.ts; anything else is
 * recreated in place, with a gap of some seconds where it ran before:
 *
 *     shared project up and ready ──► images pinned ──► environment's project up ──► every container ready ──► done
 *                                                              └── failed, aborted ──► stopped, containers kept
 *
 * Each environment has a compose project of its own and only that is started or stopped, so that a start that fails leaves
 * the others answering. Outputs: `project`, `environment`, `containers`, and `url` where the environment has a port.
 */
export async function performDeploy(
  task: TaskOf<"deploy">,
  context: TaskContext,
  tools: TaskTools,
): Promise<TaskResult> {
  const { environment } = task;
  if (environment === undefined) throw new Error(`deploy task ${task.id} has no environment`);
  const engine = await tools.engine(environment);
  if (!engine.ok) return failed(engine.failure);
  const unsupplied = await supplyImages(engine.value, { task, environment, context, tools });
  context.signal.throwIfAborted();
  if (unsupplied !== undefined) return failed(unsupplied);
  if (task.deploy.settings.strategy !== "recreate") {
    const { performRoutedDeploy } = await import("./deploy/routed-deploy.ts");
    return await performRoutedDeploy(task, environment, context, tools);
  }
  const { readiness } = task.deploy;
  const deployment: Deployment = { environment, engine: engine.value, context, tools, readiness };
  const shared = await startShared(deployment);
  if (shared !== undefined) return failed(shared);
  return await startEnvironment(task, context, deployment);
}

async function startEnvironment(
  task: TaskOf<"deploy">,
  context: TaskContext,
  deployment: Deployment,
): Promise<TaskResult> {
  const { engine, tools, environment } = deployment;
  const compose: ComposeProject = {
    project: `${tools.config.project}-${environment.name}`,
    files: task.deploy.composeFiles.length > 0 ? task.deploy.composeFiles : environment.composeFiles,
    variables: environment.variables,
    ...composeSite(deployment),
  };
  const model = await loadComposeProject(compose, { signal: context.signal });
  if (!model.ok) return failed(model.failure);
  const pins = await resolveImagePins(model.value, task.images, engine, context);
  if (!pins.ok) return failed(pins.failure);
  const labels = { [LABELS.project]: tools.config.project, [LABELS.environment]: environment.name };
  const override = composeOverride(model.value, pins.value, labels);
  const started = await startProject(
    { engine, compose, override, readiness: task.deploy.readiness, redact: tools.redact },
    context,
  );
  if (!started.ok) return await abandon(compose, started, context);
  const url = environmentUrl(environment, engine);
  const containers = started.containers.filter((container) => container.state === "running").length;
  return succeeded(
    {
      project: compose.project,
      environment: environment.name,
      containers: String(containers),
      ...(url === undefined ? {} : { url }),
    },
    [
      {
        fact: "deployed",
        environment: environment.name,
        project: compose.project,
        containers,
        ...(url === undefined ? {} : { url }),
      },
    ],
  );
}

/** Stops what a failed start has started. The containers stay, so that their logs and state can be looked at. */
async function abandon(
  compose: ComposeProject,
  started: Extract<StartResult, { readonly ok: false }>,
  context: TaskContext,
): Promise<TaskResult> {
  if (started.changed) {
    const step = { id: "stop", name: `stop ${compose.project}; its containers are kept for inspection` };
    context.report({ type: "step", step: { ...step, state: "running" } });
    // Not the signal of the attempt: after Ctrl-C or a timeout this is what is left to do.
    const stopped = await stopProject(compose, {
      timeoutSeconds: STOP_GRACE_SECONDS,
      signal: AbortSignal.timeout(STOP_TIMEOUT_MS),
      onLine: (line, stream) => context.report({ type: "output", stream, line }),
    });
    context.report({ type: "step", step: { ...step, state: stopped.ok ? "done" : "failed" } });
  }
  context.signal.throwIfAborted();
  return failed(started.failure);
}

/** Published ports answer on the engine's host. */
function environmentUrl({ port }: Environment, { endpoint }: Engine): string | undefined {
  if (port === undefined) return undefined;
  const host = publishedHost(endpoint);
  return host === undefined ? undefined : `http://${host}:${port}`;
}
