import type { EngineObservation, ObservedCacheRecord, ObservedImage, ObservedLayer } from "../model/observation.ts";
import { imageTimeMs } from "./cleanup-images.ts";

/** A layer as the images together show it. */
interface Layer {
  readonly chainId: string;
  readonly sizeBytes: number;
  /** Steps that made it: a build without cache may make an equal layer once more. */
  readonly steps: Set<string>;
  readonly seconds: Set<number>;
  readonly above: Layer[];
}

/** A shared record with the shared records that build on it. */
interface Node {
  readonly record: ObservedCacheRecord;
  readonly step: string;
  readonly children: Node[];
}

interface Pair {
  readonly node: Node;
  readonly layer: Layer;
  /** How well they fit, with what builds on them. */
  readonly fit: number;
}

/**
 * The layer that each shared cache record holds. The engine says that a record is shared, not with what, so it is found: above
 * the layer of its parent, of the same size, made by the same step in the same second, and such that what builds on it finds
 * its place too. A record without another choice stands beside one that is there already: a build without cache left an equal
 * layer twice. One that fits nowhere has no place.
 *
 * Equal layers that tell nothing apart (same parent, size, step and second, nothing above) can be taken for each other. Where
 * only one of them goes, the prediction is then off by what one of them weighs.
 */
export function placeRecords(observation: EngineObservation): ReadonlyMap<string, string> {
  const placement = new Placement(observation);
  placement.place();
  return placement.places;
}

class Placement {
  readonly places = new Map<string, string>();
  readonly #layers: ReadonlyMap<string, Layer>;
  readonly #ground: readonly Layer[];
  readonly #nodes: ReadonlyMap<string, Node>;
  readonly #tried = new Set<Node>();
  readonly #claimed = new Set<Layer>();
  readonly #fits = new Map<Node, Map<Layer, number>>();
  readonly #isContainerd: boolean;

  constructor({ images, cache, store }: EngineObservation) {
    this.#isContainerd = store === "containerd";
    const { layers, ground } = stackLayers(images);
    this.#layers = layers;
    this.#ground = ground;
    this.#nodes = linkRecords(cache);
  }

