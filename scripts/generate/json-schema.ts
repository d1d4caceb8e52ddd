import { z } from "zod";
import { buildConfigSchema } from "../../src/config/schema/build-config.ts";
import { pipelineSchema } from "../../src/config/schema/pipeline.ts";

/** A JSON Schema (draft 7, which editors and Ajv both read). */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The JSON Schemas of the two documents that users write. */
export interface DocumentSchemas {
  readonly pipeline: JsonSchema;
  readonly buildConfig: JsonSchema;
}

/** Generates the schemas from zod's. */
export function documentSchemas(): DocumentSchemas {
  return {
    pipeline: toJsonSchema(pipelineSchema, "orchestrate pipeline"),
    buildConfig: toJsonSchema(buildConfigSchema, "orchestrate build configuration"),
  };
}

/** Zod puts a named root among the definitions; editors want it at the top. */
function toJsonSchema(schema: z.ZodType, title: string): JsonSchema {
  const generated: JsonSchema = z.toJSONSchema(schema, { target: "draft-7", io: "output", override: adapt });
  const { $schema, definitions, allOf, $ref, ...rest } = generated;
  const parts = new Map<string, unknown>(Object.entries(asObject(definitions)));
  const rootName = (JSON.stringify({ allOf, $ref }).match(/#\/definitions\/(\w+)/) ?? [])[1] ?? "";
  const root = asObject(parts.get(rootName));
  parts.delete(rootName);
  return {
    ...($schema === undefined ? {} : { $schema }),
    title,
    ...rest,
    ...root,
    definitions: Object.fromEntries(parts),
  };
}

function asObject(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

/** What zod cannot say: keys that start with `x-` are free. */
function adapt({ jsonSchema }: { jsonSchema: JsonSchema }): void {
  if (jsonSchema.additionalProperties === false) jsonSchema.patternProperties = { "^x-": {} };
}
