import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatByteSize, parseByteSize } from "../../../src/model/byte-size.ts";
import { formatDuration, parseDuration } from "../../../src/model/duration.ts";

describe("durations", () => {
  it.each([
    ["5s", 5_000],
    ["30m", 1_800_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1_500],
    ["250ms", 250],
    ["1d", 86_400_000],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["", "30", "5 s", "-5s", "s", "5x", "5s later", "1,5s"])("refuses %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it.each([
    [0, "0ms"],
    [999, "999ms"],
    [4_240, "4.2s"],
    [59_949, "59.9s"],
    [59_960, "1m 00s"],
    [65_000, "1m 05s"],
    [3_599_700, "1h 00m"],
    [7_380_000, "2h 03m"],
  ])("shows %d ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe("sizes", () => {
  it.each([
    ["500MB", 500e6],
    ["10GB", 10e9],
    ["1.5GiB", 1.5 * 2 ** 30],
    ["12 kB", 12e3],
    ["7b", 7],
  ])("reads %s", (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  it.each(["", "10", "10 gigs", "-1GB", "GB", "1e3MB"])("refuses %j", (text) => {
    expect(parseByteSize(text)).toBeUndefined();
  });

  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1_000, "1.00 kB"],
    [58_140_000, "58.1 MB"],
    [999_499_000, "999 MB"],
    [999_500_000, "1.00 GB"],
    [-1_500_000, "-1.50 MB"],
    [9_870_000_000, "9.87 GB"],
  ])("shows %d as %s", (bytes, text) => {
    expect(formatByteSize(bytes)).toBe(text);
  });

  it("shows every size within 0.6 % of itself", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e14 }), (bytes) => {
        const shown = parseByteSize(formatByteSize(bytes));
        expect(Math.abs((shown ?? 0) - bytes) / bytes).toBeLessThan(0.006);
      }),
    );
  });
});
