import { describe, expect, it } from "vitest";
import { encodeFilters, encodeReference, exactIds, splitReference } from "../../../src/docker/engine-query.ts";

describe("encodeFilters", () => {
  it("writes lists and flags, and leaves out what is not given", () => {
    expect(encodeFilters({ label: ["a=b", "c"], dangling: false, id: undefined })).toBe(
      '{"label":["a=b","c"],"dangling":["false"]}',
    );
    expect(encodeFilters({ label: undefined })).toBeUndefined();
  });
});

describe("splitReference", () => {
  it.each([
    ["shop/web:1", "shop/web", "1"],
    ["shop/web", "shop/web", "latest"],
    ["host:5000/web", "host:5000/web", "latest"],
    ["host:5000/web:2", "host:5000/web", "2"],
  ])("reads %s", (reference, repository, tag) => {
    expect(splitReference(reference)).toEqual({ repository, tag });
  });
});

describe("encodeReference", () => {
  it("keeps slashes and encodes the rest", () => {
    expect(encodeReference("host:5000/a b/c?d#e")).toBe("host%3A5000/a%20b/c%3Fd%23e");
  });
});

describe("exactIds", () => {
  it("matches exactly the ids, whatever characters they have", () => {
    const pattern = new RegExp(exactIds(["abc", "a.c+"]));
    expect(["abc", "a.c+"].every((id) => pattern.test(id))).toBe(true);
    expect(["abcd", "xabc", "adc", "a.cc"].some((id) => pattern.test(id))).toBe(false);
  });
});
