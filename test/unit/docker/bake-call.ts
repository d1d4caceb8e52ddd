import type { BakeCall } from "../../../src/model/pipeline.ts";

/** A call that sets nothing, with the given parts. */
export function bakeCall(parts: Partial<BakeCall> = {}): BakeCall {
  return {
    files: [],
    variables: {},
    args: {},
    contexts: {},
    secrets: [],
    allow: [],
    noCache: false,
    pull: false,
    cacheFrom: [],
    cacheTo: [],
    ...parts,
  };
}
