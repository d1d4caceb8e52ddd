import { formatByteSize } from "../model/byte-size.ts";
import { describeBasis } from "../model/plan.ts";
import type { Decision, Plan, PlannedTask } from "../model/plan.ts";
import { plural } from "./fact-text.ts";
import { printableLine } from "./printable.ts";

/** A clean-up may list hundreds of cache records; beyond this the plan counts them. */
const SHOWN_ACTIONS = 8;

/** A plan for people: the tasks in order, each with its decision, the reason, and what it would do. Ends with a line end. */
export function renderPlan(plan: Plan): string {
  const lines = [`plan for ${plan.variants.map(printableLine).join(" + ")}: ${plural(plan.tasks.length, "task")}`];
  for (const [index, task] of plan.tasks.entries()) lines.push("", ...describeTask(task, index + 1));
  return `${lines.join("\n")}\n\n${summarize(plan)}\n`;
}

function describeTask(task: PlannedTask, position: number): readonly string[] {
  const needs = task.needs.length === 0 ? "" : `, after ${task.needs.join(", ")}`;
  const lines = [
    `${String(position).padStart(3)}. ${task.id} (${task.kind}${needs})`,
    `     ${task.decision.action}: ${task.decision.reason}`,
  ];
  if (task.decision.action !== "skip") lines.push(...shownActions(task).map((action) => `       - ${action}`));
  if (task.disk !== undefined) {
    lines.push(
      `       - takes up to ${formatByteSize(task.disk.bytes)} of the engine's disk (${describeBasis(task.disk)})`,
    );
  }
  return lines.map(printableLine);
}

/** The first and the last actions: what a clean-up frees stands at the end. */
function shownActions({ kind, actions }: PlannedTask): readonly string[] {
  if (actions.length <= SHOWN_ACTIONS) return actions;
  const where = kind === "clean" ? "; `orchestrate clean --dry-run` lists all" : "";
  const left = actions.length - SHOWN_ACTIONS;
  return [...actions.slice(0, SHOWN_ACTIONS - 1), `… and ${left} more${where}`, ...actions.slice(-1)];
}

function summarize(plan: Plan): string {
  const count = (action: Decision["action"]): number =>
    plan.tasks.filter((task) => task.decision.action === action).length;
  const parts = [`${count("run")} to run`];
  if (count("reuse") > 0) parts.push(`${count("reuse")} to reuse`);
  if (count("skip") > 0) parts.push(`${count("skip")} to skip`);
  return `${parts.join(", ")}; nothing was changed`;
}
