import { parseByteSize } from "../model/byte-size.ts";
import type { Diagnostic, DiagnosticCode } from "../model/diagnostic.ts";
import { parseDuration } from "../model/duration.ts";
import type { SourceLocation } from "../model/location.ts";
import type { LateReference, Template } from "../model/template.ts";
import { parseInterpolation } from "./interpolation.ts";
import type { Reference, Segment } from "./interpolation.ts";
import { lookUp } from "./scope.ts";
import type { Scope } from "./scope.ts";
import type { SourceDocument } from "./source-document.ts";
import { durationProblem, freeSpaceProblem, sizeProblem } from "./value-explanation.ts";
import type { ValueProblem } from "./value-explanation.ts";

/** Where a value stands: the mapping or list that holds it, and its key or index there. */
export interface Place {
  readonly container: object;
  readonly key: string | number;
}

/**
 * Reads the values of one document: replaces their `${…}` and converts them to their type. Each problem is reported where it
 * stands and the value then counts as absent. It also remembers what the values refer to.
 */
export class ValueReader {
  readonly source: SourceDocument;
  readonly scope: Scope;
  /** The first use of `${environment.…}`. */
  environmentUse: SourceLocation | undefined;
  /** Every `${tasks.…}` by the full name of its task, in the order of the file. */
  readonly taskReferences: (LateReference & { readonly namespace: "tasks" })[] = [];
  readonly #report: (diagnostic: Diagnostic) => void;
  readonly #taskPrefix: string;

  /** `taskPrefix` stands before the names of the tasks of the file: `database/`, or nothing. */
  constructor(source: SourceDocument, scope: Scope, report: (diagnostic: Diagnostic) => void, taskPrefix = "") {
    this.source = source;
    this.scope = scope;
    this.#report = report;
    this.#taskPrefix = taskPrefix;
  }

  /** Text that may refer to what only the run knows. */
  template(container: object, key: string | number): Template | undefined {
    const text = valueOf(container, key);
    return typeof text === "string" ? this.templateOf(text, { container, key }) : undefined;
  }

