import type { Diagnostic } from "../model/diagnostic.ts";
import type { SourceLocation } from "../model/location.ts";

/** Offsets of one entry of a mapping or list, in UTF-16 code units from the start of the file. */
export interface EntrySpan {
  readonly key: readonly [start: number, end: number];
  readonly value: readonly [start: number, end: number];
}

/** Finds the spans of the entries of a container, by key or index. Called once for each container that is asked about. */
export type SpanIndexer = () => ReadonlyMap<string | number, EntrySpan>;

/** Turns offsets of a text into lines and columns. */
export class LineIndex {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.#starts.push(at + 1);
  }

  /** Line and column, both from 1. */
  position(offset: number): { readonly line: number; readonly column: number } {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }

  /** The range between two offsets. */
  location(file: string, start: number, end: number): SourceLocation {
    const from = this.position(start);
    if (end <= start) return { file, ...from };
    const to = this.position(end);
    return { file, ...from, endLine: to.line, endColumn: to.column };
  }
}

/** A parsed file: its value as plain data, and where each part of the value was written. */
export class SourceDocument {
  /** Relative to the project directory, with forward slashes. */
  readonly file: string;
  readonly value: unknown;
  readonly #text: string;
  readonly #lines: LineIndex;
  readonly #indexers: WeakMap<object, SpanIndexer>;
  readonly #spans = new WeakMap<object, ReadonlyMap<string | number, EntrySpan>>();

  constructor(file: string, text: string, value: unknown, lines: LineIndex, indexers: WeakMap<object, SpanIndexer>) {
    this.file = file;
    this.#text = text;
    this.value = value;
    this.#lines = lines;
    this.#indexers = indexers;
  }

  /** Where the value of an entry stands; where it is empty, its key; the start of the file for what was not written. */
  valueLocation(container: object, key: string | number): SourceLocation {
    const span = this.#span(container, key);
    if (span === undefined) return this.start();
    const [start, end] = span.value[1] > span.value[0] ? span.value : span.key;
    return this.#lines.location(this.file, start, end);
  }

  /** Where the key of an entry stands; for a list the entry itself. */
  keyLocation(container: object, key: string | number): SourceLocation {
    const span = this.#span(container, key);
    return span === undefined ? this.start() : this.#lines.location(this.file, span.key[0], span.key[1]);
  }

  /** Where an entry of a list of texts stands; the whole list where interpolation made the entry. */
  entryLocation(container: object, key: string, entry: string): SourceLocation {
    const list: unknown = Reflect.get(container, key);
    const index = Array.isArray(list) ? list.indexOf(entry) : -1;
    if (!Array.isArray(list) || index === -1) return this.valueLocation(container, key);
    return this.valueLocation(list, index);
  }

  /** Where a part of a written value stands; the whole value where escapes or folding hide the part. */
  partLocation(container: object, key: string | number, part: string): SourceLocation {
    const span = this.#span(container, key);
    const found = span === undefined ? -1 : this.#text.slice(...span.value).indexOf(part);
    if (span === undefined || found === -1) return this.valueLocation(container, key);
    const start = span.value[0] + found;
    return this.#lines.location(this.file, start, start + part.length);
  }

  /** The first character of the file. */
  start(): SourceLocation {
    return { file: this.file, line: 1, column: 1 };
  }

  #span(container: object, key: string | number): EntrySpan | undefined {
    let spans = this.#spans.get(container);
    if (spans === undefined) {
      spans = this.#indexers.get(container)?.() ?? new Map<string | number, EntrySpan>();
      this.#spans.set(container, spans);
    }
    return spans.get(key);
  }
}

/** A file that was read: its document where the syntax is good enough, and what is wrong with its text. */
export interface ParsedSource {
  readonly document?: SourceDocument;
  readonly diagnostics: readonly Diagnostic[];
}
