import type { TaskGraph } from "../../model/task.ts";
import { renderDot } from "./dot.ts";
import { renderJson } from "./json.ts";
import { renderMermaid } from "./mermaid.ts";
import { renderText } from "./text.ts";

/** Every format of `orchestrate graph --format`. */
export const GRAPH_FORMATS = ["text", "mermaid", "dot", "json"] as const;

/** One of {@link GRAPH_FORMATS}. */
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** The graph in a format; every one ends with a line end and is the same for the same graph. */
export function renderGraph(graph: TaskGraph, format: GraphFormat): string {
  switch (format) {
    case "text":
      return renderText(graph);
    case "mermaid":
      return renderMermaid(graph);
    case "dot":
      return renderDot(graph);
    case "json":
      return renderJson(graph);
  }
}
