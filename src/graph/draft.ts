import type { BuildConfig } from "../model/build-config.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Pipeline, PipelineTask } from "../model/pipeline.ts";
import { expandBuild } from "./bake-expansion.ts";
import type { ExpandedTarget } from "./bake-expansion.ts";
import type { BakeAnswers, BakeQueryPlan } from "./bake-query.ts";
import { buildDigraph, topologicalOrder } from "./digraph.ts";
import type { PipelineStructure } from "./pipeline-check.ts";
import type { PipelineEdges } from "./pipeline-edges.ts";

/** A node of one pipeline before pipelines are merged. */
export interface Draft {
  /** The id where no other pipeline uses it for something else. */
  readonly id: string;
  readonly task: PipelineTask;
  /** Set for nodes of build tasks. */
  readonly target?: ExpandedTarget;
  readonly inEnvironment: boolean;
  /** Places of the predecessors in the same pipeline's drafts, ascending, each once. */
  readonly needs: readonly number[];
}

/** The nodes of one pipeline, in file order. */
export interface PipelineDrafts {
  readonly pipeline: Pipeline;
  readonly edges: PipelineEdges;
  readonly drafts: readonly Draft[];
  /** Places of the drafts in topological order, ties in file order; empty where there are diagnostics. */
  readonly order: readonly number[];
  /** First draft of every task and, one past the end, the number of drafts. */
  readonly firstOf: readonly number[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What expanding needs besides the pipeline. */
export interface ExpansionInput {
  readonly buildConfig: BuildConfig;
  readonly plan: BakeQueryPlan;
  readonly answers: BakeAnswers;
}

/** Turns each task of a sound pipeline into its nodes: one for every bake target of a build task, one for any other. */
export function draftNodes(structure: PipelineStructure, input: ExpansionInput): PipelineDrafts {
  const { pipeline, edges } = structure;
  const diagnostics: Diagnostic[] = [];
  const targetsOf = pipeline.tasks.map((task) => {
    if (task.kind !== "build") return undefined;
    const expansion = expandBuild(task.name, task.build, answerTo(task, input));
    diagnostics.push(...expansion.diagnostics);
    return expansion.targets;
  });
  const firstOf = [0];
  for (const targets of targetsOf) firstOf.push((firstOf.at(-1) ?? 0) + (targets?.length ?? 1));
  if (diagnostics.length > 0) return { pipeline, edges, drafts: [], order: [], firstOf, diagnostics };

  const drafts: Draft[] = [];
  for (const [place, task] of pipeline.tasks.entries()) {
    const needs = needsOf(place, { edges, targetsOf, firstOf }, diagnostics);
    const inEnvironment = structure.inEnvironment[place] === 1;
    const suffix = inEnvironment && pipeline.environment !== undefined ? `@${pipeline.environment.name}` : "";
    const targets = targetsOf[place];
    if (targets === undefined) {
      drafts.push({ id: `${task.name}${suffix}`, task, inEnvironment, needs });
      continue;
    }
    const first = firstOf[place] ?? 0;
    for (const target of targets) {
      const links = target.links.map((link) => first + link);
      const id = `${task.name}/${target.name}${suffix}`;
      drafts.push({ id, task, target, inEnvironment, needs: ascending([...needs, ...links]) });
    }
  }
  diagnostics.push(...duplicateIds(drafts));
  const order = topologicalOrder(buildDigraph(drafts.map((draft) => draft.needs)));
  if (order === undefined) diagnostics.push(linkedInCircle(pipeline));
  return { pipeline, edges, drafts, order: order ?? [], firstOf, diagnostics };
}

/** The tasks have no cycle, so the links between their bake targets do. */
function linkedInCircle(pipeline: Pipeline): Diagnostic {
  return {
    code: "bake-definition-invalid",
    severity: "error",
    message: `Bake targets that \`${pipeline.name}\` builds link to each other in a circle`,
    location: pipeline.location,
    hint: "look at the `target:` contexts of the bake file",
  };
}

function answerTo(task: PipelineTask, { plan, answers }: ExpansionInput) {
  const answer = answers.get(plan.keyOf.get(task) ?? "");
  if (answer === undefined) throw new Error(`no answer of bake for the task ${task.name}`);
  return answer;
}

interface TaskNodes {
  readonly edges: PipelineEdges;
  readonly targetsOf: readonly (readonly ExpandedTarget[] | undefined)[];
  readonly firstOf: readonly number[];
}

/** `needs: [images]` means every node of it, `needs: [images/frontend]` that one. */
function needsOf(place: number, nodes: TaskNodes, diagnostics: Diagnostic[]): readonly number[] {
  const needs: number[] = [];
  for (const need of nodes.edges.needs[place] ?? []) {
    const first = nodes.firstOf[need.place] ?? 0;
    const targets = nodes.targetsOf[need.place];
    if (targets === undefined) {
      needs.push(first);
    } else if (need.bakeTarget === undefined) {
      for (let offset = 0; offset < targets.length; offset += 1) needs.push(first + offset);
    } else {
      const offset = targets.findIndex((target) => target.name === need.bakeTarget);
      if (offset === -1) {
        diagnostics.push({
          code: "task-unknown",
          severity: "error",
          message: `\`${need.written.task}\` is no bake target of that build task`,
          location: need.written.location,
          hint: `it builds ${targets.map((target) => target.name).join(", ")}`,
        });
      } else needs.push(first + offset);
    }
  }
  return ascending(needs);
}

function duplicateIds(drafts: readonly Draft[]): readonly Diagnostic[] {
  const seen = new Map<string, Draft>();
  const diagnostics: Diagnostic[] = [];
  for (const draft of drafts) {
    const first = seen.get(draft.id);
    if (first === undefined) seen.set(draft.id, draft);
    else {
      diagnostics.push({
        code: "task-duplicate",
        severity: "error",
        message: `Two nodes would be called \`${draft.id}\``,
        location: draft.task.location,
        related: [{ message: "The first one", location: first.task.location }],
        hint: "rename one of the two tasks",
      });
    }
  }
  return diagnostics;
}

function ascending(places: readonly number[]): readonly number[] {
  return places.length < 2 ? places : [...new Set(places)].sort((a, b) => a - b);
}
