import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/run/clock.ts";

describe("systemClock", () => {
  it("tells the time since 1970, in whole milliseconds", () => {
    const now = systemClock.now();
    expect(Number.isInteger(now)).toBe(true);
    expect(Math.abs(now - Date.now())).toBeLessThan(60_000);
  });

  it("calls back in the order of the delays, and not after it was cancelled", async () => {
    const fired: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    systemClock.schedule(6, () => {
      fired.push("last");
      resolve();
    });
    const cancel = systemClock.schedule(3, () => fired.push("cancelled"));
    systemClock.schedule(1, () => fired.push("first"));
    cancel();
    await promise;
    expect(fired).toEqual(["first", "last"]);
  });

  it("does not fire at once for a delay beyond what setTimeout can hold", async () => {
    let fired = false;
    const cancel = systemClock.schedule(2 ** 31 + 50, () => {
      fired = true;
    });
    await new Promise<void>((resolve) => {
      systemClock.schedule(5, resolve);
    });
    expect(fired).toBe(false);
    cancel();
  });
});
