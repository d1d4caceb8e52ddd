import type { BakeTarget } from "../model/bake-definition.ts";
import type { BuildConfig, Service } from "../model/build-config.ts";
import type { Check } from "../model/pipeline.ts";
import type { ServiceImage } from "../model/task.ts";
import type { MergedNode } from "./merge.ts";

/** Which build nodes are upstream of each node, service by service. */
export interface ServiceImages {
  /** The images a deploy sees: one for every configured service, built upstream or found by its tag. */
  forDeploy(place: number): readonly ServiceImage[];
  /**
   * The images the size checks of a verify node see. A check that names no service means those built upstream, or all
   * configured ones when nothing upstream builds any; the checks returned say it by name.
   */
  forVerify(
    place: number,
    checks: readonly Check[],
  ): { readonly checks: readonly Check[]; readonly images: readonly ServiceImage[] };
}

/**
 * Follows the builds downstream once. `order` is topological; `findTarget` knows the bake targets of services that no node
 * upstream builds.
 */
export function traceImages(
  nodes: readonly MergedNode[],
  order: readonly number[],
  buildConfig: BuildConfig,
  findTarget: (bakeTarget: string) => BakeTarget | undefined,
): ServiceImages {
  const { services } = buildConfig;
  const builders = traceBuilders(nodes, order, services);
  const image = (place: number, index: number): ServiceImage | undefined => {
    const service = services[index];
    if (service === undefined) return undefined;
    const builder = nodes[builders[place]?.[index] ?? -1];
    const definition = builder?.draft.target?.definition ?? findTarget(service.bakeTarget);
    const reference = definition?.tags?.[0];
    return {
      service,
      ...(builder === undefined ? {} : { builtBy: builder.id }),
      ...(reference === undefined ? {} : { reference }),
    };
  };
  const images = (place: number, wanted: (service: Service, built: boolean) => boolean): readonly ServiceImage[] =>
    services.flatMap((service, index) => {
      const built = (builders[place]?.[index] ?? -1) !== -1;
      return wanted(service, built) ? (image(place, index) ?? []) : [];
    });
  return {
    forDeploy: (place) => images(place, () => true),
    forVerify: (place, checks) => {
      const anyBuilt = builders[place]?.some((builder) => builder !== -1) ?? false;
      const implied = services.filter((_service, index) => !anyBuilt || (builders[place]?.[index] ?? -1) !== -1);
      const named = new Set<string>();
      const explicit = checks.map((check) => {
        if (check.check !== "size") return check;
        const names = check.services.length > 0 ? check.services : implied.map((service) => service.name);
        for (const name of names) named.add(name);
        return { ...check, services: names };
      });
      return { checks: explicit, images: images(place, (service) => named.has(service.name)) };
    },
  };
}

/**
 * For every node the build node of each service upstream of it, -1 where there is none; of several the one latest in the
 * order. Rows are shared between nodes that see the same builds, so long chains cost no memory.
 */
function traceBuilders(
  nodes: readonly MergedNode[],
  order: readonly number[],
  services: readonly Service[],
): readonly (Int32Array | undefined)[] {
  const rows = Array.from<Int32Array | undefined>({ length: nodes.length });
  if (services.length === 0) return rows;
  const built = new Map<string, number[]>();
  for (const [index, { bakeTarget }] of services.entries()) {
    built.set(bakeTarget, [...(built.get(bakeTarget) ?? []), index]);
  }
  const rank = new Int32Array(nodes.length);
  for (const [position, place] of order.entries()) rank[place] = position;
  const later = (a: number, b: number): number => (a === -1 || (b !== -1 && (rank[b] ?? 0) > (rank[a] ?? 0)) ? b : a);
  for (const place of order) {
    let row: Int32Array | undefined;
    let own = false;
    const add = (index: number, builder: number): void => {
      const before = row?.[index] ?? -1;
      const after = later(before, builder);
      if (after === before) return;
      if (!own) row = row === undefined ? new Int32Array(services.length).fill(-1) : row.slice();
      own = true;
      if (row !== undefined) row[index] = after;
    };
    for (const need of nodes[place]?.needs ?? []) {
      const upstream = rows[need];
      if (row === undefined) row = upstream;
      else if (upstream !== undefined && upstream !== row) for (const [i, b] of upstream.entries()) add(i, b);
      for (const index of built.get(nodes[need]?.draft.target?.name ?? "") ?? []) add(index, need);
    }
    rows[place] = row;
  }
  return rows;
}
