import { EVENT_ID, getScalarValue, SCALAR_STYLE } from "js-yaml";
import type { DocumentEvent, Event, MappingEvent, ScalarEvent, SequenceEvent } from "js-yaml";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { EntrySpan, LineIndex, SpanIndexer } from "./source-document.ts";
import { parsePlainScalar } from "./yaml-scalar.ts";

/** Most values that aliases may stand for in one file; a real pipeline has a few hundred. */
const MAX_ALIASED_VALUES = 1_000_000;
/** Tags that say no more than what the value is anyway; `!` and `!!str` make text of it. */
const PLAIN_TAGS: ReadonlySet<string> = new Set(["!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq"]);

type Span = readonly [start: number, end: number];

interface Anchor {
  readonly value: unknown;
  /** Values that an alias to it stands for; undefined while the anchored value is still being read. */
  readonly values: number | undefined;
}

/** Turns the parser's events into plain data, remembering where each entry of each container came from. */
export class YamlConverter {
  readonly diagnostics: Diagnostic[] = [];
  readonly indexers = new WeakMap<object, SpanIndexer>();
  /** The value cannot be used: it refers to itself, stands for too many values, or there are several documents. */
  hopeless = false;
  readonly #file: string;
  readonly #text: string;
  readonly #lines: LineIndex;
  readonly #events: readonly Event[];
  readonly #anchors = new Map<string, Anchor>();
  #at = 0;
  #values = 0;
  #aliasedValues = 0;

  constructor(file: string, text: string, lines: LineIndex, events: readonly Event[]) {
    this.#file = file;
    this.#text = text;
    this.#lines = lines;
    this.#events = events;
  }

  /** The value of the only document; null for an empty text. */
  convertDocument(): unknown {
    const [document] = this.#events;
    if (document?.type !== EVENT_ID.DOCUMENT) return null;
    this.#checkVersion(document);
    this.#at = 1;
    const value = this.#convert();
    // The document's own end.
    this.#at += 1;
    if (this.#at < this.#events.length) this.#refuseSecondDocument();
    return value;
  }

  #checkVersion({ directives }: DocumentEvent): void {
    for (const directive of directives) {
      if (directive.kind !== "yaml" || directive.version === "1.2") continue;
      const message = `YAML ${directive.version} is not supported: it reads \`yes\` and \`on\` as true`;
      this.#report([0, 0], message, "remove the %YAML line");
    }
  }

