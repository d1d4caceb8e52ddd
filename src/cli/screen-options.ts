import type { ScreenOptions } from "../monitor/usage-text.ts";
import { createPalette } from "../report/palette.ts";
import { wantsColor } from "./surroundings.ts";
import type { Surroundings } from "./surroundings.ts";

/** Lines of a terminal that does not tell. */
const ROWS = 24;

/** How a screen of disk use is shown: in colour, with bars and cut to its width on a terminal; plain and whole in a pipe. */
export function screenOptions({ stdout, env }: Surroundings): ScreenOptions {
  const palette = createPalette(wantsColor(stdout, env));
  const bars = stdout.isTerminal && env["TERM"] !== "dumb";
  if (!stdout.isTerminal) return { rows: ROWS, palette, bars };
  // The last line is the prompt's.
  return { rows: Math.max(ROWS, stdout.terminal().rows ?? ROWS) - 1, columns: stdout.columns, palette, bars };
}
