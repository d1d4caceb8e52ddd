import { describe, expect, it } from "vitest";
import { judgeOpenFiles, parseOpenFileLimit } from "../../../src/docker/open-files-probe.ts";

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             95811                95811                processes
Max open files            1024                 524288               files
Max locked memory         8388608              8388608              bytes
`;

describe("the limit of open files", () => {
  it("is the hard one, to which Go programs raise themselves", () => {
    expect(parseOpenFileLimit(LIMITS)).toBe(524_288);
    expect(parseOpenFileLimit(LIMITS.replace("524288   ", "unlimited"))).toBe(Number.POSITIVE_INFINITY);
    expect(parseOpenFileLimit("")).toBeUndefined();
  });

  it("is enough from 65,536 on; below, the number of connections is told at which an entrance ends", () => {
    expect(judgeOpenFiles(Number.POSITIVE_INFINITY, 7)).toMatchObject({ state: "ok" });
    expect(judgeOpenFiles(65_536, 7)).toMatchObject({ state: "ok", summary: "the engine may open 65536 files" });
    const low = judgeOpenFiles(20_000, 7);
    expect(low).toMatchObject({ state: "warning", remedy: expect.stringContaining("LimitNOFILE=") });
    expect(low.summary).toContain("at about 10000 connections");
  });
});
