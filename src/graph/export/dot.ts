import type { Task, TaskGraph } from "../../model/task.ts";
import { byEnvironment } from "./levels.ts";

const SHAPES = {
  clean: "cds",
  build: "box",
  verify: "hexagon",
  deploy: "box3d",
  run: "ellipse",
} as const satisfies Record<Task["kind"], string>;

/** The graph in Graphviz's language; each environment is a cluster. Ends with a line end. */
export function renderDot(graph: TaskGraph): string {
  const lines = [`digraph ${quote(graph.variants.join(" + "))} {`, "  rankdir=LR;", '  node [fontname="sans-serif"];'];
  let cluster = 0;
  for (const [environment, tasks] of byEnvironment(graph)) {
    const indent = environment === undefined ? "  " : "    ";
    if (environment !== undefined) {
      lines.push(`  subgraph ${quote(`cluster_${cluster}`)} {`, `    label=${quote(environment)};`);
    }
    for (const task of tasks)
      lines.push(`${indent}${quote(task.id)} [shape=${SHAPES[task.kind]}, label=${label(task)}];`);
    if (environment !== undefined) lines.push("  }");
    cluster += 1;
  }
  for (const task of graph.tasks.values()) {
    for (const need of task.needs) lines.push(`  ${quote(need)} -> ${quote(task.id)};`);
  }
  return `${lines.join("\n")}\n}\n`;
}

function label(task: Task): string {
  return `"${escape(task.id)}\\n${task.kind}"`;
}

function quote(text: string): string {
  return `"${escape(text)}"`;
}

/** A backslash starts an escape in a label, and at the end of a name it would hide the closing quote. */
function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}
