import type { BuildConfig } from "../model/build-config.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Task, TaskBody, TaskNode } from "../model/task.ts";
import { effectiveCall } from "./bake-query.ts";
import type { MergedDrafts, MergedNode } from "./merge.ts";
import { findTask } from "./pipeline-edges.ts";
import { resolveChecks, resolveCommand } from "./references.ts";
import type { FindNode } from "./references.ts";
import type { ServiceImages } from "./service-images.ts";

/** What the final form of a node depends on. */
export interface NodeInput {
  readonly node: MergedNode;
  readonly place: number;
  readonly merged: MergedDrafts;
  readonly images: ServiceImages;
  /** Position of each place in the graph's order. */
  readonly rank: Int32Array;
  readonly buildConfig: BuildConfig;
  /** Receives references that mean no single node. */
  readonly diagnostics: Diagnostic[];
}

/** The task of the graph that a merged node becomes. */
export function makeTask(input: NodeInput): Task {
  const { node, merged, rank } = input;
  const { task, inEnvironment } = node.draft;
  const { environment } = node.from.pipeline;
  const needs = node.needs.length < 2 ? node.needs : node.needs.toSorted((a, b) => (rank[a] ?? 0) - (rank[b] ?? 0));
  const common: TaskNode = {
    id: node.id,
    origin: task.name,
    variants: node.variants,
    ...(inEnvironment && environment !== undefined ? { environment } : {}),
    ...(task.description === undefined ? {} : { description: task.description }),
    needs: needs.map((need) => merged.nodes[need]?.id ?? ""),
    condition: task.condition,
    continueOnError: task.continueOnError,
    timeoutMs: task.timeoutMs,
    retry: task.retry,
    pools: task.pools,
    resources: task.resources,
    location: task.location,
  };
  return { ...common, ...makeBody(input) };
}

function makeBody({ node, place, merged, images, buildConfig, diagnostics }: NodeInput): TaskBody {
  const { task, target } = node.draft;
  const findNode = nodeFinder(node, merged);
  switch (task.kind) {
    case "clean":
      return { kind: "clean", clean: task.clean };
    case "build": {
      const service = buildConfig.services.find(({ bakeTarget }) => bakeTarget === target?.name);
      return {
        kind: "build",
        bakeTarget: target?.name ?? task.name,
        definition: target?.definition ?? {},
        bake: effectiveCall(task.build.bake, buildConfig),
        ...(service === undefined ? {} : { service }),
      };
    }
    case "verify":
      return { kind: "verify", ...images.forVerify(place, resolveChecks(task.checks, findNode, diagnostics)) };
    case "deploy":
      return { kind: "deploy", deploy: task.deploy, images: images.forDeploy(place) };
    case "run":
      return { kind: "run", run: resolveCommand(task.run, findNode, diagnostics) };
  }
}

/** Resolves references in the words of the pipeline that the node comes from. */
function nodeFinder(node: MergedNode, { nodes, nodeOf }: MergedDrafts): FindNode {
  const { from } = node;
  return (reference) => {
    const found = findTask(from.pipeline, from.edges.placeOf, reference.task);
    if (found === undefined) return undefined;
    const first = from.firstOf[found.place] ?? 0;
    const end = from.firstOf[found.place + 1] ?? first;
    const own = nodeOf.get(from) ?? [];
    const meant: string[] = [];
    for (let draft = first; draft < end; draft += 1) {
      const name = from.drafts[draft]?.target?.name;
      if (found.bakeTarget === undefined || name === found.bakeTarget) meant.push(nodes[own[draft] ?? -1]?.id ?? "");
    }
    if (meant.length === 1) return meant[0];
    return {
      code: "reference-unknown",
      severity: "error",
      message: `\`${reference.task}\` stands for ${meant.length} bake targets, so its output \`${reference.output}\` is ambiguous`,
      location: reference.location,
      hint: `name one of them: ${meant.map((id) => `\${tasks.${id}.${reference.output}}`).join(", ")}`,
    };
  };
}
