import { listProjectContainers } from "../../docker/compose.ts";
import type { InspectedContainer } from "../../docker/engine-answers.ts";
import type { Engine } from "../../docker/engine.ts";
import { createRedactor } from "../../docker/output-lines.ts";
import type { Result } from "../../model/failure.ts";

/** Lines of a container's own log that are evidence. */
const LOG_LINES = 20;
const ONE_SHOT_CONDITION = ":service_completed_successfully";

/** The containers of a compose project, inspected; those of `docker compose run` are not part of it. */
export async function inspectProjectContainers(
  engine: Engine,
  project: string,
  signal: AbortSignal,
): Promise<Result<readonly InspectedContainer[]>> {
  const listed = await listProjectContainers(engine, project, { signal });
  if (!listed.ok) return listed;
  const lasting = listed.value.filter((container) => !container.oneOff);
  const inspected = await Promise.all(lasting.map(async ({ id }) => await engine.inspectContainer(id, { signal })));
  const containers: InspectedContainer[] = [];
  for (const container of inspected) {
    if (!container.ok) return container;
    if (container.value !== undefined) containers.push(container.value);
  }
  return { ok: true, value: containers };
}

/** The last lines of a container's log, without secrets; empty where they cannot be read. */
export async function tailLog(
  engine: Engine,
  container: InspectedContainer,
  redact: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const log = await engine.containerLogTail(container.id, LOG_LINES, { signal });
  return log.ok ? log.value.map(createRedactor(redact)) : [];
}

/** The compose service of a container. */
export function serviceOf(container: InspectedContainer): string {
  return container.labels["com.docker.compose.service"] ?? container.name;
}

/**
 * Containers that are meant to run. Left out are one-shot ones, such as a migration, which a rollback must not repeat: what
 * another service waits for as completed, and what ended with 0 and neither restarts, nor has a health check, nor a port.
 */
export function lastingContainers(containers: readonly InspectedContainer[]): readonly InspectedContainer[] {
  const completed = new Set<string>();
  for (const { labels } of containers) {
    for (const dependency of (labels["com.docker.compose.depends_on"] ?? "").split(",")) {
      if (dependency.includes(ONE_SHOT_CONDITION)) completed.add(dependency.split(":")[0] ?? "");
    }
  }
  return containers.filter((container) => {
    if (completed.has(serviceOf(container))) return false;
    const endedWell = container.state === "exited" && container.exitCode === 0;
    const meantToEnd = container.restartPolicy === "no" && container.health === "none" && container.ports.length === 0;
    return !(endedWell && meantToEnd);
  });
}

/** Starts, stops or removes all these containers at once. The first failure, after all have been tried. */
export async function changeContainers(
  engine: Engine,
  containers: readonly InspectedContainer[],
  change: "start" | "stop" | "remove",
  signal: AbortSignal,
): Promise<Result<void>> {
  const changed = await Promise.all(
    containers.map(async ({ id }) => await engine.changeContainer(id, change, { signal })),
  );
  return changed.find((result) => !result.ok) ?? { ok: true, value: undefined };
}
