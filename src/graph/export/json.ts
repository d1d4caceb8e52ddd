import type { Task, TaskGraph, TaskId } from "../../model/task.ts";
import type { SourceLocation } from "../../model/location.ts";
import type { TaskKind } from "../../model/pipeline.ts";

/** Version of the exported JSON. */
export const GRAPH_VERSION = 1;

/** The graph for other programs. */
export interface ExportedGraph {
  readonly version: typeof GRAPH_VERSION;
  readonly variants: readonly string[];
  readonly concurrency: TaskGraph["concurrency"];
  /** In graph order: every task stands after all that it needs. */
  readonly tasks: readonly ExportedTask[];
}

/** A task of an {@link ExportedGraph}. */
export interface ExportedTask {
  readonly id: TaskId;
  readonly origin: string;
  readonly kind: TaskKind;
  readonly needs: readonly TaskId[];
  readonly variants: readonly string[];
  readonly environment?: string;
  readonly description?: string;
  readonly bakeTarget?: string;
  readonly service?: string;
  /** Weight that the task takes from each pool. */
  readonly pools: Readonly<Record<string, number>>;
  readonly location: SourceLocation;
}

/** The graph as JSON with two spaces of indentation. Ends with a line end. */
export function renderJson(graph: TaskGraph): string {
  return `${JSON.stringify(exportGraph(graph), undefined, 2)}\n`;
}

/** The graph as plain data: what {@link renderJson} prints. */
export function exportGraph(graph: TaskGraph): ExportedGraph {
  return {
    version: GRAPH_VERSION,
    variants: graph.variants,
    concurrency: graph.concurrency,
    tasks: graph.order.flatMap((id) => {
      const task = graph.tasks.get(id);
      return task === undefined ? [] : exportTask(task);
    }),
  };
}

function exportTask(task: Task): ExportedTask {
  const build = task.kind === "build" ? task : undefined;
  return {
    id: task.id,
    origin: task.origin,
    kind: task.kind,
    needs: task.needs,
    variants: task.variants,
    ...(task.environment === undefined ? {} : { environment: task.environment.name }),
    ...(task.description === undefined ? {} : { description: task.description }),
    ...(build === undefined ? {} : { bakeTarget: build.bakeTarget }),
    ...(build?.service === undefined ? {} : { service: build.service.name }),
    pools: task.pools,
    location: task.location,
  };
}
