import type { Invocation } from "../command-declaration.ts";
import type { Surroundings } from "../surroundings.ts";

export async function execute(_invocation: Invocation, _surroundings: Surroundings): Promise<number> {
  return 0;
}
