import { TASK_KINDS } from "../../model/pipeline.ts";
import type { Task, TaskGraph } from "../../model/task.ts";
import { byEnvironment } from "./levels.ts";

/** Shapes that Mermaid knows; a deploy stands out. */
const SHAPES = {
  clean: ['(["', '"])'],
  build: ['["', '"]'],
  verify: ['{{"', '"}}'],
  deploy: ['[["', '"]]'],
  run: ['("', '")'],
} as const satisfies Record<Task["kind"], readonly [string, string]>;

const COLOURS = {
  clean: "fill:#fff3cd,stroke:#997404",
  build: "fill:#cfe2ff,stroke:#084298",
  verify: "fill:#d1e7dd,stroke:#0f5132",
  deploy: "fill:#f8d7da,stroke:#842029",
  run: "fill:#e2e3e5,stroke:#41464b",
} as const satisfies Record<Task["kind"], string>;

/**
 * The graph as a Mermaid flowchart, for Markdown. Nodes are called n0, n1 … in graph order, since ids hold characters that
 * Mermaid gives a meaning; each environment is a box of its own. Ends with a line end.
 */
export function renderMermaid(graph: TaskGraph): string {
  const names = new Map(graph.order.map((id, index) => [id, `n${index}`] as const));
  const lines = ["flowchart TD"];
  let box = 0;
  for (const [environment, tasks] of byEnvironment(graph)) {
    const indent = environment === undefined ? "  " : "    ";
    if (environment !== undefined) lines.push(`  subgraph e${box} ["${escapeLabel(environment)}"]`);
    for (const task of tasks) lines.push(`${indent}${names.get(task.id) ?? ""}${describeNode(task)}`);
    if (environment !== undefined) lines.push("  end");
    box += 1;
  }
  for (const task of graph.tasks.values()) {
    for (const need of task.needs) lines.push(`  ${names.get(need) ?? ""} --> ${names.get(task.id) ?? ""}`);
  }
  const kinds = new Set([...graph.tasks.values()].map((task) => task.kind));
  for (const kind of TASK_KINDS) if (kinds.has(kind)) lines.push(`  classDef ${kind} ${COLOURS[kind]},color:#000`);
  return `${lines.join("\n")}\n`;
}

function describeNode(task: Task): string {
  const [open, close] = SHAPES[task.kind];
  return `${open}${escapeLabel(task.id)}${close}:::${task.kind}`;
}

/** Entity codes as Mermaid reads them, for everything that could end the label or be taken for markup. */
function escapeLabel(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} _./@:+-]/gu, (character) => `#${character.codePointAt(0) ?? 0};`);
}
