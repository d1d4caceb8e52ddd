import type { BakeTarget } from "./bake-definition.ts";
import type { Environment, Service } from "./build-config.ts";
import type { BakeCall, Check, CleanSpec, DeploySpec, RunSpec, TaskSettings } from "./pipeline.ts";
import type { SourceLocation } from "./location.ts";

/**
 * Names a node of the graph: `make-room`, `images/frontend` (one bake target of a build task), `release@blue` (a task that
 * belongs to an environment), `deep-clean:make-room` (where merged pipelines use one name for different things).
 */
export type TaskId = string;

/** A node of the graph: one thing to do, with everything that determines how. */
export type Task = TaskNode & TaskBody;

/** What a node has besides its work. `needs` of the settings are replaced by edges. */
export type TaskNode = Omit<TaskSettings, "needs"> & {
  readonly id: TaskId;
  /** The task of the pipeline that this node comes from: `images` for `images/frontend`. */
  readonly origin: string;
  /** Variants that contain it; more than one for a shared task of merged pipelines. */
  readonly variants: readonly string[];
  /** Present for deploy tasks and everything downstream of one. */
  readonly environment?: Environment;
  readonly description?: string;
  /** Direct predecessors, sorted by their place in the graph's order. */
  readonly needs: readonly TaskId[];
  readonly location: SourceLocation;
};

/** The work of a node, by kind. */
export type TaskBody =
  | { readonly kind: "clean"; readonly clean: CleanSpec }
  | {
      readonly kind: "build";
      readonly bakeTarget: string;
      readonly definition: BakeTarget;
      readonly bake: BakeCall;
      /** The service that this bake target builds, where docker/build-config.json declares one. */
      readonly service?: Service;
    }
  | { readonly kind: "verify"; readonly checks: readonly Check[]; readonly images: readonly ServiceImage[] }
  | { readonly kind: "deploy"; readonly deploy: DeploySpec; readonly images: readonly ServiceImage[] }
  | { readonly kind: "run"; readonly run: RunSpec };

/** A node of one kind. */
export type TaskOf<K extends TaskBody["kind"]> = TaskNode & Extract<TaskBody, { readonly kind: K }>;

/** The image of a service as a verify or deploy task sees it. */
export interface ServiceImage {
  readonly service: Service;
  /** The build node upstream whose image is meant; absent when nothing upstream builds it. */
  readonly builtBy?: TaskId;
  /** First tag of the bake target: where to find the image when this run does not build it. */
  readonly reference?: string;
}

/**
 * The compiled graph. Invariants: `order` is topological and deterministic, every id in `needs` is in `tasks`,
 * and there is no cycle.
 */
export interface TaskGraph {
  readonly variants: readonly string[];
  readonly concurrency: { readonly tasks: number; readonly pools: Readonly<Record<string, number>> };
  readonly tasks: ReadonlyMap<TaskId, Task>;
  readonly order: readonly TaskId[];
}

/** What a finished task hands to the tasks downstream: `${tasks.ID.NAME}`. */
export type TaskOutputs = Readonly<Record<string, string>>;
