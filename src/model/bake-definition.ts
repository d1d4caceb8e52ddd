/**
 * What `docker buildx bake --print` prints, key by key (buildx 0.29: `bake.Target` in docker/buildx `bake/bake.go`).
 * Only the keys that decide something here are named; the rest is kept for the fingerprint.
 */
export interface BakeDefinition {
  readonly group: Readonly<Record<string, BakeGroup>>;
  readonly target: Readonly<Record<string, BakeTarget>>;
}

/** A group as bake prints it. Groups of groups are already flattened by bake. */
export interface BakeGroup {
  readonly targets: readonly string[];
}

/** A resolved bake target. */
export interface BakeTarget {
  readonly context?: string;
  readonly dockerfile?: string;
  /** Named contexts; `target:NAME` links to another bake target. */
  readonly contexts?: Readonly<Record<string, string>>;
  readonly args?: Readonly<Record<string, string | null>>;
  readonly labels?: Readonly<Record<string, string | null>>;
  readonly tags?: readonly string[];
  readonly platforms?: readonly string[];
  readonly network?: string;
  readonly entitlements?: readonly string[];
  readonly [key: string]: unknown;
}

/** The names of the bake targets that a target's named contexts link to. */
export function linkedBakeTargets(target: BakeTarget): readonly string[] {
  const links: string[] = [];
  for (const value of Object.values(target.contexts ?? {})) {
    if (value.startsWith("target:")) links.push(value.slice("target:".length));
  }
  return links;
}
