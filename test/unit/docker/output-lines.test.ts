import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLineSplitter, createLineTail, createRedactor } from "../../../src/docker/output-lines.ts";

function split(bytes: Uint8Array, cuts: readonly number[]): string[] {
  const splitter = createLineSplitter();
  const lines: string[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    lines.push(...splitter.push(bytes.subarray(from, cut)));
    from = cut;
  }
  return [...lines, ...splitter.end()];
}

describe("createLineSplitter", () => {
  it("gives the same lines wherever the stream is cut, characters of several bytes included", () => {
    const text = fc.array(fc.string({ unit: "grapheme", maxLength: 12 }).map((line) => line.replaceAll(/[\r\n]/g, "")));
    fc.assert(
      fc.property(text, fc.array(fc.nat()), (lines, places) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const cuts = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
        expect(split(bytes, cuts)).toEqual(lines);
      }),
    );
  });

  it("keeps the last line without a line end, and no empty one", () => {
    expect(split(Buffer.from("a\nb"), [])).toEqual(["a", "b"]);
    expect(split(Buffer.from("a\n"), [])).toEqual(["a"]);
    expect(split(Buffer.from(""), [])).toEqual([]);
  });

  it("keeps what a progress bar drew last and accepts Windows line ends", () => {
    expect(split(Buffer.from(" 10%\r 50%\r100%\nnext\r\n"), [3, 7])).toEqual(["100%", "next"]);
    expect(split(Buffer.from("\r\n"), [1])).toEqual([""]);
  });

  it("cuts a line that never ends instead of keeping it", () => {
    const splitter = createLineSplitter();
    const chunk = Buffer.alloc(700_000, "x");
    expect(splitter.push(chunk)).toEqual([]);
    expect(splitter.push(chunk).map((line) => line.length)).toEqual([1_400_000]);
    expect(splitter.end()).toEqual([]);
  });
});

describe("createRedactor", () => {
  it("replaces each value wherever it stands, the longer of two first", () => {
    const redact = createRedactor(["secret", "secret-longer"]);
    expect(redact("a secret-longer, a secret, secretsecret")).toBe("a ***, a ***, ******");
  });

  it("takes values of several lines line by line", () => {
    const redact = createRedactor(["-----BEGIN KEY-----\nabcdefgh\nxy\n"]);
    expect(redact("key: abcdefgh")).toBe("key: ***");
    expect(redact("xy stays, because it would match everywhere")).toContain("xy stays");
  });

  it("ignores empty values", () => {
    expect(createRedactor(["", "\n"])("a b")).toBe("a b");
  });
});

describe("createLineTail", () => {
  it("keeps the last lines that say something", () => {
    const tail = createLineTail(2);
    for (const line of ["a", "", "b", "  ", "c"]) tail.push(line);
    expect(tail.lines).toEqual(["b", "c"]);
  });
});
