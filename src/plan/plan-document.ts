import { TASK_KINDS } from "../model/pipeline.ts";
import { DISK_NEED_BASES, PLAN_VERSION } from "../model/plan.ts";
import type { Decision, DiskNeed, Plan, PlannedTask } from "../model/plan.ts";

/** A plan read from text, or why the text is none. */
export type ParsedPlan =
  | { readonly ok: true; readonly plan: Plan }
  /** `problem` is one sentence without a full stop. */
  | { readonly ok: false; readonly problem: string };

/** The plan as JSON with two spaces of indentation; keys come in a fixed order, so equal plans give equal text. */
export function serialisePlan(plan: Plan): string {
  const { version, variants, tasks } = plan;
  const ordered = tasks.map(orderKeys);
  return `${JSON.stringify({ version, variants, tasks: ordered }, undefined, 2)}\n`;
}

function orderKeys({ id, kind, needs, decision: { action, reason }, disk, actions }: PlannedTask): PlannedTask {
  const planned = { id, kind, needs, decision: { action, reason }, actions };
  if (disk === undefined) return planned;
  const { bytes, basis, leastBytes } = disk;
  return { ...planned, disk: { bytes, basis, leastBytes } };
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
  const disk = value["disk"] === undefined ? undefined : parseDiskNeed(value["disk"]);
  if (value["disk"] !== undefined && disk === undefined) return undefined;
  if (typeof id !== "string" || kind === undefined || decision === undefined) return undefined;
  if (!isTextList(needs) || !isTextList(actions)) return undefined;
  return { id, kind, needs, decision, ...(disk === undefined ? {} : { disk }), actions };
}

function parseDiskNeed(value: unknown): DiskNeed | undefined {
  if (!isMapping(value)) return undefined;
  const { bytes, leastBytes } = value;
  const basis = DISK_NEED_BASES.find((candidate) => candidate === value["basis"]);
  if (typeof bytes !== "number" || typeof leastBytes !== "number" || basis === undefined) return undefined;
  return { bytes, basis, leastBytes };
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
