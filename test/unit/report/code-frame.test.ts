import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../../src/model/diagnostic.ts";
import { renderDiagnostic, renderDiagnostics } from "../../../src/report/code-frame.ts";

const PLAIN = { color: false };

function diagnostic(parts: Partial<Diagnostic> = {}): Diagnostic {
  return {
    code: "key-unknown",
    severity: "error",
    message: "The key `timeuot` is unknown",
    location: { file: "pipelines/a.yaml", line: 3, column: 5, endLine: 3, endColumn: 12 },
    ...parts,
  };
}

const TEXT = "tasks:\n  a:\n    timeuot: 5m\n    run: x\n";

describe("renderDiagnostic", () => {
  it("shows the line, the place and the hint", () => {
    expect(renderDiagnostic(diagnostic({ hint: "did you mean `timeout`?" }), TEXT, PLAIN)).toBe(
      [
        "error[key-unknown] pipelines/a.yaml:3:5",
        "The key `timeuot` is unknown",
        "3 |     timeuot: 5m",
        "  |     ^^^^^^^",
        "  hint: did you mean `timeout`?",
      ].join("\n"),
    );
  });

  it("shows other places that belong to it, with room for the longest line number", () => {
    const text = `${"\n".repeat(9)}second: 1`;
    const rendered = renderDiagnostic(
      diagnostic({
        location: { file: "a.yaml", line: 10, column: 1, endLine: 10, endColumn: 7 },
        related: [{ message: "first here", location: { file: "a.yaml", line: 9, column: 1 } }],
      }),
      text,
      PLAIN,
    );
    expect(rendered.split("\n").slice(2)).toEqual([
      "10 | second: 1",
      "   | ^^^^^^",
      "   note: first here: a.yaml:9:1",
      " 9 | ",
      "   | -",
    ]);
  });

  it("leaves the frame out without a text, without a place, or beyond the end of the text", () => {
    const head = ["error[key-unknown] pipelines/a.yaml:3:5", "The key `timeuot` is unknown"];
    expect(renderDiagnostic(diagnostic(), undefined, PLAIN).split("\n")).toEqual(head);
    expect(renderDiagnostic(diagnostic(), "short", PLAIN).split("\n")).toEqual(head);
    const { location: _location, ...placeless } = diagnostic({ severity: "warning" });
    expect(renderDiagnostic(placeless, TEXT, PLAIN).split("\n")).toEqual(["warning[key-unknown]", head[1]]);
  });

  it("underlines to the end of the line what goes on below", () => {
    const location = { file: "a.yaml", line: 1, column: 4, endLine: 3, endColumn: 2 };
    expect(renderDiagnostic(diagnostic({ location }), "a: [x,\n  y\n]\n", PLAIN).split("\n").slice(2)).toEqual([
      "1 | a: [x,",
      "  |    ^^^",
    ]);
  });

  it("keeps the caret under its place behind tabs, in CRLF files and in very long lines", () => {
    const tab = diagnostic({ location: { file: "a", line: 1, column: 2, endLine: 1, endColumn: 3 } });
    expect(renderDiagnostic(tab, "\tx: 1\r\n", PLAIN).split("\n").slice(2)).toEqual(["1 |   x: 1", "  |   ^"]);
    const column = 501;
    const far = diagnostic({ location: { file: "a", line: 1, column, endLine: 1, endColumn: column + 1 } });
    const [line = "", caret = ""] = renderDiagnostic(far, `${"a".repeat(500)}X${"b".repeat(500)}`, PLAIN)
      .split("\n")
      .slice(2);
    expect(line[caret.indexOf("^")]).toBe("X");
    expect(line.length).toBeLessThan(140);
    expect(line).toMatch(/^1 \| ….*…$/);
  });

  it("lets no control character of a file or a message through to the terminal", () => {
    const rendered = renderDiagnostic(
      diagnostic({ message: "a\u001b[2Jb" }),
      "\n\n    \u001b]0;x\u0007: 1\u009b\n",
      PLAIN,
    );
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(rendered.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });

  it("colours when asked to, without changing the text", () => {
    const coloured = renderDiagnostic(diagnostic({ hint: "h" }), TEXT, { color: true });
    expect(coloured).toContain("\u001b[31m");
    // oxlint-disable-next-line no-control-regex -- colours are what is taken out
    expect(coloured.replaceAll(/\u001b\[\d+m/g, "")).toBe(renderDiagnostic(diagnostic({ hint: "h" }), TEXT, PLAIN));
  });
});

describe("renderDiagnostics", () => {
  it("counts errors, warnings and files", () => {
    const other = diagnostic({ severity: "warning", location: { file: "b.yaml", line: 1, column: 1 } });
    const rendered = renderDiagnostics(
      [diagnostic(), other, diagnostic()],
      new Map([["pipelines/a.yaml", TEXT]]),
      PLAIN,
    );
    expect(rendered.split("\n\n")).toHaveLength(4);
    expect(rendered.split("\n").at(-1)).toBe("2 errors and 1 warning in 2 files");
    expect(renderDiagnostics([diagnostic()], new Map(), PLAIN).endsWith("\n\n1 error in 1 file")).toBe(true);
  });

  it("takes each frame from its own file", () => {
    const sources = new Map([
      ["a", "first: 1"],
      ["b", "second: 1"],
    ]);
    const rendered = renderDiagnostics(
      [
        diagnostic({
          location: { file: "a", line: 1, column: 1 },
          related: [{ message: "there", location: { file: "b", line: 1, column: 1 } }],
        }),
      ],
      sources,
      PLAIN,
    );
    expect(rendered).toContain("1 | first: 1");
    expect(rendered).toContain("1 | second: 1");
  });
});
