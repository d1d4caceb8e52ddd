import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { meanLatencySince } from "../../../src/tasks/deploy/mean-latency.ts";
import type { AnswerTime } from "../../../src/model/router.ts";

const SLIDES_OVER = 512;

/** What a router that lets its mean slide tells after these answers, as HAProxy computes it. */
function told(answers: readonly number[]): AnswerTime {
  let sum = 0;
  for (const ms of answers) sum += ms - sum / SLIDES_OVER;
  const over = Math.min(answers.length, SLIDES_OVER);
  const meanMs = over === 0 ? 0 : Math.ceil(sum / over);
  return { backend: "be", answers: answers.length, meanMs, roundedUpMs: 1, slidesOver: SLIDES_OVER };
}

function times(count: number, ms: number): readonly number[] {
  return Array.from({ length: count }, () => ms);
}

describe("meanLatencySince", () => {
  it("does not remember a slow release that went before", () => {
    const slow = times(2_000, 1_500);
    expect(told([...slow, ...times(100, 5)]).meanMs).toBeGreaterThan(1_000);
    expect(meanLatencySince([told(slow)], [told([...slow, ...times(100, 5)])])).toBeLessThan(10);
  });

  it("finds a slow release after a fast one with its first answers", () => {
    const fast = times(2_000, 5);
    const now = told([...fast, ...times(20, 1_500)]);
    expect(now.meanMs).toBeLessThan(100);
    expect(meanLatencySince([told(fast)], [now])).toBeGreaterThan(1_450);
  });

  it("is never more than the truth, and less by what is rounded at most", () => {
    const answers = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 1_500 });
    fc.assert(
      fc.property(answers, fc.integer({ min: 1, max: 600 }), fc.integer({ min: 0, max: 3_000 }), (old, count, ms) => {
        const mean = meanLatencySince([told(old)], [told([...old, ...times(count, ms)])]);
        const rounding = 2 / (1 - (1 - 1 / SLIDES_OVER) ** count);
        expect(mean).toBeLessThanOrEqual(ms + 1e-6);
        expect(mean).toBeGreaterThanOrEqual(Math.max(0, ms - rounding) - 1e-6);
      }),
      { numRuns: 50 },
    );
  });

  it("counts anew after a restart of the router, and weighs backends by their answers", () => {
    expect(meanLatencySince([told(times(900, 1_500))], [told(times(300, 20))])).toBeGreaterThan(18);
    const one = { backend: "one", answers: 100, meanMs: 10, roundedUpMs: 0 };
    const other = { backend: "other", answers: 300, meanMs: 50, roundedUpMs: 0 };
    expect(meanLatencySince([], [one, other])).toBe(40);
    expect(meanLatencySince([one], [{ ...one, answers: 200, meanMs: 20 }])).toBe(30);
    expect(meanLatencySince([one], [one])).toBe(0);
  });
});
