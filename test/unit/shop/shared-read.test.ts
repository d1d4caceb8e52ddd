import { describe, expect, it } from "vitest";
import { shareReads } from "../../../examples/shop/backend/src/shared-read.ts";

/** A source whose reads take until the test ends them. */
class Source {
  readonly ends: ((value: number | Error) => void)[] = [];

  async read(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.ends.push((value) => (value instanceof Error ? reject(value) : resolve(value)));
    return await promise;
  }
}

/** Lets everything run that waits for nothing but other promises. */
const turn = async (): Promise<void> => await new Promise((resolve) => void setImmediate(resolve));

describe("shareReads", () => {
  it("gives all who ask during a read the next one, which began after they asked", async () => {
    const source = new Source();
    const ask = shareReads(() => source.read());
    const first = ask();
    await turn();
    const late = [ask(), ask(), ask()];
    await turn();
    expect(source.ends).toHaveLength(1);
    source.ends[0]?.(1);
    expect(await first).toBe(1);
    await turn();
    expect(source.ends).toHaveLength(2);
    source.ends[1]?.(2);
    expect(await Promise.all(late)).toEqual([2, 2, 2]);
  });

  it("reads again after a read that failed, and tells all who shared it", async () => {
    const source = new Source();
    const ask = shareReads(() => source.read());
    const both = Promise.allSettled([ask(), ask()]);
    await turn();
    source.ends[0]?.(new Error("no database"));
    expect((await both).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const again = ask();
    await turn();
    source.ends[1]?.(3);
    expect(await again).toBe(3);
  });
});
