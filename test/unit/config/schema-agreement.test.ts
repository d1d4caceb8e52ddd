import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import {
  buildConfigSchema as buildConfigJson,
  pipelineSchema as pipelineJson,
} from "../../../src/config/generated/schemas.ts";
import { validateBuildConfig, validatePipeline } from "../../../src/config/generated/validators.ts";
import { buildConfigSchema } from "../../../src/config/schema/build-config.ts";
import { pipelineSchema } from "../../../src/config/schema/pipeline.ts";
import { explainDocument } from "../../../src/config/schema-explanation.ts";
import type { SchemaNode } from "../../../src/config/schema-node.ts";
import { parseWrittenDocument } from "../../../src/config/written-document.ts";
import { parseYamlDocument } from "../../../src/config/yaml-document.ts";

const ROOT = path.join(import.meta.dirname, "../../..");

interface DocumentKind {
  readonly zod: z.ZodType;
  readonly isValid: (value: unknown) => value is unknown;
  readonly json: SchemaNode;
}

const PIPELINE: DocumentKind = {
  zod: pipelineSchema,
  isValid: (value): value is unknown => validatePipeline(value),
  json: pipelineJson,
};
const BUILD_CONFIG: DocumentKind = {
  zod: buildConfigSchema,
  isValid: (value): value is unknown => validateBuildConfig(value),
  json: buildConfigJson,
};

/** Every YAML pipeline or JSON build configuration below a folder, parsed. */
function documents(folder: string, pattern: RegExp): readonly { readonly file: string; readonly value: unknown }[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => pattern.test(file) && !file.includes("node_modules"))
    .flatMap((file) => {
      const { document } = parseYamlDocument(file, readFileSync(path.join(ROOT, folder, file), "utf8"));
      return document === undefined ? [] : [{ file: `${folder}/${file}`, value: asPlain(document.value) }];
    });
}

function asPlain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const FIXTURES = "test/fixtures/pipelines";
const PIPELINES = [...documents(FIXTURES, /\.yaml$/), ...documents("pipelines", /\.yaml$/)];
const BUILD_CONFIGS = [...documents(FIXTURES, /build-config\.json$/), ...documents("docker", /^build-config\.json$/)];

/** What the three readings of a schema say about a value. */
function verdicts({ zod, isValid, json }: DocumentKind, value: unknown) {
  return {
    zod: zod.safeParse(value).success,
    ajv: isValid(value),
    explained: explainDocument(value, json).length === 0,
  };
}

function expectAgreement(kind: DocumentKind, value: unknown): void {
  const { zod, ajv, explained } = verdicts(kind, value);
  expect({ zod, explained }).toEqual({ zod: ajv, explained: ajv });
}

const TEXTS = "|5|5s|1h30m|10GB|5 GB|10%|${X}|$X|normal|agressive|a b|A|bLue|a1|1x|x-y|always()|network|host".split(
  "|",
);
const NUMBERS = [0, 1, -1, 1.5, 65_536, 1e300];
const OBJECTS: readonly object[] = [
  [],
  {},
  ["a"],
  [1],
  [{}],
  { a: 1 },
  { "x-a": 1 },
  { size: {} },
  { http: { url: "u" } },
  { id: "a", src: "b" },
];
const KEYS =
  "name tasks needs if timeout retry max on pool clean build verify deploy run policy size http url env src id command " +
  "services environments bLue x-note constructor zzz";

/** Values that sit near the borders of what the schemas accept. */
const near = fc.oneof(
  fc.constantFrom<unknown>(...TEXTS, ...NUMBERS, ...OBJECTS, null, true, false),
  fc.string({ maxLength: 6 }),
  fc.integer(),
  fc.double(),
  fc.jsonValue({ maxDepth: 2 }),
);
const keys = fc.constantFrom(...KEYS.split(" "));

interface Mutation {
  readonly at: number;
  readonly action: "replace" | "remove" | "add";
  readonly key: string;
  readonly value: unknown;
}

const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.record({ at: fc.nat(), action: fc.constantFrom("replace", "remove", "add"), key: keys, value: near }),
  { minLength: 1, maxLength: 4 },
);

function mutate(original: unknown, changes: readonly Mutation[]): unknown {
  const value = asPlain(original);
  for (const { at, action, key, value: replacement } of changes) {
    const places = entriesOf(value);
    const place = places[at % Math.max(1, places.length)];
    if (place === undefined) continue;
    // A copy, or values that several changes share would grow into each other.
    const copy = replacement === undefined ? undefined : asPlain(replacement);
    if (action === "add" && !Array.isArray(place.container)) Reflect.set(place.container, key, copy);
    else if (action === "remove" && !Array.isArray(place.container)) Reflect.deleteProperty(place.container, place.key);
    else Reflect.set(place.container, place.key, copy);
  }
  return asPlain(value);
}

function entriesOf(value: unknown): { readonly container: object; readonly key: string }[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [{ container: value, key }].concat(entriesOf(inner)));
}

describe("zod, the compiled validators and the explanation agree", () => {
  it("on every fixture and every pipeline of the project", () => {
    expect(PIPELINES.length).toBeGreaterThan(25);
    expect(BUILD_CONFIGS.length).toBeGreaterThan(4);
    for (const { value } of PIPELINES) expectAgreement(PIPELINE, value);
    for (const { value } of BUILD_CONFIGS) expectAgreement(BUILD_CONFIG, value);
    const all = PIPELINES.map(({ value }) => validatePipeline(value));
    expect(all).toContain(true);
    expect(all).toContain(false);
  });

  it("on changed pipelines", () => {
    let refused = 0;
    const property = fc.property(fc.constantFrom(...PIPELINES), mutations, ({ value }, changes) => {
      const changed = mutate(value, changes);
      if (!validatePipeline(changed)) refused += 1;
      expectAgreement(PIPELINE, changed);
    });
    fc.assert(property, { numRuns: 3_000 });
    expect(refused).toBeGreaterThan(300);
    expect(refused).toBeLessThan(2_900);
  });

  it("on changed build configurations", () => {
    expect.hasAssertions();
    const property = fc.property(fc.constantFrom(...BUILD_CONFIGS), mutations, ({ value }, changes) => {
      expectAgreement(BUILD_CONFIG, mutate(value, changes));
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  it("on values that no JSON holds", () => {
    expect.hasAssertions();
    for (const cpus of [Number.NaN, Number.POSITIVE_INFINITY, 0, 0.5]) {
      expectAgreement(PIPELINE, { tasks: { a: { run: "x", resources: { cpus } } } });
    }
  });
});

describe("taking out what breaks the schema", () => {
  it("always leaves a valid document or none, and reports something", () => {
    const property = fc.property(fc.constantFrom(...PIPELINES), mutations, ({ value }, changes) => {
      const changed = mutate(value, changes);
      const { document } = parseYamlDocument("a.yaml", JSON.stringify(changed));
      if (document === undefined) return;
      const before = validatePipeline(asPlain(document.value));
      const { written, diagnostics } = parseWrittenDocument(document, pipelineJson, validatePipeline);
      expect(diagnostics.length === 0).toBe(before);
      const isMapping = typeof changed === "object" && changed !== null && !Array.isArray(changed);
      expect(validatePipeline(written)).toBe(isMapping);
    });
    fc.assert(property, { numRuns: 1_000 });
  });
});
