import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { selectTasks } from "../../../src/graph/select.ts";
import { remainingPath } from "../../../src/graph/critical-path.ts";
import type { BakeDefinition } from "../../../src/model/bake-definition.ts";
import type { Pipeline, TaskWork } from "../../../src/model/pipeline.ts";
import type { TaskGraph } from "../../../src/model/task.ts";
import {
  BLUE,
  GREEN,
  bakeFile,
  build,
  buildConfig,
  clean,
  command,
  compiled,
  deploy,
  pipeline,
  service,
  sizes,
} from "./sample.ts";
import type { SampleTask } from "./sample.ts";

/** Bake targets b0 … b7, each linking to smaller ones only. */
const BAKE: fc.Arbitrary<BakeDefinition> = fc
  .array(fc.array(fc.nat(7), { maxLength: 2 }), { minLength: 8, maxLength: 8 })
  .map((links) =>
    bakeFile(
      Object.fromEntries(
        links.map((to, index) => {
          const contexts = to
            .filter((other) => other < index)
            .map((other) => [`c${other}`, `target:b${other}`] as const);
          return [`b${index}`, { tags: [`t/b${index}`], contexts: Object.fromEntries(contexts) }];
        }),
      ),
      { g: ["b0", "b3", "b6"] },
    ),
  );

const WORK: fc.Arbitrary<TaskWork> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("a", "b").map((word) => command(word)) },
  { weight: 3, arbitrary: fc.subarray(["b1", "b4", "b7", "g"], { minLength: 1 }).map((targets) => build(targets)) },
  { weight: 1, arbitrary: fc.constantFrom(clean(), clean("aggressive")) },
  { weight: 1, arbitrary: fc.constant(sizes()) },
  { weight: 1, arbitrary: fc.constant(deploy()) },
);

/** Tasks whose needs follow a random order of rank, so that the order of the file is no order of the graph. */
const TASKS: fc.Arbitrary<Readonly<Record<string, SampleTask>>> = fc
  .array(fc.record({ rank: fc.nat(1_000), work: WORK, picks: fc.array(fc.nat(30), { maxLength: 3 }) }), {
    maxLength: 18,
  })
  .map((drafts) =>
    Object.fromEntries(
      drafts.map((draft, index) => {
        const before = drafts.flatMap(({ rank }, other) => (rank < draft.rank ? [`t${other}`] : []));
        const needs = before.length === 0 ? [] : draft.picks.map((pick) => before[pick % before.length] ?? "");
        return [`t${index}`, { needs, work: draft.work }];
      }),
    ),
  );

/** A second pipeline that has some tasks as the first has them, and some otherwise. */
const PIPELINES: fc.Arbitrary<readonly Pipeline[]> = fc
  .tuple(TASKS, fc.array(fc.boolean(), { minLength: 18, maxLength: 18 }), fc.boolean())
  .map(([tasks, changed, twoColours]) => {
    const other = Object.entries(tasks).map(
      ([name, task], index) => [name, changed[index] === true ? { ...task, work: command("other") } : task] as const,
    );
    const variants = [pipeline("one", tasks, { environment: BLUE })];
    if (twoColours) variants.push(pipeline("one", tasks, { environment: GREEN }));
    variants.push(pipeline("two", Object.fromEntries(other), { environment: BLUE }));
    return variants;
  });

const CONFIG = buildConfig([service("web", "b1"), service("api", "b3")]);

function compileAll(pipelines: readonly Pipeline[], bake: BakeDefinition): TaskGraph {
  return compiled(pipelines, CONFIG, bake);
}

/** Everything upstream of an id. */
function ancestors(graph: TaskGraph, id: string): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [id];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const need of graph.tasks.get(next)?.needs ?? []) {
      if (found.has(need)) continue;
      found.add(need);
      open.push(need);
    }
  }
  return found;
}

