import type { Result } from "../model/failure.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { orUndefined } from "./engine-query.ts";
import { parseJson, textAt, textMapAt } from "./json-value.ts";

/** A volume as its name and labels have it. */
export interface NamedVolume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A volume by name; undefined when it does not exist. */
export async function inspectVolume(
  engine: Engine,
  name: string,
  options: EngineOptions = {},
): Promise<Result<NamedVolume | undefined>> {
  const answer = orUndefined(await engine.request({ method: "GET", path: volumePath(name), ...options }));
  if (!answer.ok || answer.value === undefined) return answer.ok ? { ok: true, value: undefined } : answer;
  const volume = parseJson(answer.value.body.toString("utf8"));
  return { ok: true, value: { name: textAt(volume, "Name"), labels: textMapAt(volume, "Labels") } };
}

/**
 * Removes a volume, never forced; what is gone already is no error. Gives the engine's reason where it keeps the volume, because a
 * container mounts it.
 */
export async function removeVolume(
  engine: Engine,
  name: string,
  options: EngineOptions = {},
): Promise<Result<string | undefined>> {
  const removed = orUndefined(await engine.request({ method: "DELETE", path: volumePath(name), ...options }));
  if (removed.ok) return { ok: true, value: undefined };
  const { failure } = removed;
  return failure.reason === "engine-refused" && failure.status === 409 ? { ok: true, value: failure.error } : removed;
}

function volumePath(name: string): string {
  return `/volumes/${encodeURIComponent(name)}`;
}