  place(): void {
    const nodes = [...this.#nodes.values()];
    this.#placeGroup(
      nodes.filter(({ record }) => record.parents.length === 0),
      this.#ground,
    );
    // The rest stands on what was pruned, or on what has no place itself; parents before their children.
    for (;;) {
      const open = nodes.filter((node) => !this.#tried.has(node));
      if (open.length === 0) return;
      const waiting = new Set(open.flatMap((node) => node.children));
      const next = open.filter((node) => !waiting.has(node));
      const group = next.length > 0 ? next : open; // the engine never reports a cycle
      const sizes = new Set(group.map(({ record }) => record.sizeBytes));
      const isAnySize = this.#isContainerd || sizes.has(0);
      this.#placeGroup(
        group,
        [...this.#layers.values()].filter((layer) => isAnySize || sizes.has(layer.sizeBytes)),
      );
    }
  }

  #placeGroup(group: readonly Node[], layers: readonly Layer[]): void {
    const nodes = group.filter((node) => !this.#tried.has(node));
    if (nodes.length === 0) return;
    for (const node of nodes) this.#tried.add(node);
    const above = new Map<Layer, Node[]>();
    const settle = (node: Node, layer: Layer): void => {
      this.#claimed.add(layer);
      this.places.set(node.record.id, layer.chainId);
      const children = above.get(layer);
      if (children === undefined) above.set(layer, [...node.children]);
      else children.push(...node.children);
    };
    const pairs = this.#pairs(nodes, layers);
    const best = new Map<Node, number>();
    for (const { node, fit } of pairs) if (!best.has(node)) best.set(node, fit);
    const settleWhere = (isRight: (pair: Pair) => boolean): void => {
      for (const pair of pairs)
        if (!this.places.has(pair.node.record.id) && isRight(pair)) settle(pair.node, pair.layer);
    };
    settleWhere(({ node, layer, fit }) => fit === best.get(node) && !this.#claimed.has(layer));
    // Made with another record of the layer, or at its second: there twice. Else it is one that looks the same.
    settleWhere(({ node, layer, fit }) => fit === best.get(node) && layer.seconds.has(secondOf(node.record)));
    settleWhere(({ layer }) => !this.#claimed.has(layer));
    settleWhere(() => true);
    for (const [layer, children] of above) this.#placeGroup(sortNodes(children), layer.above);
  }

  /** Which could go where, best first. */
  #pairs(nodes: readonly Node[], layers: readonly Layer[]): readonly Pair[] {
    const pairs: Pair[] = [];
    for (const node of nodes) {
      // What was made in that very second is what it is, however many look alike.
      const second = secondOf(node.record);
      const dated = layers.filter((layer) => layer.seconds.has(second) && this.#ownFit(node, layer) > 0);
      for (const layer of dated.length > 0 ? dated : layers) {
        const fit = this.#fit(node, layer);
        if (fit > 0) pairs.push({ node, layer, fit });
      }
    }
    // Stable: records used last come with the layers of the newest images.
    return pairs.sort((a, b) => b.fit - a.fit);
  }

  /** How well a record and what builds on it fit to a layer and what lies on it; 0 is not at all. */
  #fit(node: Node, layer: Layer): number {
    const own = this.#ownFit(node, layer);
    if (own === 0 || node.children.length === 0) return own;
    const known = this.#fits.get(node)?.get(layer);
    if (known !== undefined) return known;
    const fits = this.#fits.get(node) ?? new Map<Layer, number>();
    this.#fits.set(node, fits);
    fits.set(layer, own); // cuts a cycle, which the engine never reports
    let total = own;
    const taken = new Set<Node | Layer>();
    for (const pair of this.#pairs(node.children, layer.above)) {
      if (taken.has(pair.node) || taken.has(pair.layer)) continue;
      taken.add(pair.node).add(pair.layer);
      total += this.#fit(pair.node, pair.layer);
    }
    fits.set(layer, total);
    return total;
  }

  #ownFit({ record, step }: Node, layer: Layer): number {
    // A base image that was pulled, or taken from the engine, is listed with no bytes of its own.
    const isEmpty = record.sizeBytes === 0 && layer.sizeBytes > 0;
    // On the containerd store the compressed layer counts as well, once it has been exported.
    const fits = this.#isContainerd ? record.sizeBytes >= layer.sizeBytes : record.sizeBytes === layer.sizeBytes;
    if (!fits && !isEmpty) return 0;
    return (isEmpty ? 1 : 3) + (layer.seconds.has(secondOf(record)) ? 16 : 0) + (layer.steps.has(step) ? 8 : 0);
  }
}

function secondOf({ createdAtMs }: ObservedCacheRecord): number {
  return createdAtMs === undefined ? Number.NaN : Math.floor(createdAtMs / 1_000);
}

function stackLayers(images: readonly ObservedImage[]): {
  readonly layers: ReadonlyMap<string, Layer>;
  readonly ground: readonly Layer[];
} {
  const layers = new Map<string, Layer>();
  const ground: Layer[] = [];
  const newestFirst = [...images].sort((a, b) => imageTimeMs(b) - imageTimeMs(a) || (a.id < b.id ? -1 : 1));
  for (const image of newestFirst) {
    let above = ground;
    for (const { chainId, sizeBytes, createdBy, createdAtMs } of layersOf(image)) {
      let layer = layers.get(chainId);
      if (layer === undefined) {
        layer = { chainId, sizeBytes, steps: new Set(), seconds: new Set(), above: [] };
        layers.set(chainId, layer);
        above.push(layer);
      }
      if (createdBy !== undefined) layer.steps.add(stepOfHistory(createdBy));
      if (createdAtMs !== undefined) layer.seconds.add(Math.floor(createdAtMs / 1_000));
      above = layer.above;
    }
  }
  return { layers, ground };
}

function linkRecords(cache: readonly ObservedCacheRecord[]): ReadonlyMap<string, Node> {
  const shared = sortNodes(
    cache
      .filter((record) => record.shared)
      .map((record) => ({ record, step: stepOfRecord(record.description), children: [] })),
  );
  const nodes = new Map<string, Node>(shared.map((node) => [node.record.id, node]));
  for (const node of shared) {
    for (const parent of new Set(node.record.parents)) nodes.get(parent)?.children.push(node);
  }
  return nodes;
}

/** The last used first; ties by ID, so that the order never depends on the engine's. */
function sortNodes(nodes: readonly Node[]): readonly Node[] {
  return [...nodes].sort(
    (a, b) => b.record.lastUsedAtMs - a.record.lastUsedAtMs || (a.record.id < b.record.id ? -1 : 1),
  );
}

/** `RUN |1 A=b /bin/sh -c make # buildkit` is `make`, `COPY --chown=1 a /a # buildkit` is `COPY a /a`. */
function stepOfHistory(createdBy: string): string {
  const text = createdBy.replace(/ # buildkit$/, "");
  return text.startsWith("RUN ") ? afterShell(text.slice("RUN ".length)) : text.replace(/ --\S+/g, "");
}

/** `mount / from exec /bin/sh -c make` is `make`, `[build 1/2] COPY --from=x a /a` is `COPY a /a`. */
function stepOfRecord(description: string): string {
  const run = /^mount \/ from exec (.*)$/s.exec(description)?.[1];
  return run === undefined ? description.replace(/^\[[^\]]*\] /, "").replace(/ --\S+/g, "") : afterShell(run);
}

function afterShell(text: string): string {
  const shell = "/bin/sh -c ";
  const start = text.indexOf(shell);
  return start < 0 ? text : text.slice(start + shell.length);
}

/** An image whose layers nobody asked for counts as one layer of its own: the prediction is then an upper bound. */
export function layersOf(image: ObservedImage): readonly ObservedLayer[] {
  return image.layers ?? [{ chainId: image.id, sizeBytes: image.sizeBytes }];
}
