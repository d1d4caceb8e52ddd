import type { AnswerTime } from "../../model/router.ts";

/**
 * How long answers took at least, on average, between two readings of a router; 0 when there were none. A sliding mean remembers
 * earlier releases for longer than a release is observed, so what faded is taken out: after k answers of mean m, a sum S over N
 * of them has become `S·d + m·N·(1 − d)` with `d = (1 − 1/N)^k`.
 */
export function meanLatencySince(before: readonly AnswerTime[], now: readonly AnswerTime[]): number {
  let answers = 0;
  let sumMs = 0;
  for (const reading of now) {
    const earlier = before.find(({ backend }) => backend === reading.backend);
    // Fewer than before: the router has restarted and counts from 0 again.
    const since = earlier === undefined || earlier.answers > reading.answers ? { answers: 0, meanMs: 0 } : earlier;
    const count = reading.answers - since.answers;
    if (count === 0) continue;
    answers += count;
    sumMs += count * Math.max(0, meanOfNewest(since, reading));
  }
  return answers === 0 ? 0 : sumMs / answers;
}

function meanOfNewest(before: Pick<AnswerTime, "answers" | "meanMs">, now: AnswerTime): number {
  const { slidesOver } = now;
  const count = now.answers - before.answers;
  const leastMs = now.meanMs - now.roundedUpMs;
  if (slidesOver === undefined) return (leastMs * now.answers - before.meanMs * before.answers) / count;
  const kept = (1 - 1 / slidesOver) ** count;
  // Until so many were answered the mean is told over fewer.
  const sumBefore = before.meanMs * Math.min(before.answers, slidesOver);
  const sumNow = leastMs * Math.min(now.answers, slidesOver);
  return (sumNow - sumBefore * kept) / (slidesOver * (1 - kept));
}
