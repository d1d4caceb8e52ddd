import { PLAIN_BAKE_CALL } from "../../../src/model/pipeline.ts";
import type { BakeCall } from "../../../src/model/pipeline.ts";

/** A call that sets nothing, with the given parts. */
export function bakeCall(parts: Partial<BakeCall> = {}): BakeCall {
  return { ...PLAIN_BAKE_CALL, ...parts };
}
