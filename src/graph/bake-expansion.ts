import { linkedBakeTargets } from "../model/bake-definition.ts";
import type { BakeDefinition, BakeTarget } from "../model/bake-definition.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { SourceLocation } from "../model/location.ts";
import type { BuildSpec } from "../model/pipeline.ts";
import { didYouMean, suggest } from "../model/suggestion.ts";
import type { BakeAnswer } from "./bake-query.ts";

/** One bake target of a build task. */
export interface ExpandedTarget {
  readonly name: string;
  readonly definition: BakeTarget;
  /** Places in the expansion of the targets that its named contexts link to. */
  readonly links: readonly number[];
}

/** The bake targets of a build task, or what is wrong with the names it uses. */
export interface Expansion {
  readonly targets: readonly ExpandedTarget[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The bake targets that a build task stands for: those it names, in the order of the file, groups in bake's order, then the
 * ones that these link to through `target:` contexts.
 */
export function expandBuild(taskName: string, build: BuildSpec, answer: BakeAnswer): Expansion {
  const unknown = build.targets.filter((target) => !isKnown(target.name, answer));
  if (unknown.length > 0) {
    const names = knownNames(answer);
    return { targets: [], diagnostics: unknown.map((target) => unknownTarget(taskName, target, names)) };
  }
  if (!answer.found) return { targets: [], diagnostics: [] };
  return { targets: linkTargets(answer.definition, build), diagnostics: [] };
}

/** `bake-target-unknown` for a name that bake does not define. */
export function unknownTarget(
  user: string,
  target: { readonly name: string; readonly location?: SourceLocation },
  known: readonly string[],
): Diagnostic {
  const suggestion = suggest(target.name, known);
  const list = [...known].sort().slice(0, 12).join(", ");
  const hint = suggestion === undefined ? `bake defines ${list}` : didYouMean(suggestion);
  return {
    code: "bake-target-unknown",
    severity: "error",
    message: `\`${user}\` names the bake target \`${target.name}\`, which the bake files do not define`,
    ...(target.location === undefined ? {} : { location: target.location }),
    ...(known.length === 0 ? {} : { hint }),
  };
}

function isKnown(name: string, answer: BakeAnswer): boolean {
  if (answer.found) return isPattern(name) || name in answer.definition.target || name in answer.definition.group;
  if (name === answer.unknown) return false;
  return isPattern(name) || answer.known.length === 0 || answer.known.includes(name);
}

function knownNames(answer: BakeAnswer): readonly string[] {
  if (!answer.found) return answer.known;
  return [...Object.keys(answer.definition.target), ...Object.keys(answer.definition.group)];
}

function linkTargets(definition: BakeDefinition, build: BuildSpec): readonly ExpandedTarget[] {
  const names = new Set<string>();
  for (const target of build.targets) addMembers(definition, target.name, names, new Set());
  const places = new Map<string, number>();
  const found: { readonly name: string; readonly definition: BakeTarget }[] = [];
  // The set grows while it is walked: linked targets are visited after the ones that were asked for.
  for (const name of names) {
    const target = definition.target[name];
    if (target === undefined) continue;
    places.set(name, found.length);
    found.push({ name, definition: target });
    for (const linked of linkedBakeTargets(target)) names.add(linked);
  }
  return found.map(({ name, definition: own }) => ({ name, definition: own, links: linkedPlaces(own, places) }));
}

function linkedPlaces(target: BakeTarget, places: ReadonlyMap<string, number>): readonly number[] {
  const links: number[] = [];
  for (const linked of linkedBakeTargets(target)) {
    const place = places.get(linked);
    if (place !== undefined && !links.includes(place)) links.push(place);
  }
  return links;
}

/** Bake prints a group within a group by its name, and a group that has a target's name lists that target. */
function addMembers(definition: BakeDefinition, name: string, names: Set<string>, within: Set<string>): void {
  const group = within.has(name) ? undefined : definition.group[name];
  if (group !== undefined) {
    within.add(name);
    for (const member of group.targets) addMembers(definition, member, names, within);
    within.delete(name);
  } else if (name in definition.target) {
    names.add(name);
  } else if (isPattern(name)) {
    const matches = patternOf(name);
    for (const candidate of Object.keys(definition.target)) if (matches.test(candidate)) names.add(candidate);
  }
}

function isPattern(name: string): boolean {
  return /[*?[]/.test(name);
}

function patternOf(name: string): RegExp {
  const source = name.replaceAll(/[.+^${}()|\\]/g, String.raw`\$&`);
  return new RegExp(`^${source.replaceAll("*", "[^/]*").replaceAll("?", "[^/]")}$`);
}
