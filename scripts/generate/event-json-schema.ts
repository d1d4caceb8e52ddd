import { z } from "zod";
import { eventSchema } from "../../src/report/event-schema.ts";
import type { JsonSchema } from "./json-schema.ts";

/** The JSON Schema of one line of `events.ndjson`. Unknown keys are allowed: later versions may add some. */
export function eventJsonSchema(): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(eventSchema, { target: "draft-7", io: "input", reused: "ref" });
  return { ...($schema === undefined ? {} : { $schema }), title: "orchestrate run event", ...rest };
}