describe("compileGraph of random pipelines", () => {
  it("gives an order in which every task stands once, after all that it needs", () => {
    fc.assert(
      fc.property(PIPELINES, BAKE, (pipelines, bake) => {
        const graph = compileAll(pipelines, bake);
        const rank = new Map(graph.order.map((id, index) => [id, index] as const));
        expect(rank.size).toBe(graph.tasks.size);
        expect(graph.order).toEqual([...graph.tasks.keys()]);
        for (const [id, task] of graph.tasks) {
          expect(task.id).toBe(id);
          const places = task.needs.map((need) => rank.get(need) ?? Number.POSITIVE_INFINITY);
          expect(places).toEqual(places.toSorted((a, b) => a - b));
          for (const place of places) expect(place).toBeLessThan(rank.get(id) ?? -1);
        }
      }),
    );
  });

  it("loses no edge and adds none besides links between bake targets", () => {
    fc.assert(
      fc.property(PIPELINES, BAKE, (pipelines, bake) => {
        const graph = compileAll(pipelines, bake);
        for (const { variant, tasks } of pipelines) {
          const own = [...graph.tasks.values()].filter((task) => task.variants.includes(variant));
          for (const written of tasks) {
            const nodes = own.filter((task) => task.origin === written.name);
            expect(nodes.length).toBeGreaterThan(0);
            const wanted = own
              .filter((task) => written.needs.some((need) => need.task === task.origin))
              .map(({ id }) => id);
            for (const node of nodes) {
              const siblings = node.needs.filter((need) => graph.tasks.get(need)?.origin === written.name);
              const links = node.kind === "build" ? Object.values(node.definition.contexts ?? {}) : [];
              expect(siblings.length).toBe(new Set(links).size);
              expect(new Set(node.needs)).toEqual(new Set([...wanted, ...siblings]));
            }
          }
        }
      }),
    );
  });

  it("gives each pipeline in company the graph that it has alone, but for the names", () => {
    fc.assert(
      fc.property(PIPELINES, BAKE, (pipelines, bake) => {
        const together = compileAll(pipelines, bake);
        for (const single of pipelines) {
          const alone = compileAll([single], bake);
          const own = [...together.tasks.values()].filter((task) => task.variants.includes(single.variant));
          const bareId = (id: string): string => id.slice(id.indexOf(":") + 1);
          expect(own.map(({ id }) => bareId(id)).toSorted()).toEqual(alone.order.toSorted());
          for (const task of own) {
            const same = alone.tasks.get(bareId(task.id));
            expect(task.needs.map(bareId).toSorted()).toEqual(same?.needs.toSorted());
            expect(task.environment).toEqual(same?.environment);
          }
        }
      }),
    );
  });

  it("is the same for the same input, and for pipelines named twice", () => {
    fc.assert(
      fc.property(PIPELINES, BAKE, (pipelines, bake) => {
        const once = compileAll(pipelines, bake);
        const again = compileAll(structuredClone(pipelines), structuredClone(bake));
        expect([...again.tasks]).toEqual([...once.tasks]);
        expect(compileAll([...pipelines, ...pipelines], bake)).toEqual(once);
      }),
    );
  });

  it("finds the image of a service exactly where a build of it is upstream", () => {
    fc.assert(
      fc.property(PIPELINES, BAKE, (pipelines, bake) => {
        const graph = compileAll(pipelines, bake);
        for (const task of [...graph.tasks.values()].filter((node) => node.kind === "deploy")) {
          const upstream = [...ancestors(graph, task.id)].map((id) => graph.tasks.get(id));
          for (const { service: wanted, builtBy } of task.images) {
            const builders = upstream.filter((node) => node?.kind === "build" && node.service?.name === wanted.name);
            const ids = builders.map((node) => node?.id);
            expect(ids.length === 0 ? [undefined] : ids).toContain(builtBy);
          }
        }
      }),
    );
  });
});

describe("selectTasks on random graphs", () => {
  it("is closed: every need is selected, exactly the wanted tasks are there, and their order is kept", () => {
    fc.assert(
      fc.property(PIPELINES, BAKE, fc.array(fc.nat(200), { minLength: 1, maxLength: 6 }), (pipelines, bake, picks) => {
        const graph = compileAll(pipelines, bake);
        fc.pre(graph.order.length > 0);
        const wanted = new Set(picks.map((pick) => graph.order[pick % graph.order.length] ?? ""));
        const result = selectTasks(graph, { only: [...wanted] });
        if (!result.ok) throw new Error("selection failed");
        // A name may mean more than one task (an id may be the bare name of another), never fewer.
        for (const id of wanted) expect(result.value.tasks.has(id)).toBe(true);
        for (const task of result.value.tasks.values()) {
          for (const need of task.needs) expect(result.value.tasks.has(need)).toBe(true);
          const before = [...ancestors(graph, task.id)].filter((id) => result.value.tasks.has(id));
          expect(ancestors(result.value, task.id)).toEqual(new Set(before));
        }
      }),
    );
  });

  it("--from has everything downstream and nothing else", () => {
    fc.assert(
      fc.property(PIPELINES, BAKE, fc.nat(200), (pipelines, bake, pick) => {
        const graph = compileAll(pipelines, bake);
        fc.pre(graph.order.length > 0);
        const start = graph.order[pick % graph.order.length] ?? "";
        // An id may also be what other ids are called without their pipeline or environment.
        fc.pre(!graph.order.some((id) => id !== start && id.includes(start)));
        const result = selectTasks(graph, { from: [start] });
        const downstream = graph.order.filter((id) => id === start || ancestors(graph, id).has(start));
        expect(result.ok && result.value.order).toEqual(downstream);
      }),
    );
  });
});

describe("remainingPath on random graphs", () => {
  it("is the task's own duration plus the longest that follows", () => {
    fc.assert(
      fc.property(
        PIPELINES,
        BAKE,
        fc.array(fc.option(fc.nat(500), { nil: undefined }), { minLength: 7 }),
        (p, bake, ms) => {
          const graph = compileAll(p, bake);
          const known = new Map(graph.order.map((id, index) => [id, ms[index % ms.length]] as const));
          const remaining = remainingPath(graph, (id) => known.get(id));
          for (const id of graph.order) {
            const next = graph.order.filter((other) => graph.tasks.get(other)?.needs.includes(id) === true);
            const behind = Math.max(0, ...next.map((other) => remaining.get(other) ?? 0));
            const own = (remaining.get(id) ?? Number.NaN) - behind;
            expect(own).toBe(known.get(id) ?? own);
            expect(own).toBeGreaterThanOrEqual(0);
          }
        },
      ),
    );
  });
});
