import type { BuildConfig } from "../model/build-config.ts";
import type { Checked, Diagnostic } from "../model/diagnostic.ts";
import type { Pipeline } from "../model/pipeline.ts";
import type { Task, TaskGraph, TaskId } from "../model/task.ts";
import { unknownTarget } from "./bake-expansion.ts";
import { findTarget, planBakeQueries } from "./bake-query.ts";
import type { BakeAnswers, BakeQueryPlan } from "./bake-query.ts";
import { mergeConcurrency } from "./concurrency.ts";
import { draftNodes } from "./draft.ts";
import { mergeDrafts } from "./merge.ts";
import type { MergedDrafts } from "./merge.ts";
import { checkStructure, readStructure } from "./pipeline-check.ts";
import { traceImages } from "./service-images.ts";
import { makeTask } from "./task-node.ts";

/** What a graph is compiled from. */
export interface CompileInput {
  /** One or more variants; with several, tasks that are the same run once. */
  readonly pipelines: readonly Pipeline[];
  readonly buildConfig: BuildConfig;
  /** The answer to every required query of `bakeQueries(pipelines, buildConfig)`, by its key. */
  readonly bake: BakeAnswers;
}

/**
 * Compiles pipelines into one task graph, or returns all that is wrong with them. Pure: the same input gives the same ids in
 * the same order. The order is topological; where several tasks could come next it is the one that stands first in its file,
 * and files come in the order of `pipelines`.
 *
 * Diagnostics: `task-unknown`, `task-duplicate`, `task-cycle`, `environment-in-shared-task`, `bake-target-unknown`,
 * `reference-unknown`. Throws only when a required answer of bake is missing.
 */
export function compileGraph(input: CompileInput): Checked<TaskGraph> {
  const { pipelines, buildConfig, bake } = input;
  const structures = pipelines.map(readStructure);
  const unsound = structures.flatMap(checkStructure);
  if (unsound.length > 0) return { ok: false, diagnostics: distinct(unsound) };
  const plan = planBakeQueries(pipelines, buildConfig);
  const drafts = structures.map((structure) => draftNodes(structure, { buildConfig, plan, answers: bake }));
  const problems = [...drafts.flatMap((draft) => draft.diagnostics), ...unknownServices(plan, input)];
  if (problems.length > 0) return { ok: false, diagnostics: distinct(problems) };
  return assemble(input, mergeDrafts(drafts), plan);
}

function assemble(
  { pipelines, buildConfig, bake }: CompileInput,
  merged: MergedDrafts,
  plan: BakeQueryPlan,
): Checked<TaskGraph> {
  const { nodes, order } = merged;
  const rank = new Int32Array(nodes.length);
  for (const [position, place] of order.entries()) rank[place] = position;
  const images = traceImages(nodes, order, buildConfig, (bakeTarget) => findTarget(bakeTarget, plan.queries, bake));
  const diagnostics: Diagnostic[] = [];
  const tasks = new Map<TaskId, Task>();
  for (const place of order) {
    const node = nodes[place];
    if (node === undefined) continue;
    const task = makeTask({ node, place, merged, images, rank, buildConfig, diagnostics });
    tasks.set(task.id, task);
  }
  if (diagnostics.length > 0) return { ok: false, diagnostics: distinct(diagnostics) };
  const variants = [...new Set(pipelines.map((pipeline) => pipeline.variant))];
  const concurrency = mergeConcurrency(
    pipelines.map((pipeline) => pipeline.concurrency),
    tasks.values(),
  );
  return { ok: true, value: { variants, concurrency, tasks, order: [...tasks.keys()] }, warnings: [] };
}

/** Bake targets of services that the look-up of their tags does not know; a fault only where the look-up is required. */
function unknownServices(plan: BakeQueryPlan, { buildConfig, bake }: CompileInput): readonly Diagnostic[] {
  const query = plan.queries.find((candidate) => candidate.key === plan.servicesKey);
  const answer = query === undefined ? undefined : bake.get(query.key);
  if (query?.required !== true || answer === undefined || answer.found) return [];
  return buildConfig.services
    .filter(({ bakeTarget }) => bakeTarget === answer.unknown || !answer.known.includes(bakeTarget))
    .map((service) =>
      unknownTarget(
        `services.${service.name}`,
        { name: service.bakeTarget, ...(service.location === undefined ? {} : { location: service.location }) },
        answer.known,
      ),
    );
}

/** Variants of one file have the same faults; each is told once. */
function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Map<string, Diagnostic>();
  for (const diagnostic of diagnostics) {
    const { file, line, column } = diagnostic.location ?? { file: "", line: 0, column: 0 };
    const key = JSON.stringify([diagnostic.code, diagnostic.message, file, line, column]);
    if (!seen.has(key)) seen.set(key, diagnostic);
  }
  return [...seen.values()];
}
