import { loadBakeDefinition } from "../docker/bake.ts";
import type { BakeTarget } from "../model/bake-definition.ts";
import { PLAIN_BAKE_CALL } from "../model/pipeline.ts";
import type { Task } from "../model/task.ts";
import type { CleanupService } from "../plan/cleanup-images.ts";
import type { TaskTools } from "./task-tools.ts";

/**
 * The services with the image names that our builds give them: from the build nodes of this graph, and from bake for
 * services that this graph does not build. What bake does not tell is left out: an image with a name nobody vouches for
 * is protected, so too few names never remove too much.
 */
export async function loadServiceRepositories(
  tools: TaskTools,
  tasks: Iterable<Task>,
  signal?: AbortSignal,
): Promise<readonly CleanupService[]> {
  const repositories = new Map<string, Set<string>>();
  const add = (service: string, target: BakeTarget | undefined): void => {
    const names = repositories.get(service) ?? new Set();
    for (const tag of target?.tags ?? []) names.add(withoutTag(tag));
    repositories.set(service, names);
  };
  for (const task of tasks) {
    if (task.kind === "build") add(task.service?.name ?? task.bakeTarget, task.definition);
  }
  const unknown = tools.config.services.filter((service) => !repositories.has(service.name));
  if (unknown.length > 0) {
    const definition = await loadDefinition(
      tools,
      unknown.map((service) => service.bakeTarget),
      signal,
    );
    for (const service of unknown) add(service.name, definition?.[service.bakeTarget]);
  }
  return [...repositories].map(([name, names]) => ({ name, repositories: [...names] }));
}

async function loadDefinition(
  tools: TaskTools,
  targets: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<string, BakeTarget>> | undefined> {
  const site = {
    workingDirectory: tools.projectDirectory,
    call: { ...PLAIN_BAKE_CALL, files: tools.config.bake.files },
    environment: tools.environment,
    ...(signal === undefined ? {} : { signal }),
  };
  const loaded = await loadBakeDefinition(site, targets);
  return loaded.ok ? loaded.definition.target : undefined;
}

/** `registry.test:5000/shop/web:1` → `registry.test:5000/shop/web`. */
function withoutTag(reference: string): string {
  return reference.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
}
