import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FULL_RATES, LEAST_TOTAL_RATE, scaleRates, totalRate } from "../../rig/load/load-rates.ts";
import { keepPace } from "../../rig/load/pace.ts";

describe("keepPace", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("makes up at once for what it missed, and says when each was due", () => {
    const happened: { readonly number: number; readonly dueMs: number }[] = [];
    const startMs = performance.now();
    using _ = keepPace([
      { perSecond: 100, happen: (number, dueMs) => happened.push({ number, dueMs: dueMs - startMs }) },
    ]);
    vi.advanceTimersByTime(25);
    expect(happened).toEqual([0, 10, 20].map((dueMs, number) => ({ number, dueMs })));
    // The process was held for half a second: no timer ran, the clock went on.
    const heldMs = 500;
    const now = performance.now() + heldMs;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    vi.advanceTimersByTime(2);
    expect(happened).toHaveLength(53);
    expect(happened.at(-1)).toEqual({ number: 52, dueMs: 520 });
    vi.restoreAllMocks();
  });

  it("keeps different rates apart and stops when it is disposed of", () => {
    const counts = { often: 0, seldom: 0, never: 0 };
    const pace = keepPace([
      { perSecond: 250, happen: () => (counts.often += 1) },
      { perSecond: 5, happen: () => (counts.seldom += 1) },
      { perSecond: 0, happen: () => (counts.never += 1) },
    ]);
    vi.advanceTimersByTime(2_000);
    expect(counts.often).toBeGreaterThanOrEqual(499);
    expect(counts.often).toBeLessThanOrEqual(501);
    expect(counts).toMatchObject({ seldom: 10, never: 0 });
    const before = { ...counts };
    pace[Symbol.dispose]();
    vi.advanceTimersByTime(2_000);
    expect(counts).toEqual(before);
  });
});

describe("scaleRates", () => {
  it("keeps the mix and never goes below what shows anything", () => {
    expect(totalRate(FULL_RATES)).toBe(435);
    expect(scaleRates(FULL_RATES, 2).post).toBe(100);
    const least = scaleRates(FULL_RATES, 0.1);
    expect(totalRate(least)).toBeCloseTo(LEAST_TOTAL_RATE, 6);
    expect(least.slow / least.post).toBeCloseTo(FULL_RATES.slow / FULL_RATES.post, 6);
  });
});
