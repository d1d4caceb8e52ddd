import { describe, expect, it } from "vitest";
import { parseJsonDocument } from "../../../src/config/json-document.ts";
import { parseYamlDocument } from "../../../src/config/yaml-document.ts";
import type { ParsedSource } from "../../../src/config/source-document.ts";

function plain(text: string): unknown {
  const { document, diagnostics } = parseYamlDocument("a.yaml", text);
  expect(diagnostics).toEqual([]);
  return JSON.parse(JSON.stringify(document?.value));
}

function found({ diagnostics }: ParsedSource): readonly string[] {
  return diagnostics.map(({ code, message, location }) => `${location?.line}:${location?.column} ${code} ${message}`);
}

function yamlProblems(text: string): readonly string[] {
  return found(parseYamlDocument("a.yaml", text));
}

describe("parseYamlDocument", () => {
  it("gives plain data, keys as they were written", () => {
    expect(plain("a: 1\n1: [x, true, null, 1.5]\ntrue: {}\n")).toEqual({ a: 1, "1": ["x", true, null, 1.5], true: {} });
    expect(plain("on: yes\nempty:\n")).toEqual({ on: "yes", empty: null });
    expect(plain("")).toBeNull();
  });

  it.each([
    ["1", 1],
    ["+1", 1],
    ["-17", -17],
    ["012", 12],
    ["0o17", 15],
    ["0x1F", 31],
    ["1.10", 1.1],
    [".5", 0.5],
    ["1e3", 1000],
    ["~", null],
    ["True", true],
    ["no", "no"],
    ["1.2.3", "1.2.3"],
    ["1_000", "1_000"],
    ["2026-01-01", "2026-01-01"],
    ["+", "+"],
    ["'1'", "1"],
    ["!!str 1", "1"],
    ["! 1", "1"],
    ["!!int 1", 1],
    ["|\n  1\n", "1\n"],
    [">-\n  a\n  b\n", "a b"],
  ])("reads %j by the core schema", (text, expected) => {
    expect(plain(`a: ${text}\n`)).toEqual({ a: expected });
  });

  it("keeps a key called __proto__ apart from the prototype", () => {
    const { document } = parseYamlDocument("a.yaml", "__proto__: { a: 1 }\n");
    const value: unknown = document?.value;
    expect(Object.keys(Object(value))).toEqual(["__proto__"]);
    expect(Reflect.get(Object(value), "a")).toBeUndefined();
  });

  it("resolves aliases and merge keys, own keys being stronger", () => {
    const text =
      "base: &base { a: 1, b: 2 }\nmore: &more { c: 3 }\none: { <<: *base, b: 4 }\nboth: { <<: [*more, *base] }\n";
    expect(plain(text)).toMatchObject({ one: { a: 1, b: 4 }, both: { a: 1, b: 2, c: 3 } });
    expect(plain('"<<": text\n')).toEqual({ "<<": "text" });
  });

  it("locates a key that stands beside a merge where it stands", () => {
    const { document } = parseYamlDocument("a.yaml", "base: &base { a: 1, b: 2 }\none: { <<: *base, b: 4 }\n");
    const { one } = Object(document?.value);
    expect(document?.valueLocation(one, "b")).toMatchObject({ line: 2, column: 22 });
    expect(document?.valueLocation(one, "a")).toMatchObject({ line: 1, column: 18 });
  });

  it("gives no document where a value holds itself", () => {
    expect(parseYamlDocument("a.yaml", "a: &a { b: *a }\n").document).toBeUndefined();
  });

  it("takes the anchor that was last given before an alias", () => {
    expect(plain("a: &x 1\nb: *x\nc: &x 2\nd: *x\n")).toEqual({ a: 1, b: 1, c: 2, d: 2 });
  });

  it("locates keys, values, entries of lists and merged keys", () => {
    const { document } = parseYamlDocument("a.yaml", "x: &x\n  deep: one\ny:\n  <<: *x\n  list: [a, bb]\n  none:\n");
    const root = Object(document?.value);
    const { y } = root;
    expect(document?.keyLocation(root, "y")).toMatchObject({ line: 3, column: 1, endLine: 3, endColumn: 2 });
    expect(document?.valueLocation(y, "deep")).toMatchObject({ line: 2, column: 9, endColumn: 12 });
    expect(document?.valueLocation(y.list, 1)).toMatchObject({ line: 5, column: 13, endColumn: 15 });
    expect(document?.valueLocation(y, "none")).toMatchObject({ line: 6, column: 3, endColumn: 7 });
    expect(document?.partLocation(y.list, 1, "b")).toMatchObject({ line: 5, column: 13, endColumn: 14 });
    expect(document?.keyLocation(y, "missing")).toEqual({ file: "a.yaml", line: 1, column: 1 });
  });

  it("counts columns as editors do, also after wide characters and in CRLF files", () => {
    const { document } = parseYamlDocument("a.yaml", "a: 1\r\n# ü\r\nb: { '🚀': x }\r\n");
    const inner = Object(document?.value).b;
    expect(document?.valueLocation(inner, "🚀")).toMatchObject({ line: 3, column: 12 });
  });

  it.each([
    ["a: !**/*.md\n", "1:4 syntax-invalid `!**/*.md` is read as a YAML tag, and the value becomes empty"],
    [
      "a: { b: ${X} }\n",
      "1:9 syntax-invalid `${…}` stands without quotes between brackets, where `{` starts a mapping",
    ],
    [
      "a: [ ${X}, b ]\n",
      "1:6 syntax-invalid `${…}` stands without quotes between brackets, where `{` starts a mapping",
    ],
    ["a:\n\t- b\n", "2:1 syntax-invalid A tab is used as indentation"],
    ["a: 1\n---\nb: 2\n", "2:1 syntax-invalid The file holds more than one YAML document"],
    ["a: b: c\n", "1:5 syntax-invalid A value holds `: `, which starts a nested mapping"],
    ["a: @b\n", "1:4 syntax-invalid A value starts with a character that YAML reserves"],
    ["a: *b\n", "1:4 syntax-invalid The alias `*b` refers to no anchor above it"],
    ["a: &a [*a]\n", "1:8 syntax-invalid The alias `*a` stands inside what it refers to"],
    ["<<: 5\n", "1:5 syntax-invalid `<<` merges mappings, and this is none"],
    ["? [a]\n: b\n", "1:3 syntax-invalid A key must be text"],
    ["a: [1,2\nb: 3\n", "2:1 syntax-invalid Something opened above is not closed before this line"],
    ['a: "x\nb: 1\n', "2:1 syntax-invalid Something opened above is not closed before this line"],
    ["a: 'x", "1:6 syntax-invalid A bracket or quote is never closed"],
    ["- a\nb: c\n", "2:1 syntax-invalid This line does not belong to what stands above it"],
    ["a: [b c: d e: f]\n", "1:13 syntax-invalid A comma or a closing bracket is missing before this"],
    ["!foo a: 1\n", "1:1 syntax-invalid `!foo` is read as a YAML tag, and means nothing here"],
    ["a: !foo [b]\n", "1:4 syntax-invalid `!foo` is read as a YAML tag, and means nothing here"],
    ["%YAML 1.1\n---\na: yes\n", "1:1 syntax-invalid YAML 1.1 is not supported: it reads `yes` and `on` as true"],
    ["a: 1\nb: 2\na: 3\n", "3:1 key-duplicate The key `a` stands twice in one mapping"],
  ])("explains %j", (text, expected) => {
    expect(yamlProblems(text)).toEqual([expected]);
  });

  it("reports one problem a line, and all duplicates", () => {
    expect(yamlProblems("a: { b: http://${X}/ }\n")).toHaveLength(1);
    expect(yamlProblems("a: 1\na: 2\na: 3\n")).toHaveLength(2);
  });

  it("refuses aliases that multiply, without multiplying them", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i <= 30; i += 1) {
      const alias = `*a${i - 1}`;
      lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => alias).join(", ")}]`);
    }
    const { document, diagnostics } = parseYamlDocument("a.yaml", lines.join("\n"));
    expect(document).toBeUndefined();
    expect(diagnostics.map(({ message }) => message)).toEqual([
      "The aliases up to here stand for more than 1000000 values",
    ]);
  });

  it("refuses what is nested beyond reason instead of overflowing", () => {
    expect(yamlProblems("[".repeat(100_000))).toHaveLength(1);
    expect(yamlProblems(`${"[".repeat(20_000)}${"]".repeat(20_000)}`)).toHaveLength(1);
  });

  it("finds duplicates of a large mapping in linear time", () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `k${index % 19_999}: 1`).join("\n");
    expect(yamlProblems(text)).toEqual(["20000:1 key-duplicate The key `k0` stands twice in one mapping"]);
  });
});

describe("parseJsonDocument", () => {
  it("accepts what JSON accepts", () => {
    const text = '{\n\t"a": [1, 2.5e3, -1, "\\u00fc\\n"],\n\t"b": {"c":null,"d":true}\n}\n';
    const { document, diagnostics } = parseJsonDocument("a.json", text);
    expect(diagnostics).toEqual([]);
    expect(JSON.parse(JSON.stringify(document?.value))).toEqual(JSON.parse(text));
  });

  it.each([
    ['{ "a": 1, }', "1:11 syntax-invalid", "remove the comma before it"],
    ['{\n  // note\n  "a": 1 }', "2:3 syntax-invalid", "JSON has no comments"],
    ["{ 'a': 1 }", "1:3 syntax-invalid", "JSON strings stand in double quotes"],
    ["{ a: 1 }", "1:3 syntax-invalid", undefined],
    ["", "1:1 syntax-invalid", undefined],
    ['{ "a": 1', "1:9 syntax-invalid", undefined],
  ])("refuses %j", (text, place, hint) => {
    const parsed = parseJsonDocument("a.json", text);
    expect(found(parsed)).toHaveLength(1);
    expect(found(parsed)[0]).toContain(place);
    expect(parsed.diagnostics[0]?.hint).toBe(hint);
    expect(parsed.document).toBeUndefined();
  });

  it("reports duplicate keys, which JSON parsers take silently", () => {
    expect(found(parseJsonDocument("a.json", '{ "a": 1, "a": 2 }'))).toEqual([
      "1:11 key-duplicate The key `a` stands twice in one mapping",
    ]);
  });
});
