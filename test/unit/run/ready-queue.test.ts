import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReadyQueue } from "../../../src/run/ready-queue.ts";

const ranks = fc.uniqueArray(fc.nat(10_000), { maxLength: 60 });

describe("ReadyQueue", () => {
  it("gives out ranks in order, whatever the order of adding", () => {
    fc.assert(
      fc.property(ranks, (added) => {
        const queue = new ReadyQueue<{ rank: number }>();
        for (const rank of added) queue.add({ rank });
        const taken: number[] = [];
        for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item.rank);
        expect(taken).toEqual(added.toSorted((left, right) => left - right));
      }),
    );
  });

  it("agrees with a sorted list when adding and taking alternate", () => {
    fc.assert(
      fc.property(ranks, fc.array(fc.boolean(), { maxLength: 120 }), (added, takes) => {
        const queue = new ReadyQueue<{ rank: number }>();
        const model: number[] = [];
        const left = [...added];
        for (const take of takes) {
          const rank = take ? undefined : left.pop();
          expect(rank === undefined ? queue.take()?.rank : rank).toBe(rank ?? model.shift());
          if (rank !== undefined) {
            queue.add({ rank });
            model.push(rank);
            model.sort((a, b) => a - b);
          }
          expect(queue.first?.rank).toBe(model[0]);
        }
        expect(queue.drain().map((item) => item.rank)).toEqual(model);
        expect(queue.first).toBeUndefined();
      }),
    );
  });
});
