import { explainPattern, explainRange, explainType, typesOf } from "./value-explanation.ts";
import type { SchemaNode } from "./schema-node.ts";
import { didYouMean, suggest } from "../model/suggestion.ts";
import type { ValuePath, Violation } from "./violation.ts";

/**
 * Why a validator refused a document: every violation, each explained by the schema. Empty when the document is valid.
 * The compiled validators only say yes or no, fast; this walk is taken for refused documents alone.
 */
export function explainDocument(value: unknown, schema: SchemaNode): readonly Violation[] {
  const walk = new SchemaWalk(schema.definitions ?? {});
  walk.visit(value, schema, [], undefined);
  return walk.violations;
}

class SchemaWalk {
  readonly violations: Violation[] = [];
  readonly #definitions: Readonly<Record<string, SchemaNode>>;

  constructor(definitions: Readonly<Record<string, SchemaNode>>) {
    this.#definitions = definitions;
  }

  /** `part` is the name of the definition that the schema comes from. */
  visit(value: unknown, schema: SchemaNode, path: ValuePath, part: string | undefined): void {
    if (schema.$ref !== undefined) {
      const name = schema.$ref.slice("#/definitions/".length);
      this.visit(value, this.#definitions[name] ?? {}, path, name);
      return;
    }
    for (const inner of schema.allOf ?? []) this.visit(value, inner, path, part);
    if (schema.anyOf !== undefined) this.#visitAlternatives(value, schema.anyOf, path, part);
    const mistyped = explainType(value, schema, part);
    if (mistyped !== undefined) {
      this.violations.push({ ...mistyped, path, blames: "value" });
      return;
    }
    const wrong = explainPattern(value, schema, part) ?? explainRange(value, schema);
    if (wrong !== undefined) this.violations.push({ ...wrong, path, blames: "value" });
    if (Array.isArray(value)) this.#visitList(value, schema, path);
    else if (isMapping(value)) this.#visitMapping(value, schema, path, part);
  }

  #visitAlternatives(
    value: unknown,
    alternatives: readonly SchemaNode[],
    path: ValuePath,
    part: string | undefined,
  ): void {
    const attempts = alternatives.map((schema) => {
      const attempt = new SchemaWalk(this.#definitions);
      attempt.visit(value, schema, path, part);
      return { schema, violations: attempt.violations };
    });
    if (attempts.some(({ violations }) => violations.length === 0)) return;
    // `${…}` is possible nearly everywhere; naming it in every message would only distract.
    const named = attempts.filter(({ schema }) => schema.$ref !== "#/definitions/Interpolation");
    const types = named.map(({ schema }) => typesOf(schema, this.#definitions));
    const best = named.find((_, index) => explainType(value, { type: types[index] ?? [] }, part) === undefined);
    const mistyped = explainType(value, { type: types.flat() }, part);
    if (best !== undefined) this.violations.push(...best.violations);
    else if (mistyped !== undefined) this.violations.push({ ...mistyped, path, blames: "value" });
  }

  #visitList(list: readonly unknown[], schema: SchemaNode, path: ValuePath): void {
    if (list.length < (schema.minItems ?? 0)) {
      const message = "The list is empty";
      this.violations.push({ code: "value-invalid", path, blames: "value", message, hint: "give at least one entry" });
    }
    const { items } = schema;
    if (items !== undefined)
      for (const [index, item] of list.entries()) this.visit(item, items, [...path, index], undefined);
  }

  #visitMapping(
    mapping: Readonly<Record<string, unknown>>,
    schema: SchemaNode,
    path: ValuePath,
    part: string | undefined,
  ): void {
    const known = schema.properties ?? {};
    const unknown: Violation[] = [];
    for (const [key, value] of Object.entries(mapping)) {
      if (schema.propertyNames !== undefined) this.#visitKey(key, schema.propertyNames, [...path, key]);
      const property = Object.hasOwn(known, key) ? known[key] : undefined;
      if (property !== undefined) this.visit(value, property, [...path, key], undefined);
      else if (isFree(key, schema)) continue;
      else if (schema.additionalProperties === false) unknown.push(unknownKey(key, mapping, known, path));
      else if (typeof schema.additionalProperties === "object") {
        this.visit(value, schema.additionalProperties, [...path, key], undefined);
      }
    }
    this.violations.push(...unknown);
    for (const key of schema.required ?? []) {
      if (Object.hasOwn(mapping, key) || unknown.some(({ meant }) => meant === key)) continue;
      const message = `The key \`${key}\` is missing`;
      this.violations.push({ code: "key-missing", path, blames: "key", message });
    }
    this.#visitChoice(mapping, schema, path, part, unknown);
  }

  #visitKey(key: string, schema: SchemaNode, path: ValuePath): void {
    const attempt = new SchemaWalk(this.#definitions);
    attempt.visit(key, schema, path, undefined);
    for (const violation of attempt.violations) this.violations.push({ ...violation, blames: "key" });
  }

  /** Mappings of which exactly one key decides what they are: the kind of a task, the check, the source of a secret. */
  #visitChoice(
    mapping: Readonly<Record<string, unknown>>,
    schema: SchemaNode,
    path: ValuePath,
    part: string | undefined,
    unknown: readonly Violation[],
  ): void {
    if (schema.oneOf === undefined) return;
    const choices = schema.oneOf.flatMap(({ required }) => required ?? []);
    const [first, second] = Object.keys(mapping).filter((key) => choices.includes(key));
    const listed = choices.map((choice) => `\`${choice}\``).join(", ");
    if (first === undefined) {
      if (unknown.some(({ meant }) => meant !== undefined && choices.includes(meant))) return;
      const isTask = part === "Task";
      this.violations.push({
        code: isTask ? "kind-ambiguous" : "key-missing",
        path,
        blames: "key",
        message: isTask ? "The task says nothing to do" : "The entry says nothing",
        hint: `add exactly one of ${listed}`,
      });
    } else if (second !== undefined) {
      this.violations.push({
        code: part === "Task" ? "kind-ambiguous" : "value-invalid",
        path: [...path, second],
        blames: "key",
        message: `${part === "Task" ? "The task" : "The entry"} has both \`${first}\` and \`${second}\``,
        hint: `keep exactly one of ${listed}`,
        related: { path: [...path, first], message: `\`${first}\` is here` },
      });
    }
  }
}

function unknownKey(
  key: string,
  mapping: Readonly<Record<string, unknown>>,
  known: Readonly<Record<string, SchemaNode>>,
  path: ValuePath,
): Violation {
  const names = Object.keys(known);
  const meant = suggest(
    key,
    names.filter((name) => !Object.hasOwn(mapping, name)),
  );
  const hint =
    meant === undefined ? `known keys: ${names.join(", ")}; keys that start with \`x-\` are free` : didYouMean(meant);
  return {
    code: "key-unknown",
    path: [...path, key],
    blames: "key",
    message: `The key \`${key}\` is unknown`,
    hint,
    ...(meant === undefined ? {} : { meant }),
  };
}

function isFree(key: string, schema: SchemaNode): boolean {
  return schema.patternProperties !== undefined && key.startsWith("x-");
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
