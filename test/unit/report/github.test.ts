import { describe, expect, it } from "vitest";
import { escapeData, escapeProperty, foldGithub, renderDiagnosticAnnotation } from "../../../src/report/github.ts";
import { finishRun, scriptRun, typicalRun } from "../../rig/event-script.ts";

const TOKEN = "7b1d0f3a9c5e4d2f8a6b";

function render(events: ReturnType<typeof typicalRun>): string[] {
  const fold = foldGithub({ color: false, stopToken: TOKEN });
  return events.map(fold).join("").split("\n");
}

describe("foldGithub", () => {
  const lines = render(typicalRun());

  it("shows starts at once and the lines of a task as one group when it ends", () => {
    const group = lines.indexOf("::group::images/frontend log");
    expect(lines.indexOf("[images/ml] build started")).toBeLessThan(group);
    expect(lines.slice(group, group + 8)).toEqual([
      "::group::images/frontend log",
      "[internal] load build definition from Dockerfile (20ms)",
      "[builder 1/5] FROM docker.io/library/node:24 (cached)",
      "[builder 3/5] RUN npm ci …",
      "added 312 packages in 3s",
      "[builder 3/5] RUN npm ci (3.0s)",
      "::endgroup::",
      "[images/frontend] succeeded in 7.8s: 58.1 MB, 12 of 15 steps cached",
    ]);
  });

  it("annotates a failure at its task in the pipeline file, as a warning where it does not count", () => {
    const annotations = lines.filter((line) => /^::(error|warning) /.test(line));
    expect(annotations).toHaveLength(2);
    expect(annotations[0]).toBe(
      "::error file=pipelines/deploy.yaml,line=21,col=3,title=check-images%3A size-limit-exceeded::" +
        "The image of backend is 810 MB, 60.0 MB (8 %25) over its limit of 750 MB" +
        "%0Anext: see which layer is large: `docker history shop/backend:latest`" +
        "%0Anext: make it smaller, or raise `size_limit` of the service in docker/build-config.json",
    );
    expect(annotations[1]).toMatch(/^::warning title=images\/ml%3A build-failed::The build of ml failed/);
  });

  it("keeps what tasks print from being taken for commands", () => {
    const script = scriptRun([{ id: "evil", kind: "run", needs: [] }]);
    script.add({ type: "task-started", task: "evil", attempt: 1 });
    script.add({ type: "task-output", task: "evil", stream: "stdout", line: "::set-env name=PATH::/evil" });
    script.add({ type: "task-finished", task: "evil", durationMs: 5, status: "succeeded", outputs: {}, facts: [] });
    const guarded = render(finishRun(script, 10).events);
    const at = guarded.indexOf("::set-env name=PATH::/evil");
    expect(guarded.slice(at - 2, at + 3)).toEqual(
      [
        "::group::evil log",
        `::stop-commands::${TOKEN}`,
        "::set-env name=PATH::/evil",
        `::${TOKEN}::`,
        "::endgroup::",
      ].slice(0, 5),
    );
  });

  it("keeps the last lines of a task that prints without end", () => {
    const script = scriptRun([{ id: "loud", kind: "run", needs: [] }]);
    script.add({ type: "task-started", task: "loud", attempt: 1 });
    for (let index = 1; index <= 5_000; index += 1) {
      script.add({ type: "task-output", task: "loud", stream: "stdout", line: `line ${index}` });
    }
    script.add({ type: "task-finished", task: "loud", durationMs: 5, status: "succeeded", outputs: {}, facts: [] });
    const shown = render(finishRun(script, 10).events).filter((line) => line.startsWith("line "));
    expect(shown).toHaveLength(1_000);
    expect(shown.at(-1)).toBe("line 5000");
  });
});

describe("escaping", () => {
  it("escapes data and properties as the runner unescapes them", () => {
    expect(escapeData("50 % of a:b,c\r\nnext")).toBe("50 %25 of a:b,c%0D%0Anext");
    expect(escapeProperty("50 % of a:b,c\r\nnext")).toBe("50 %25 of a%3Ab%2Cc%0D%0Anext");
    expect(escapeData("%0A")).toBe("%250A");
  });
});

describe("renderDiagnosticAnnotation", () => {
  it("points at the place; a column only where the range stays on its line", () => {
    const diagnostic = {
      code: "key-unknown",
      severity: "error",
      message: "Unknown key `tiemout`",
      hint: "did you mean `timeout`?",
    } as const;
    const location = { file: "pipelines/a,b.yaml", line: 3, column: 5, endLine: 3, endColumn: 12 };
    expect(renderDiagnosticAnnotation({ ...diagnostic, location })).toBe(
      "::error file=pipelines/a%2Cb.yaml,line=3,endLine=3,col=5,title=key-unknown::Unknown key `tiemout`%0Adid you mean `timeout`?\n",
    );
    expect(renderDiagnosticAnnotation({ ...diagnostic, location: { ...location, endLine: 4 } })).toContain(
      "line=3,endLine=4,title=",
    );
    expect(renderDiagnosticAnnotation({ ...diagnostic, severity: "warning" })).toMatch(
      /^::warning title=key-unknown::/,
    );
  });
});
