import type { SourceLocation } from "../model/location.ts";
import type { TaskKind } from "../model/pipeline.ts";
import type { WrittenPipeline, WrittenSettings, WrittenTask } from "./schema/pipeline.ts";

/** Where a setting of a task can be written, the strongest first. */
export type LayerName = "task" | `defaults.${TaskKind}` | "defaults.all";

/** A mapping that can give settings to a task. */
export interface Layer {
  readonly name: LayerName;
  readonly settings: WrittenSettings;
}

/** The layers of a task in its file: what it says itself, the defaults of its kind, the defaults of all. */
export function layersOf(task: WrittenTask, kind: TaskKind, file: WrittenPipeline): readonly Layer[] {
  const layers: Layer[] = [{ name: "task", settings: task }];
  const ofKind = file.defaults?.[kind];
  if (ofKind !== undefined) layers.push({ name: `defaults.${kind}`, settings: ofKind });
  const ofAll = file.defaults?.all;
  if (ofAll !== undefined) layers.push({ name: "defaults.all", settings: ofAll });
  return layers;
}

/** The mapping that decides a value, and how its layer is called. */
export interface Chosen {
  readonly layer: LayerName;
  readonly container: object;
  readonly key: string;
}

/** The strongest layer that has a key. With `within`, a key of the mapping of that name: these merge key by key. */
export function choose(layers: readonly Layer[], key: string, within?: "retry" | "resources"): Chosen | undefined {
  for (const { name, settings } of layers) {
    const container = within === undefined ? settings : settings[within];
    if (container !== undefined && Object.hasOwn(container, key)) return { layer: name, container, key };
  }
  return undefined;
}

/** A setting as `config --explain` shows it. */
export interface Origin {
  readonly from: LayerName | "built-in default" | "docker/build-config.json";
  readonly location?: SourceLocation;
}