  #refuseSecondDocument(): void {
    this.hopeless = true;
    const [start] = this.#spanOf(this.#at + 1);
    const separator = this.#text.lastIndexOf("---", start);
    const message = "The file holds more than one YAML document";
    this.#report([separator, separator + 3], message, "keep one document; remove the line `---`");
  }

  /** Converts the node whose event comes next, and moves past it. */
  #convert(): unknown {
    const index = this.#at;
    const event = this.#events[index];
    this.#at += 1;
    this.#values += 1;
    switch (event?.type) {
      case EVENT_ID.ALIAS:
        return this.#alias(this.#text.slice(event.anchorStart, event.anchorEnd), index);
      case EVENT_ID.SCALAR:
        return this.#anchored(event, () => this.#scalar(event));
      case EVENT_ID.SEQUENCE:
        return this.#anchored(event, () => this.#list(event));
      case EVENT_ID.MAPPING:
        return this.#anchored(event, () => this.#map(event));
      default:
        return null;
    }
  }

  #anchored(event: ScalarEvent | SequenceEvent | MappingEvent, convert: () => unknown): unknown {
    if (event.anchorStart === -1) return convert();
    const name = this.#text.slice(event.anchorStart, event.anchorEnd);
    const before = this.#values + this.#aliasedValues;
    this.#anchors.set(name, { value: null, values: undefined });
    const value = convert();
    this.#anchors.set(name, { value, values: this.#values + this.#aliasedValues - before + 1 });
    return value;
  }

  #alias(name: string, index: number): unknown {
    const anchor = this.#anchors.get(name);
    if (anchor?.values === undefined) {
      const problem = anchor === undefined ? "refers to no anchor above it" : "stands inside what it refers to";
      if (anchor !== undefined) this.hopeless = true;
      this.#report(this.#spanOf(index), `The alias \`*${name}\` ${problem}`, "put it in quotes if it is text");
      return null;
    }
    const within = this.#aliasedValues <= MAX_ALIASED_VALUES;
    this.#aliasedValues += anchor.values;
    if (within && this.#aliasedValues > MAX_ALIASED_VALUES) {
      this.hopeless = true;
      this.#report(this.#spanOf(index), `The aliases up to here stand for more than ${MAX_ALIASED_VALUES} values`);
    }
    return anchor.value;
  }

  #scalar(event: ScalarEvent): unknown {
    const text = this.#scalarText(event);
    const { tagStart, tagEnd, style } = event;
    const isText = tagStart !== -1 && !PLAIN_TAGS.has(this.#text.slice(tagStart, tagEnd));
    return style === SCALAR_STYLE.PLAIN && !isText ? parsePlainScalar(text) : text;
  }

  /** The text of a scalar, its tag judged. */
  #scalarText(event: ScalarEvent): string {
    const text = getScalarValue(this.#text, event);
    const { tagStart, tagEnd } = event;
    if (tagStart === -1) return text;
    const tag = this.#text.slice(tagStart, tagEnd);
    const isKnown = tag === "!" || tag === "!!str" || PLAIN_TAGS.has(tag);
    if (!isKnown) this.#refuseTag(tagStart, tagEnd, text === "" ? "the value becomes empty" : "means nothing here");
    return text;
  }

  #refuseTag(start: number, end: number, consequence: string): void {
    const tag = this.#text.slice(start, end);
    const message = `\`${tag}\` is read as a YAML tag, and ${consequence}`;
    this.#report([start, end], message, `put it in quotes: "${tag}"`);
  }

  #checkContainerTag({ tagStart, tagEnd }: SequenceEvent | MappingEvent): void {
    if (tagStart === -1 || PLAIN_TAGS.has(this.#text.slice(tagStart, tagEnd))) return;
    this.#refuseTag(tagStart, tagEnd, "means nothing here");
  }

  #list(event: SequenceEvent): unknown[] {
    this.#checkContainerTag(event);
    const list: unknown[] = [];
    const entries: number[] = [];
    while (this.#isInside()) {
      entries.push(this.#at);
      list.push(this.#convert());
    }
    this.#at += 1;
    this.indexers.set(list, () => {
      const spans = new Map<string | number, EntrySpan>();
      for (const [index, entry] of entries.entries()) {
        const span = this.#spanOf(entry);
        spans.set(index, { key: span, value: span });
      }
      return spans;
    });
    return list;
  }

  /** Whether the container that is being read goes on. */
  #isInside(): boolean {
    return this.#at < this.#events.length && this.#events[this.#at]?.type !== EVENT_ID.POP;
  }

  #map(event: MappingEvent): Record<string, unknown> {
    this.#checkContainerTag(event);
    // Without a prototype, `__proto__` is a key like any other.
    const map: Record<string, unknown> = Object.create(null);
    const entries = new Map<string, readonly [key: number, value: number]>();
    const merged: object[] = [];
    while (this.#isInside()) {
      const keyIndex = this.#at;
      const key = this.#key();
      const valueIndex = this.#at;
      const value = this.#convert();
      if (key === undefined) continue;
      const first = entries.get(key);
      if (first !== undefined) this.#duplicate(key, first[0], keyIndex);
      else {
        entries.set(key, [keyIndex, valueIndex]);
        if (key === "<<" && this.#isPlain(keyIndex)) merged.push(...this.#mergedMaps(value, valueIndex));
        else map[key] = value;
      }
    }
    this.#at += 1;
    for (const source of merged) {
      for (const [key, value] of Object.entries(source)) if (!Object.hasOwn(map, key)) map[key] = value;
    }
    this.indexers.set(map, () => this.#index(entries, merged));
    return map;
  }

  /** Keys are text: `1` and `true` are taken as they were written. */
  #key(): string | undefined {
    const index = this.#at;
    const event = this.#events[index];
    if (event?.type === EVENT_ID.SCALAR) {
      this.#at += 1;
      return String(this.#anchored(event, () => this.#scalarText(event)));
    }
    this.#convert();
    this.#report(this.#spanOf(index), "A key must be text");
    return undefined;
  }

  #isPlain(index: number): boolean {
    const event = this.#events[index];
    return event?.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN;
  }

  #mergedMaps(value: unknown, index: number): readonly object[] {
    // Null is an alias without anchor, which is reported already.
    if (value === null) return [];
    if (Array.isArray(value)) return value.flatMap((entry: unknown) => this.#mergedMaps(entry, index));
    if (typeof value === "object") return [value];
    this.#report(this.#spanOf(index), "`<<` merges mappings, and this is none", "quote the key if it is text");
    return [];
  }

  #index(
    entries: ReadonlyMap<string, readonly [key: number, value: number]>,
    merged: readonly object[],
  ): ReadonlyMap<string | number, EntrySpan> {
    const spans = new Map<string | number, EntrySpan>();
    for (const [name, [key, value]] of entries) spans.set(name, { key: this.#spanOf(key), value: this.#spanOf(value) });
    for (const source of merged) {
      for (const [name, span] of this.indexers.get(source)?.() ?? []) if (!spans.has(name)) spans.set(name, span);
    }
    return spans;
  }

  #duplicate(key: string, first: number, second: number): void {
    this.diagnostics.push({
      code: "key-duplicate",
      severity: "error",
      message: `The key \`${key}\` stands twice in one mapping`,
      location: this.#location(this.#spanOf(second)),
      related: [{ message: "first here", location: this.#location(this.#spanOf(first)) }],
      hint: "remove one of them, or rename it",
    });
  }

  #report(span: Span, message: string, hint?: string): void {
    const location = this.#location(span);
    this.diagnostics.push({ code: "syntax-invalid", severity: "error", message, location, ...(hint && { hint }) });
  }

  #location([start, end]: Span) {
    return this.#lines.location(this.#file, start, end);
  }

  /** Where the node of an event stands, with its quotes; of a container only the first character. */
  #spanOf(index: number): Span {
    const event = this.#events[index];
    switch (event?.type) {
      case EVENT_ID.ALIAS:
        return [event.anchorStart - 1, event.anchorEnd];
      case EVENT_ID.SCALAR:
        return this.#scalarSpan(event);
      case EVENT_ID.SEQUENCE:
      case EVENT_ID.MAPPING:
        return [event.start, event.start + 1];
      default:
        return [0, 0];
    }
  }

  #scalarSpan({ valueStart, valueEnd, style, indent, tagStart, tagEnd }: ScalarEvent): Span {
    if (valueStart === -1) return tagStart === -1 ? [0, 0] : [tagStart, tagEnd];
    switch (style) {
      case SCALAR_STYLE.SINGLE_QUOTED:
      case SCALAR_STYLE.DOUBLE_QUOTED:
        return [valueStart - 1, valueEnd + 1];
      case SCALAR_STYLE.LITERAL_BLOCK:
      case SCALAR_STYLE.FOLDED_BLOCK:
        return [Math.min(valueStart + Math.max(0, indent), valueEnd), valueEnd];
      default:
        return [valueStart, valueEnd];
    }
  }
}
