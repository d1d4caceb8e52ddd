import { isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { Alias, Document, Node, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import type { Diagnostic } from "../model/diagnostic.ts";
import { LineIndex, SourceDocument } from "./source-document.ts";
import type { EntrySpan, ParsedSource, SpanIndexer } from "./source-document.ts";
import { describeSyntaxErrors } from "./yaml-syntax.ts";

/** Most values that aliases may stand for in one file; a real pipeline has a few hundred. */
const MAX_ALIASED_VALUES = 1_000_000;

/**
 * Parses a YAML 1.2 text. Warnings of the parser count as errors; after a real syntax error there is no document, since what
 * the parser guessed would only cause more messages. Merge keys (`<<`) are supported; keys are always text.
 */
export function parseYamlDocument(file: string, text: string): ParsedSource {
  const lines = new LineIndex(text);
  try {
    // The library's own check of unique keys is quadratic; Converter makes it in linear time.
    const parsed = parseDocument(text, { uniqueKeys: false, prettyErrors: false });
    const converter = new Converter(file, lines);
    const diagnostics = [
      ...describeSyntaxErrors(file, text, lines, [...parsed.errors, ...parsed.warnings]),
      ...versionProblems(file, lines, parsed),
    ];
    if (parsed.errors.length > 0) return { diagnostics };
    const value = converter.convert(parsed.contents);
    const document = new SourceDocument(file, text, value, lines, converter.indexers);
    const all = [...diagnostics, ...converter.diagnostics];
    return converter.hopeless ? { diagnostics: all } : { document, diagnostics: all };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { diagnostics: [tooDeep(file, lines)] };
  }
}

function tooDeep(file: string, lines: LineIndex): Diagnostic {
  const message = "The text is nested too deeply to be read";
  return { code: "syntax-invalid", severity: "error", message, location: lines.location(file, 0, 0) };
}

function versionProblems(file: string, lines: LineIndex, parsed: Document.Parsed): readonly Diagnostic[] {
  const { explicit, version } = parsed.directives.yaml;
  if (explicit !== true || version === "1.2") return [];
  return [
    {
      code: "syntax-invalid",
      severity: "error",
      message: `YAML ${version} is not supported: it reads \`yes\` and \`on\` as true`,
      location: lines.location(file, 0, 0),
      hint: "remove the %YAML line",
    },
  ];
}

interface Anchor {
  readonly value: unknown;
  /** Values that an alias to it stands for; undefined while the anchored value is still being read. */
  readonly values: number | undefined;
  readonly node: Node;
}

/** Turns the parser's nodes into plain data, remembering where each container came from. */
class Converter {
  readonly diagnostics: Diagnostic[] = [];
  readonly indexers = new WeakMap<object, SpanIndexer>();
  /** The value cannot be used: it refers to itself, or stands for too many values. */
  hopeless = false;
  readonly #file: string;
  readonly #lines: LineIndex;
  readonly #anchors = new Map<string, Anchor>();
  /** What each alias of a merge key stands for; an anchor's name may be given again later in the file. */
  readonly #aliased = new WeakMap<Alias, Node>();
  #values = 0;
  #aliasedValues = 0;

  constructor(file: string, lines: LineIndex) {
    this.#file = file;
    this.#lines = lines;
  }

  convert(node: Node | null | undefined): unknown {
    this.#values += 1;
    if (node === null || node === undefined) return null;
    if (isAlias(node)) return this.#alias(node);
    const before = this.#values + this.#aliasedValues;
    const { anchor } = node;
    if (anchor !== undefined) this.#anchors.set(anchor, { value: null, values: undefined, node });
    const value = isMap(node) ? this.#map(node) : isSeq(node) ? this.#list(node) : scalarValue(node);
    if (anchor !== undefined) {
      this.#anchors.set(anchor, { value, values: this.#values + this.#aliasedValues - before + 1, node });
    }
    return value;
  }

  #alias(alias: Alias): unknown {
    const anchor = this.#anchors.get(alias.source);
    if (anchor?.values === undefined) {
      const problem = anchor === undefined ? "refers to no anchor above it" : "stands inside what it refers to";
      if (anchor !== undefined) this.hopeless = true;
      this.#report(alias, `The alias \`*${alias.source}\` ${problem}`, "put it in quotes if it is text");
      return null;
    }
    this.#aliased.set(alias, anchor.node);
    const within = this.#aliasedValues <= MAX_ALIASED_VALUES;
    this.#aliasedValues += anchor.values;
    if (within && this.#aliasedValues > MAX_ALIASED_VALUES) {
      this.hopeless = true;
      this.#report(alias, `The aliases up to here stand for more than ${MAX_ALIASED_VALUES} values`);
    }
    return anchor.value;
  }

  #list(node: YAMLSeq): unknown[] {
    const list = node.items.map((item) => this.convert(asNode(item)));
    this.indexers.set(list, () => {
      const spans = new Map<string | number, EntrySpan>();
      for (const [index, item] of node.items.entries()) {
        const range = spanOf(asNode(item));
        spans.set(index, { key: range, value: range });
      }
      return spans;
    });
    return list;
  }

  #map(node: YAMLMap): Record<string, unknown> {
    // Without a prototype, `__proto__` is a key like any other.
    const map: Record<string, unknown> = Object.create(null);
    const merged: unknown[] = [];
    const firsts = new Map<string, Pair>();
    for (const pair of node.items) {
      const key = this.#key(pair);
      if (key === undefined) continue;
      const first = firsts.get(key);
      if (first !== undefined) this.#duplicate(key, first, pair);
      const value = this.convert(asNode(pair.value));
      if (first !== undefined) continue;
      firsts.set(key, pair);
      if (isMergeKey(pair)) merged.push(...(Array.isArray(value) ? value : [value]));
      else map[key] = value;
    }
    for (const source of merged) this.#merge(map, source, firsts.get("<<"));
    this.indexers.set(map, () => this.#indexMap(node));
    return map;
  }

  #merge(map: Record<string, unknown>, source: unknown, pair: Pair | undefined): void {
    if (typeof source === "object" && source !== null && !Array.isArray(source)) {
      for (const [key, value] of Object.entries(source)) if (!Object.hasOwn(map, key)) map[key] = value;
    } else if (source !== null)
      this.#report(asNode(pair?.value), "`<<` merges mappings, and this is none", "quote the key if it is text");
  }

  #indexMap(node: YAMLMap): ReadonlyMap<string | number, EntrySpan> {
    const spans = new Map<string | number, EntrySpan>();
    const merged: YAMLMap[] = [];
    for (const pair of node.items) {
      const value = asNode(pair.value);
      if (isMergeKey(pair)) merged.push(...this.#mergedMaps(value));
      const key = keyText(pair);
      if (key !== undefined && !spans.has(key)) spans.set(key, { key: spanOf(asNode(pair.key)), value: spanOf(value) });
    }
    for (const map of merged) {
      for (const [key, span] of this.#indexMap(map)) if (!spans.has(key)) spans.set(key, span);
    }
    return spans;
  }

  #mergedMaps(node: Node | undefined): readonly YAMLMap[] {
    const target = isAlias(node) ? this.#aliased.get(node) : node;
    if (isMap(target)) return [target];
    return isSeq(target) ? target.items.flatMap((item) => this.#mergedMaps(asNode(item))) : [];
  }

  #key(pair: Pair): string | undefined {
    const key = keyText(pair);
    if (key === undefined) this.#report(asNode(pair.key), "A key must be text");
    const anchor = isScalar(pair.key) ? pair.key.anchor : undefined;
    if (anchor !== undefined && isScalar(pair.key))
      this.#anchors.set(anchor, { value: key, values: 1, node: pair.key });
    return key;
  }

  #duplicate(key: string, first: Pair, second: Pair): void {
    this.diagnostics.push({
      code: "key-duplicate",
      severity: "error",
      message: `The key \`${key}\` stands twice in one mapping`,
      location: this.#location(asNode(second.key)),
      related: [{ message: "first here", location: this.#location(asNode(first.key)) }],
    });
  }

  #report(node: Node | undefined, message: string, hint?: string): void {
    const location = this.#location(node);
    this.diagnostics.push({ code: "syntax-invalid", severity: "error", message, location, ...(hint && { hint }) });
  }

  #location(node: Node | undefined) {
    return this.#lines.location(this.#file, ...spanOf(node));
  }
}

function asNode(node: unknown): Node | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node : undefined;
}

function spanOf(node: Node | undefined): readonly [number, number] {
  return [node?.range?.[0] ?? 0, node?.range?.[1] ?? 0];
}

function scalarValue(node: Node): unknown {
  return isScalar(node) ? (node.value ?? null) : null;
}

/** Keys are text: `1` and `true` are taken as they were written. */
function keyText(pair: Pair): string | undefined {
  if (!isScalar(pair.key)) return undefined;
  const key: Scalar = pair.key;
  return typeof key.value === "string" ? key.value : key.source;
}

function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.value === "<<" && pair.key.type === "PLAIN";
}
