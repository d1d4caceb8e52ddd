import { TASK_KINDS } from "../model/pipeline.ts";
import { PLAN_VERSION } from "../model/plan.ts";
import type { Decision, Plan, PlannedTask } from "../model/plan.ts";

/** A plan read from text, or why the text is none. */
export type ParsedPlan =
  | { readonly ok: true; readonly plan: Plan }
  /** `problem` is one sentence without a full stop. */
  | { readonly ok: false; readonly problem: string };

/** The plan as JSON with two spaces of indentation; keys come in a fixed order, so equal plans give equal text. */
export function serialisePlan(plan: Plan): string {
  const { version, variants, tasks } = plan;
  const ordered = tasks.map(({ id, kind, needs, decision: { action, reason }, actions }) => ({
    id,
    kind,
    needs,
    decision: { action, reason },
    actions,
  }));
  return `${JSON.stringify({ version, variants, tasks: ordered }, undefined, 2)}\n`;
}

/** Reads what {@link serialisePlan} wrote. Another version is refused, not guessed at. */
export function parsePlan(text: string): ParsedPlan {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return { ok: false, problem: `the plan is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (!isMapping(document)) return { ok: false, problem: "the plan is no JSON object" };
  const { version, variants, tasks } = document;
  if (version !== PLAN_VERSION) {
    const found = typeof version === "number" ? `version ${version}` : "no version";
    return { ok: false, problem: `the plan has ${found}, this program reads version ${PLAN_VERSION}` };
  }
  if (!isTextList(variants)) return { ok: false, problem: "`variants` of the plan is no list of names" };
  if (!Array.isArray(tasks)) return { ok: false, problem: "`tasks` of the plan is no list" };
  const found: PlannedTask[] = [];
  for (const [index, task] of tasks.entries()) {
    const planned = parseTask(task);
    if (planned === undefined) return { ok: false, problem: `\`tasks[${index}]\` of the plan is no planned task` };
    found.push(planned);
  }
  return { ok: true, plan: { version: PLAN_VERSION, variants, tasks: found } };
}

function parseTask(value: unknown): PlannedTask | undefined {
  if (!isMapping(value)) return undefined;
  const { id, needs, actions } = value;
  const kind = TASK_KINDS.find((candidate) => candidate === value["kind"]);
  const decision = parseDecision(value["decision"]);
  if (typeof id !== "string" || kind === undefined || decision === undefined) return undefined;
  return isTextList(needs) && isTextList(actions) ? { id, kind, needs, decision, actions } : undefined;
}

function parseDecision(value: unknown): Decision | undefined {
  if (!isMapping(value)) return undefined;
  const { action, reason } = value;
  if (typeof reason !== "string") return undefined;
  return action === "run" || action === "reuse" || action === "skip" ? { action, reason } : undefined;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}
