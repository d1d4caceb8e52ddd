import { setTimeout as delay } from "node:timers/promises";
import { upProject } from "../../docker/compose.ts";
import type { ComposeOverride, ComposeProject } from "../../docker/compose.ts";
import type { InspectedContainer } from "../../docker/engine-answers.ts";
import type { Engine } from "../../docker/engine.ts";
import type { Failure, Result } from "../../model/failure.ts";
import type { Readiness } from "../../model/pipeline.ts";
import type { DeployContext } from "./deployment.ts";
import { inspectProjectContainers, serviceOf, tailLog } from "./project-containers.ts";
import { ReadinessWatch } from "./readiness-watch.ts";
import type { JudgedContainer } from "./readiness-watch.ts";

/** Between two looks at the containers. */
const POLL_MS = 200;
/** Longest that the look after a failed start may take. */
const LAST_LOOK_MS = 5_000;

/** A compose project to start. */
export interface ProjectStart {
  readonly engine: Engine;
  readonly compose: ComposeProject;
  readonly override: ComposeOverride;
  readonly readiness: Readiness;
  /** Values that must not be quoted from a container's log. */
  readonly redact: readonly string[];
  /** Told of each process as it starts, so that it can be ended when we are killed. */
  readonly onSpawn?: (processId: number) => void;
}

/** How it went. `changed` says whether containers were created or started, so that there is something to stop. */
export type StartResult =
  | { readonly ok: true; readonly containers: readonly InspectedContainer[] }
  | { readonly ok: false; readonly failure: Failure; readonly changed: boolean };

/**
 * Starts the project and waits until each container is ready, by looking at the containers themselves: the wait of
 * compose is not reliable. A container that cannot become ready ends the wait at once. Doing it again on a running
 * project changes nothing. On abort it ends compose and returns a failure.
 */
export async function startProject(start: ProjectStart, context: DeployContext): Promise<StartResult> {
  const before = await inspectProjectContainers(start.engine, start.compose.project, context.signal);
  if (!before.ok) return { ok: false, failure: before.failure, changed: false };
  const watch = new ReadinessWatch(start.readiness, before.value, {
    nowMs: performance.now(),
    wallMs: Date.now(),
  });
  const ender = new AbortController();
  const compose = new ComposeUp(start, context, AbortSignal.any([context.signal, ender.signal]));
  const failure = await waitUntilReady(start, watch, compose, context);
  if (failure === undefined) return { ok: true, containers: watch.judged.map(({ container }) => container) };
  ender.abort();
  await compose.ended;
  // What compose did since the last look: the signal of the attempt may be what ended it, and would end this look, too.
  const after = await inspectProjectContainers(start.engine, start.compose.project, AbortSignal.timeout(LAST_LOOK_MS));
  if (after.ok) watch.look(after.value, performance.now(), false);
  return { ok: false, failure, changed: watch.changed };
}

/** `docker compose up`, watched while it runs: it waits by itself where one service depends on another. */
class ComposeUp {
  readonly ended: Promise<Result<void>>;
  result: Result<void> | undefined;

  constructor({ compose, override, onSpawn }: ProjectStart, context: DeployContext, signal: AbortSignal) {
    const onLine = (line: string, stream: "stdout" | "stderr"): void => {
      context.report({ type: "output", stream, line });
    };
    this.ended = upProject(compose, { override, signal, onLine, ...(onSpawn === undefined ? {} : { onSpawn }) }).then(
      (result) => {
        this.result = result;
        return result;
      },
    );
  }
}

async function waitUntilReady(
  start: ProjectStart,
  watch: ReadinessWatch,
  compose: ComposeUp,
  context: DeployContext,
): Promise<Failure | undefined> {
  const told = new Map<string, string>();
  for (;;) {
    const { result } = compose; // before the look: what compose did until then is in it
    const containers = await inspectProjectContainers(start.engine, start.compose.project, context.signal);
    if (!containers.ok) return containers.failure;
    const verdict = watch.look(containers.value, performance.now(), result !== undefined);
    tellProgress(watch.judged, told, context);
    if (verdict.is === "failed") return await describeNotReady(start, verdict.blame, context);
    if (result?.ok === false) return result.failure;
    if (verdict.is === "ready") return undefined;
    await Promise.race([delay(POLL_MS), ...(result === undefined ? [compose.ended] : [])]);
  }
}

/** One step for each container, told again whenever its state is another. */
function tellProgress(judged: readonly JudgedContainer[], told: Map<string, string>, context: DeployContext): void {
  for (const { container, verdict } of judged) {
    // "running for 2.2s" changes with each look; that it is ready is told once.
    const news = verdict.is === "ready" ? "ready" : verdict.state;
    if (told.get(container.id) === news) continue;
    told.set(container.id, news);
    const state = { ready: "done", waiting: "running", failed: "failed" } as const;
    const name = `${container.name}: ${verdict.state}`;
    context.report({ type: "step", step: { id: container.id, name, state: state[verdict.is] } });
  }
}

/** The failure that names the container to blame, with the end of its log. */
export async function describeNotReady(
  {
    engine,
    compose,
    redact,
  }: Pick<ProjectStart, "engine" | "redact"> & { readonly compose: { readonly project: string } },
  { container, verdict }: JudgedContainer,
  context: DeployContext,
): Promise<Failure> {
  return {
    reason: "not-ready",
    project: compose.project,
    service: serviceOf(container),
    container: container.name,
    state: verdict.state,
    lastLines: await tailLog(engine, container, redact, context.signal),
  };
}