  /** The same for a text that is not the whole value. */
  templateOf(text: string, place: Place): Template | undefined {
    if (!text.includes("$")) return { parts: [text] };
    const parsed = parseInterpolation(text);
    if (!parsed.ok) {
      const { part, message, hint } = parsed.problem;
      this.report("interpolation-invalid", message, this.#part(place, part), hint);
      return undefined;
    }
    const parts = this.#resolve(parsed.segments, place);
    return parts === undefined ? undefined : { parts };
  }

  /** Text that must be known before the run. */
  text(container: object, key: string | number): string | undefined {
    const template = this.template(container, key);
    if (template === undefined) return undefined;
    let text = "";
    for (const part of template.parts) {
      if (typeof part !== "string") return this.#tooEarly(part);
      text += part;
    }
    return text;
  }

  /** A list of texts; undefined when it is absent. Entries with problems are left out. */
  texts(container: object, key: string): readonly string[] | undefined {
    const list = valueOf(container, key);
    if (!Array.isArray(list)) return undefined;
    return list.map((_, index) => this.text(list, index)).filter((text) => text !== undefined);
  }

  /** Names with texts; empty when absent. */
  record(container: object, key: string): Readonly<Record<string, string>> {
    return this.#entries(container, key, (record, name) => this.text(record, name));
  }

  /** Names with templates; empty when absent. */
  templates(container: object, key: string): Readonly<Record<string, Template>> {
    return this.#entries(container, key, (record, name) => this.template(record, name));
  }

  /** Milliseconds. */
  durationMs(container: object, key: string): number | undefined {
    return this.#parse(container, key, parseDuration, durationProblem);
  }

  /** Bytes. */
  byteSize(container: object, key: string): number | undefined {
    return this.#parse(container, key, parseByteSize, sizeProblem);
  }

  /** A number within a range; with `whole`, without a fraction. */
  number(container: object, key: string, range: { min: number; max?: number; whole: boolean }): number | undefined {
    const value = valueOf(container, key);
    if (typeof value === "number") return value;
    const { min, max = Number.MAX_SAFE_INTEGER, whole } = range;
    const parse = (text: string): number | undefined => {
      const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
      return number >= min && number <= max && (!whole || Number.isInteger(number)) ? number : undefined;
    };
    return this.#parse(container, key, parse, (text) => ({
      code: "value-invalid",
      message: `\`${text}\` is not a ${whole ? "whole " : ""}number from ${min}`,
    }));
  }

  /** A percentage as a fraction: 0.1 for `10%`. */
  fraction(container: object, key: string): number | undefined {
    const parse = (text: string): number | undefined => {
      const match = /^(\d+(?:\.\d+)?)%$/.exec(text);
      return match === null ? undefined : Number(match[1]) / 100;
    };
    return this.#parse(container, key, parse, (text) => ({
      code: "value-invalid",
      message: `\`${text}\` is not a percentage`,
      hint: "write it like `10%`",
    }));
  }

  /** Free space of a disk as `parse` reads it: a size, or a percentage below 100. */
  freeSpace<T>(container: object, key: string, parse: (text: string) => T | undefined): T | undefined {
    return this.#parse(container, key, parse, freeSpaceProblem);
  }

  /** true or false. */
  flag(container: object, key: string): boolean | undefined {
    const value = valueOf(container, key);
    if (typeof value === "boolean") return value;
    const parse = (text: string): boolean | undefined =>
      text === "true" ? true : text === "false" ? false : undefined;
    return this.#parse(container, key, parse, (text) => ({
      code: "value-invalid",
      message: `\`${text}\` is neither \`true\` nor \`false\``,
    }));
  }

  /** One of some words. */
  choice<T extends string>(container: object, key: string | number, choices: readonly T[]): T | undefined {
    const parse = (text: string): T | undefined => choices.find((choice) => choice === text);
    return this.#parse(container, key, parse, (text) => ({
      code: "value-invalid",
      message: `\`${text}\` is none of ${choices.map((choice) => `\`${choice}\``).join(", ")}`,
    }));
  }

  /** Remembers that the task uses its environment. */
  useEnvironment(location: SourceLocation): void {
    this.environmentUse ??= location;
  }

  /** Reports a problem. */
  report(code: DiagnosticCode, message: string, location: SourceLocation, hint?: string): void {
    this.#report({ code, severity: "error", message, location, ...(hint === undefined ? {} : { hint }) });
  }

  #entries<T>(
    container: object,
    key: string,
    read: (record: object, name: string) => T | undefined,
  ): Readonly<Record<string, T>> {
    const record = valueOf(container, key);
    const entries: [string, T][] = [];
    if (typeof record !== "object" || record === null) return {};
    for (const name of Object.keys(record)) {
      const value = read(record, name);
      if (value !== undefined) entries.push([name, value]);
    }
    return Object.fromEntries(entries);
  }

  #parse<T>(
    container: object,
    key: string | number,
    parse: (text: string) => T | undefined,
    explain: (text: string) => ValueProblem,
  ): T | undefined {
    const text = this.text(container, key);
    if (text === undefined) return undefined;
    const value = parse(text);
    if (value !== undefined) return value;
    const { code, message, hint } = explain(text);
    this.report(code, message, this.source.valueLocation(container, key), hint);
    return undefined;
  }

  /** Undefined after a problem was reported. */
  #resolve(segments: readonly Segment[], place: Place): (string | LateReference)[] | undefined {
    const parts: (string | LateReference)[] = [];
    let complete = true;
    for (const segment of segments) {
      const resolved = typeof segment === "string" ? [segment] : this.#resolveReference(segment, place);
      if (resolved === undefined) complete = false;
      else for (const part of resolved) append(parts, part);
    }
    return complete ? parts : undefined;
  }

  #resolveReference(reference: Reference, place: Place): readonly (string | LateReference)[] | undefined {
    const { name, fallback } = reference;
    const result = lookUp(name, this.scope);
    const location = this.#part(place, reference.text);
    if (result.found === "problem") {
      this.report(result.code, result.message, location, result.hint);
      return undefined;
    }
    if (result.found === "late") {
      if (fallback === undefined) return [this.#late({ ...result.reference, location })];
      const hint = `write \`\${${name}}\``;
      this.report("interpolation-invalid", `\`${name}\` is known only in the run and takes no default`, location, hint);
      return undefined;
    }
    if (result.ofEnvironment) this.useEnvironment(location);
    const text = result.found === "text" ? result.text : undefined;
    const operator = fallback?.operator;
    const present = text !== undefined && (operator?.startsWith(":") !== true || text !== "");
    if (operator?.endsWith("+") === true) return present ? this.#resolve(fallback?.operand ?? [], place) : [""];
    if (present) return [text];
    if (operator?.endsWith("-") === true) return this.#resolve(fallback?.operand ?? [], place);
    const why = operator === undefined ? undefined : this.#why(fallback?.operand ?? [], place);
    const unset = result.found === "unset" ? result.message : `\`${name}\` is empty`;
    const hint = result.found === "unset" && operator === undefined ? result.hint : undefined;
    this.report("variable-unset", why === undefined || why === "" ? unset : `${unset}: ${why}`, location, hint);
    return undefined;
  }

  #why(operand: readonly Segment[], place: Place): string | undefined {
    return this.#resolve(operand, place)
      ?.filter((part) => typeof part === "string")
      .join("");
  }

  #late(reference: LateReference): LateReference {
    if (reference.namespace !== "tasks") return reference;
    const full = { ...reference, task: this.#taskPrefix + reference.task };
    this.taskReferences.push(full);
    return full;
  }

  #tooEarly(reference: LateReference): undefined {
    const text =
      reference.namespace === "tasks" ? `tasks.${reference.task}.${reference.output}` : `run.${reference.member}`;
    const message = `\`${text}\` is known only in the run, and this value is needed before`;
    const hint = "it can stand in the arguments, the script and `env` of `run`, and in the `url` of an http check";
    this.report("reference-too-early", message, reference.location, hint);
    return undefined;
  }

  #part(place: Place, part: string): SourceLocation {
    return this.source.partLocation(place.container, place.key, part);
  }
}

function valueOf(container: object, key: string | number): unknown {
  return Object.hasOwn(container, key) ? Reflect.get(container, key) : undefined;
}

function append(parts: (string | LateReference)[], part: string | LateReference): void {
  const last = parts.at(-1);
  if (typeof part === "string" && typeof last === "string") parts[parts.length - 1] = last + part;
  else parts.push(part);
}
