import type { BakeDefinition, BakeTarget } from "../model/bake-definition.ts";
import type { BuildConfig } from "../model/build-config.ts";
import { PLAIN_BAKE_CALL } from "../model/pipeline.ts";
import type { BakeCall, Check, Pipeline, PipelineTask } from "../model/pipeline.ts";
import { canonicalText } from "./canonical-text.ts";

/** One call of `docker buildx bake --print` that compiling needs. */
export interface BakeQuery {
  /** Same call and targets, same key; differs otherwise. */
  readonly key: string;
  readonly call: BakeCall;
  /** Bake targets, groups and patterns to ask for, sorted. Never empty. */
  readonly targets: readonly string[];
  /**
   * False for a look-up that only adds the tags of images which this run does not build: when bake refuses it, leave the
   * answer out.
   */
  readonly required: boolean;
}

/** What bake said to a {@link BakeQuery}. */
export type BakeAnswer =
  | { readonly found: true; readonly definition: BakeDefinition }
  /** It does not know one of the targets. `known` are all names of targets and groups in the bake files. */
  | { readonly found: false; readonly unknown: string; readonly known: readonly string[] };

/** The answers by the key of their query. */
export type BakeAnswers = ReadonlyMap<string, BakeAnswer>;

/** Queries together with who asks. */
export interface BakeQueryPlan {
  readonly queries: readonly BakeQuery[];
  /** The query of every build task. */
  readonly keyOf: ReadonlyMap<PipelineTask, string>;
  /** The query for the images of services that no build task names. */
  readonly servicesKey?: string;
}

/**
 * The distinct calls of bake that compiling these pipelines needs: one for all build tasks that call bake the same way,
 * and one for the images of services when a deploy or a size check may have to look at images that nothing here builds.
 * A task that names `default` gets a call of its own, since bake prints the targets of the call under that very name.
 * The look-up of services comes last, and is rarely needed when the others are answered: see {@link isAnswered}.
 */
export function bakeQueries(pipelines: readonly Pipeline[], buildConfig: BuildConfig): readonly BakeQuery[] {
  return planBakeQueries(pipelines, buildConfig).queries;
}

/**
 * Whether an optional query need not be asked any more: the answers so far define every bake target that it is about. Ask
 * the queries in the order of {@link bakeQueries}, and leave out those for which this holds when their turn comes.
 */
export function isAnswered(query: BakeQuery, answers: BakeAnswers): boolean {
  if (query.required) return answers.has(query.key);
  const defined = [...answers.values()].flatMap((answer) => (answer.found ? [answer.definition.target] : []));
  return query.targets.every((name) => defined.some((targets) => name in targets));
}

/** What the first query that knows a bake target was told about it. */
export function findTarget(name: string, queries: readonly BakeQuery[], answers: BakeAnswers): BakeTarget | undefined {
  for (const { key } of queries) {
    const answer = answers.get(key);
    const target = answer?.found === true ? answer.definition.target[name] : undefined;
    if (target !== undefined) return target;
  }
  return undefined;
}

/** {@link bakeQueries} with the assignment of tasks to queries. */
export function planBakeQueries(pipelines: readonly Pipeline[], buildConfig: BuildConfig): BakeQueryPlan {
  const groups = new Map<string, { call: BakeCall; targets: Set<string>; tasks: PipelineTask[] }>();
  for (const pipeline of pipelines) {
    for (const task of pipeline.tasks) {
      if (task.kind !== "build") continue;
      const call = effectiveCall(task.build.bake, buildConfig);
      const names = [...new Set(task.build.targets.map((target) => target.name))].sort();
      const groupKey = canonicalText(names.includes("default") ? [call, names] : [call]);
      const group = groups.get(groupKey) ?? { call, targets: new Set(), tasks: [] };
      for (const name of names) group.targets.add(name);
      group.tasks.push(task);
      groups.set(groupKey, group);
    }
  }
  const queries: BakeQuery[] = [];
  const keyOf = new Map<PipelineTask, string>();
  for (const { call, targets, tasks } of groups.values()) {
    const query = makeQuery(call, [...targets], true);
    queries.push(query);
    for (const task of tasks) keyOf.set(task, query.key);
  }
  const services = serviceQuery(pipelines, buildConfig);
  if (services === undefined) return { queries, keyOf };
  const twin = queries.find((query) => query.key === services.key);
  return { queries: twin === undefined ? [...queries, services] : queries, keyOf, servicesKey: services.key };
}

/** The call of a build task with what it leaves to docker/build-config.json filled in. Doing so twice changes nothing. */
export function effectiveCall(call: BakeCall, { bake }: BuildConfig): BakeCall {
  const builder = call.builder ?? bake.builder;
  return {
    ...call,
    files: call.files.length > 0 ? call.files : bake.files,
    cacheFrom: call.cacheFrom.length > 0 ? call.cacheFrom : bake.cacheFrom,
    cacheTo: call.cacheTo.length > 0 ? call.cacheTo : bake.cacheTo,
    ...(builder === undefined ? {} : { builder }),
  };
}

function makeQuery(call: BakeCall, names: readonly string[], required: boolean): BakeQuery {
  const targets = [...names].sort();
  return { key: canonicalText([call, targets]), call, targets, required };
}

function serviceQuery(pipelines: readonly Pipeline[], buildConfig: BuildConfig): BakeQuery | undefined {
  const targets = new Set(buildConfig.services.map((service) => service.bakeTarget));
  if (targets.size === 0) return undefined;
  let asked = false;
  let required = false;
  for (const pipeline of pipelines) {
    if (!pipeline.tasks.some(looksAtImages)) continue;
    const built = new Set<string>();
    for (const task of pipeline.tasks) {
      if (task.kind === "build") for (const target of task.build.targets) built.add(target.name);
    }
    asked ||= [...targets].some((target) => !built.has(target));
    required ||= built.size === 0;
  }
  return asked ? makeQuery(effectiveCall(PLAIN_BAKE_CALL, buildConfig), [...targets], required) : undefined;
}

function looksAtImages(task: PipelineTask): boolean {
  return task.kind === "deploy" || (task.kind === "verify" && task.checks.some(isSizeCheck));
}

function isSizeCheck(check: Check): boolean {
  return check.check === "size";
}
