import type { CleanupPlan } from "../model/cleanup.ts";
import { parseCleanupDocument, serialiseCleanupPlan } from "../plan/cleanup-document.ts";
import type { CleanPreparation } from "./clean-room.ts";

/** What `clean --plan` writes: a plan with the project and the engine that it is for. */
export interface PlanFile {
  readonly project: string;
  readonly engine: { readonly id: string; readonly name: string };
  /** Milliseconds since 1970. */
  readonly madeAtMs: number;
  readonly plan: CleanupPlan;
}

/** A plan file read from text, or why the text is none: a sentence without a full stop. */
export type ParsedPlanFile =
  | { readonly ok: true; readonly file: PlanFile }
  | { readonly ok: false; readonly problem: string };

/** The text of a plan file; ends with a line end. */
export function serialisePlanFile({ project, engine, madeAtMs, plan }: CleanPreparation): string {
  const document: unknown = JSON.parse(serialiseCleanupPlan(plan));
  return `${JSON.stringify({ project, engine, madeAtMs, plan: document }, undefined, 2)}\n`;
}

/** Reads a plan file. One of another version is refused, and nothing is left out. */
export function parsePlanFile(text: string): ParsedPlanFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, problem: `it is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const { project, engine, madeAtMs, plan } = isRecord(value) ? value : {};
  const { id, name } = isRecord(engine) ? engine : {};
  if (typeof project !== "string" || typeof id !== "string" || typeof name !== "string" || plan === undefined) {
    return { ok: false, problem: "it is not what `orchestrate clean --plan` writes" };
  }
  const parsed = parseCleanupDocument(plan);
  if (!parsed.ok) return parsed;
  const file = { project, engine: { id, name }, madeAtMs: Number(madeAtMs), plan: parsed.plan };
  return { ok: true, file };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
