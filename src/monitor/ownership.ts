import type { BuildConfig } from "../model/build-config.ts";
import { LABELS } from "../model/observation.ts";

/** Compose puts it on everything that it creates. */
const COMPOSE_PROJECT = "com.docker.compose.project";

/** Whether a container or volume with these labels belongs to the project: by our own label, or by one of its compose projects. */
export function ownedBy(
  { project, environments }: Pick<BuildConfig, "project" | "environments">,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (labels[LABELS.project] === project) return true;
  const compose = labels[COMPOSE_PROJECT];
  if (compose === undefined) return false;
  return [...environments.map(({ name }) => name), "shared", "router"].some((name) => compose === `${project}-${name}`);
}
