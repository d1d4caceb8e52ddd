import type { Palette } from "../report/palette.ts";

/** A quantity against its limit. */
export interface Gauge {
  readonly value: number;
  readonly limit: number;
  /** `most`: the value must stay below the limit; `least`: above it. */
  readonly bound: "most" | "least";
  /** What the whole bar stands for; the limit where it is absent. */
  readonly whole?: number;
}

/** From here on a budget is nearly used up. */
const NEAR = 0.9;

/** How a quantity stands to its limit. */
export function judgeGauge({ value, limit, bound }: Gauge): "kept" | "near" | "broken" {
  if (bound === "most") return value > limit ? "broken" : value >= NEAR * limit ? "near" : "kept";
  return value < limit ? "broken" : value <= limit / NEAR ? "near" : "kept";
}

/**
 * A bar of `width` columns, its part filled; one mark stands for the limit where the whole is more than that. A value above
 * nothing shows at least one block, and only a full one fills the bar.
 */
export function renderBar(gauge: Gauge, width: number, palette: Palette): string {
  const whole = Math.max(gauge.whole ?? gauge.limit, 0);
  const share = whole === 0 ? (gauge.value > 0 ? 1 : 0) : Math.min(1, gauge.value / whole);
  const filled = share >= 1 ? width : Math.min(width - 1, Math.max(gauge.value > 0 ? 1 : 0, Math.round(share * width)));
  const cells = Array.from({ length: width }, (_, index): string => (index < filled ? "█" : "░"));
  if (gauge.whole !== undefined && gauge.limit > 0 && gauge.limit < whole) {
    cells[Math.min(width - 1, Math.floor((gauge.limit / whole) * width))] = "│";
  }
  const state = judgeGauge(gauge);
  const paint = state === "broken" ? palette.red : state === "near" ? palette.yellow : palette.green;
  return paint(cells.join(""));
}
