import { canonicalText } from "./canonical-text.ts";
import { buildDigraph, topologicalOrder } from "./digraph.ts";
import type { Draft, PipelineDrafts } from "./draft.ts";

/** A node of the merged graph. */
export interface MergedNode {
  readonly id: string;
  /** The first pipeline that has it decides what is shown of it: place, description, references. */
  readonly draft: Draft;
  readonly from: PipelineDrafts;
  readonly variants: readonly string[];
  /** Places in the merged list, ascending. */
  readonly needs: readonly number[];
}

/** Merged nodes in file order, and for each pipeline which merged node each of its drafts became. */
export interface MergedDrafts {
  readonly nodes: readonly MergedNode[];
  readonly nodeOf: ReadonlyMap<PipelineDrafts, readonly number[]>;
  /** Places of the nodes in topological order, ties in file order. */
  readonly order: readonly number[];
}

interface Candidate {
  readonly draft: Draft;
  readonly from: PipelineDrafts;
  readonly variants: string[];
}

/**
 * Joins the nodes of several sound pipelines. Two nodes become one when everything that decides what they do and when they
 * may start is the same: id, kind, work, settings, and the nodes that they need, all the way up. So no pipeline behaves
 * differently in company than alone, and joining graphs without a cycle never makes one. Nodes that share only the name get
 * ids qualified by their pipeline: `deep-clean:make-room`.
 */
export function mergeDrafts(pipelines: readonly PipelineDrafts[]): MergedDrafts {
  const [first, ...others] = pipelines;
  if (first !== undefined && others.length === 0) return takeSingle(first);
  const identities = new Map<string, number>();
  const candidates: Candidate[] = [];
  const placeOf = new Map<number, number>();
  const nodeOf = new Map<PipelineDrafts, readonly number[]>();
  for (const from of pipelines) {
    const identityOf = identify(from, identities);
    const own = from.drafts.map((draft, place) => {
      const identity = identityOf[place] ?? -1;
      const known = placeOf.get(identity);
      if (known === undefined) {
        placeOf.set(identity, candidates.length);
        return candidates.push({ draft, from, variants: [from.pipeline.variant] }) - 1;
      }
      const variants = candidates[known]?.variants;
      if (variants?.includes(from.pipeline.variant) === false) variants.push(from.pipeline.variant);
      return known;
    });
    nodeOf.set(from, own);
  }
  const ids = nameNodes(candidates);
  const nodes = candidates.map(({ draft, from, variants }, place) => {
    const own = nodeOf.get(from) ?? [];
    const needs = ascending(draft.needs.map((need) => own[need] ?? 0));
    return { id: ids[place] ?? draft.id, draft, from, variants, needs };
  });
  return { nodes, nodeOf, order: topologicalOrder(buildDigraph(nodes.map((node) => node.needs))) ?? [] };
}

/** A pipeline that is alone keeps its ids and its order. */
function takeSingle(from: PipelineDrafts): MergedDrafts {
  const variants = [from.pipeline.variant];
  const nodes = from.drafts.map((draft) => ({ id: draft.id, draft, from, variants, needs: draft.needs }));
  return { nodes, nodeOf: new Map([[from, [...nodes.keys()]]]), order: from.order };
}

/**
 * A number for each draft: equal exactly for drafts that are the same task. Needs come before what needs them, so the number
 * of a need stands for its whole past and the text stays short.
 */
function identify(from: PipelineDrafts, known: Map<string, number>): readonly number[] {
  const identityOf = Array.from<number>({ length: from.drafts.length });
  for (const place of from.order) {
    const draft = from.drafts[place];
    if (draft === undefined) continue;
    const needs = ascending(draft.needs.map((need) => identityOf[need] ?? 0));
    const text = identityText(draft, from, needs);
    const identity = known.get(text) ?? known.size;
    known.set(text, identity);
    identityOf[place] = identity;
  }
  return identityOf;
}

function identityText(draft: Draft, from: PipelineDrafts, needs: readonly number[]): string {
  const {
    needs: _written,
    location: _location,
    description: _description,
    usesEnvironment: _use,
    ...task
  } = draft.task;
  const work = task.kind === "build" ? { ...task, build: task.build.bake } : task;
  const environment = draft.inEnvironment ? from.pipeline.environment : undefined;
  return canonicalText([draft.id, work, draft.target?.definition, environment, needs]);
}

function nameNodes(candidates: readonly Candidate[]): readonly string[] {
  const counted = count(candidates.map(({ draft }) => draft.id));
  const byPipeline = candidates.map(({ draft, from }) =>
    counted.get(draft.id) === 1 ? draft.id : `${from.pipeline.name}:${draft.id}`,
  );
  const again = count(byPipeline);
  return candidates.map(({ draft, from }, place) => {
    const id = byPipeline[place] ?? draft.id;
    return again.get(id) === 1 ? id : `${from.pipeline.variant}:${draft.id}`;
  });
}

function count(ids: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

function ascending(places: readonly number[]): readonly number[] {
  return [...new Set(places)].sort((a, b) => a - b);
}
