import { z } from "zod";

/** Pattern of a name that can stand in a task ID: no `/`, `@` or `:`, which the graph uses itself. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** Name of a task, pool, pipeline or service. */
export const name = z.string().regex(NAME).meta({
  id: "Name",
  description: "Letters, digits, `_`, `.` and `-`, starting with a letter or digit.",
});

/** Name of an environment; part of compose project names, hence lower case. */
export const environmentName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]*$/)
  .meta({ id: "EnvironmentName", description: "Lower-case letters, digits, `_` and `-`.", examples: ["blue"] });

/** Name of an environment variable, and of a `var.` variable. */
export const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
  .meta({ id: "VariableName", description: "Letters, digits and `_`, not starting with a digit." });

/** Any text that becomes a value of another type once its `${…}` are replaced. */
export const interpolation = z
  .string()
  .regex(/\$\{/)
  .meta({ id: "Interpolation", description: "Text with `${…}` that gives such a value." });

/** `30s`, `5m`, `1h30m`. Checked again after interpolation. */
export const duration = z
  .string()
  .regex(/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$|\$\{/)
  .meta({
    id: "Duration",
    description: "A duration with its unit (`ms`, `s`, `m`, `h`, `d`); a bare number is refused.",
    examples: ["30s", "5m", "1h30m"],
  });

/** `500MB`, `10GB`, `1.5GiB`. Checked again after interpolation. */
export const byteSize = z
  .string()
  .regex(/^\s*\d+(?:\.\d+)?\s*(?:[kKmMgGtT][iI]?[bB]|[bB])\s*$|\$\{/)
  .meta({
    id: "Size",
    description:
      "A size with its unit: `kB`, `MB`, `GB`, `TB` (powers of 1000) or `KiB`, `MiB`, `GiB`, `TiB` (powers of 1024); a bare number is refused.",
    examples: ["500MB", "10GB", "1.5GiB"],
  });

/** A whole number from 0. */
export const count = z
  .union([z.int().min(0), interpolation])
  .meta({ id: "Count", description: "A whole number from 0." });

/** A whole number from 1. */
export const positiveCount = z
  .union([z.int().min(1), interpolation])
  .meta({ id: "PositiveCount", description: "A whole number from 1." });

/** `10%`. */
export const percentage = z
  .union([z.string().regex(/^\d+(?:\.\d+)?%$/), interpolation])
  .meta({ id: "Percentage", description: "A percentage.", examples: ["10%"] });

/** `10GB` or `10%`: free space of a disk. Checked again after interpolation. */
export const freeSpace = z
  .string()
  .regex(/^\s*\d+(?:\.\d+)?\s*(?:[kKmMgGtT][iI]?[bB]|[bB])\s*$|^\d{1,2}(?:\.\d+)?%$|\$\{/)
  .meta({
    id: "FreeSpace",
    description: "A size with its unit, or a percentage of the disk.",
    examples: ["10GB", "5%"],
  });

/** true or false. */
export const flag = z.union([z.boolean(), interpolation]).meta({ id: "Flag", description: "`true` or `false`." });

/** A TCP port. */
export const port = z
  .union([z.int().min(1).max(65_535), interpolation])
  .meta({ id: "Port", description: "A TCP port.", examples: [8081] });

/** A list of texts. */
export const texts = z.array(z.string());

/** Names of environment variables with their values, which must be text: `1.10` unquoted would read as 1.1. */
export const environmentVariables = z.record(variableName, z.string());

/** Names with texts. */
export const textRecord = z.record(z.string(), z.string());

/** What the reference and editors show for an object. */
export interface ObjectMeta {
  readonly id: string;
  readonly description: string;
  /** Exactly one of these keys must be present. */
  readonly exactlyOne?: readonly string[];
  readonly examples?: readonly unknown[];
}

/** An object that knows its keys; keys that start with `x-` are free, as in Compose. */
export function known<Shape extends z.core.$ZodShape>(shape: Shape, meta: ObjectMeta) {
  const { exactlyOne, id, description, examples } = meta;
  const strict = z.strictObject(shape);
  const checked =
    exactlyOne === undefined
      ? strict
      : strict.refine((value) => exactlyOne.filter((key) => Object.hasOwn(value, key)).length === 1);
  const oneOf = exactlyOne?.map((key) => ({ required: [key] }));
  const described = checked.meta({
    id,
    description,
    ...(examples === undefined ? {} : { examples: [...examples] }),
    ...(oneOf === undefined ? {} : { oneOf }),
  });
  return z.preprocess(withoutFreeKeys, described);
}

function withoutFreeKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith("x-")));
}
