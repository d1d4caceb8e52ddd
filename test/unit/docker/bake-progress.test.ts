import { describe, expect, it } from "vitest";
import type { BakeProgress, BakeUpdate } from "../../../src/docker/bake-progress.ts";
import { createBakeProgress } from "../../../src/docker/bake-progress.ts";
import { recordedLines } from "./recorded-output.ts";

function replay(name: string, redact?: (text: string) => string): { progress: BakeProgress; updates: BakeUpdate[] } {
  const progress = createBakeProgress(redact);
  const updates = recordedLines(name).flatMap((line) => progress.push(line));
  return { progress, updates: [...updates, ...progress.end()] };
}

function output(updates: readonly BakeUpdate[]): string[] {
  return updates.flatMap((update) => (update.update === "output" ? [`${update.stream}: ${update.line}`] : []));
}

describe("createBakeProgress", () => {
  it("tells the steps of a build with their times, and what they print", () => {
    const { progress, updates } = replay("bake-success.rawjson");
    expect(progress.steps().map((step) => [step.name, step.state])).toEqual([
      ["[ok 1/2] COPY busybox /bin/sh", "done"],
      ["[ok 2/2] COPY busybox /bin/busybox", "done"],
      ["[ok build 1/2] RUN echo hello && busybox seq 1 3 > /out.txt", "done"],
      ["[ok stage-1 1/1] COPY --from=build /out.txt /out.txt", "done"],
    ]);
    expect(progress.steps().every((step) => (step.durationMs ?? -1) >= 0)).toBe(true);
    expect(output(updates)).toEqual(["stdout: hello"]);
    expect([progress.failedStep(), progress.plainLines(), progress.warnings()]).toEqual([undefined, [], []]);
  });

  it("tells when the build ran by the engine's clock, and what was sent to it", () => {
    const { progress } = replay("bake-success.rawjson");
    const timing = progress.timing();
    expect(new Date(timing?.startedMs ?? 0).toISOString().slice(0, 16)).toBe("2026-11-23T21:49");
    expect((timing?.completedMs ?? 0) - (timing?.startedMs ?? 0)).toBeGreaterThan(10);
    // The Dockerfile and a static busybox.
    expect(timing?.transferredBytes).toBeGreaterThan(500_000);
    expect(createBakeProgress().timing()).toBeUndefined();
  });

  it("tells each state of a step once, and never running after the end", () => {
    for (const name of ["bake-success.rawjson", "bake-cached.rawjson", "bake-failed.rawjson"]) {
      const states = new Map<string, string[]>();
      for (const update of replay(name).updates) {
        if (update.update === "step")
          states.set(update.step.id, [...(states.get(update.step.id) ?? []), update.step.state]);
      }
      expect(states.size).toBeGreaterThan(5);
      for (const seen of states.values()) {
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.lastIndexOf("running")).toBeLessThanOrEqual(0);
      }
    }
  });

  it("tells cached steps", () => {
    expect(
      replay("bake-cached.rawjson")
        .progress.steps()
        .map((step) => step.state),
    ).toEqual(Array.from({ length: 4 }, () => "cached"));
  });

  it("names the step that failed, its error and what it printed", () => {
    const { progress, updates } = replay("bake-failed.rawjson");
    expect(progress.failedStep()).toEqual({
      name: '[fail 2/3] RUN echo "to stderr" >&2; exit 7',
      error: 'process "/bin/sh -c echo \\"to stderr\\" >&2; exit 7" did not complete successfully: exit code: 7',
      lastLines: ["to stderr"],
    });
    expect(output(updates)).toContain("stderr: to stderr");
    expect(progress.plainLines().at(-1)).toMatch(/^ERROR: target fail: failed to solve/);
  });

  it("blames the step that failed and not those that were cancelled with it", () => {
    const progress = createBakeProgress();
    const vertex = (digest: string, error: string): string =>
      JSON.stringify({ vertexes: [{ digest, name: `[${digest} 1/1] RUN x`, started: "2026-01-01T00:00:00Z", error }] });
    progress.push(vertex("a", 'process "x" did not complete successfully: context canceled'));
    progress.push(vertex("b", 'process "x" did not complete successfully: exit code: 1'));
    expect(progress.failedStep()?.name).toBe("[b 1/1] RUN x");
  });

  it("passes over junk and keeps it as plain lines", () => {
    const progress = createBakeProgress();
    for (const junk of ["", "{", "[1]", '{"vertexes":3}', '{"logs":[{"vertex":"unknown"}]}', "text"]) {
      expect(progress.push(junk)).toEqual([]);
    }
    expect(progress.plainLines()).toEqual(["{", "[1]", "text"]);
  });

  it("redacts output, names and errors, which arrive where a look at the lines would not find them", () => {
    const { progress, updates } = replay("bake-failed.rawjson", (text) => text.replaceAll("stderr", "***"));
    expect(output(updates)).toContain("stderr: to ***");
    expect(
      JSON.stringify([updates, progress.failedStep(), progress.steps()]).replaceAll('"stream":"stderr"', ""),
    ).not.toContain("stderr");
  });

  it("joins a line that arrives in two pieces, and ends one without a line end", () => {
    const progress = createBakeProgress();
    const log = (text: string): string =>
      JSON.stringify({ logs: [{ vertex: "a", stream: 1, data: Buffer.from(text).toString("base64") }] });
    progress.push(
      JSON.stringify({ vertexes: [{ digest: "a", name: "[1/1] RUN x", started: "2026-01-01T00:00:00Z" }] }),
    );
    expect(output([...progress.push(log("one ")), ...progress.push(log("line\nrest"))])).toEqual(["stdout: one line"]);
    expect(output(progress.end())).toEqual(["stdout: rest"]);
  });

  it("tells warnings of Dockerfile checks once", () => {
    const progress = createBakeProgress();
    const short = Buffer.from("FromAsCasing: 'as' and 'FROM' keywords' casing do not match").toString("base64");
    const line = JSON.stringify({ warnings: [{ vertex: "a", level: 1, short }] });
    expect([...progress.push(line), ...progress.push(line)]).toHaveLength(1);
    expect(progress.warnings()[0]).toMatch(/^FromAsCasing/);
  });
});
