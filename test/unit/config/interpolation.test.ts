import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseInterpolation } from "../../../src/config/interpolation.ts";
import type { Segment } from "../../../src/config/interpolation.ts";
import type { GitFacts } from "../../../src/config/scope.ts";
import { describeTemplate } from "../../../src/model/template.ts";
import { BLUE_AND_GREEN, diagnose, pipelineOf, problems, resolved, taskOf } from "./written-project.ts";

/** The arguments of a run task that echoes a text, as a person would read them. */
function echo(text: string, environment: Readonly<Record<string, string>> = {}): string {
  const file = `variables: { channel: stable, empty: "" }\ntasks:\n  a:\n    run: [echo, ${JSON.stringify(text)}]\n  b: { run: x }\n`;
  const { run } = taskOf(pipelineOf(file, { environment }), "a", "run");
  if (run.command.form !== "arguments") throw new Error("not a list");
  return run.command.arguments.slice(1).map(describeTemplate).join(" ");
}

function echoProblems(text: string, environment: Readonly<Record<string, string>> = {}): readonly string[] {
  const file = `variables: { channel: stable, empty: "" }\ntasks:\n  a:\n    run: [echo, ${JSON.stringify(text)}]\n  b: { run: x }\n`;
  return diagnose({ "pipelines/main.yaml": file }, { environment }).map(({ code, message }) => `${code} ${message}`);
}

describe("interpolation", () => {
  it.each([
    ["plain $ and $HOME and $(x)", "plain $ and $HOME and $(x)"],
    ["$$", "$"],
    ["$${X}", "${X}"],
    ["$$$${X}", "$${X}"],
    ["${X}", "value"],
    ["a${X}b${X}", "avaluebvalue"],
    ["${NONE:-d}", "d"],
    ["${NONE-d}", "d"],
    ["${EMPTY:-d}", "d"],
    ["${EMPTY-d}", ""],
    ["${X:-d}", "value"],
    ["${NONE:-}", ""],
    ["${NONE:-${X}}", "value"],
    ["${NONE:-${NONE:-a}b}c", "abc"],
    ["${NONE:-$$}", "$"],
    ["${X:+set}", "set"],
    ["${EMPTY:+set}", ""],
    ["${EMPTY+set}", "set"],
    ["${NONE+set}", ""],
    ["${X:?why}", "value"],
    ["${EMPTY?why}", ""],
    ["${var.channel}", "stable"],
    ["${var.empty:-d}", "d"],
    ["${tasks.b.out}", "${tasks.b.out}"],
    ["${run.status}", "${run.status}"],
  ])("%j gives %j", (text, expected) => {
    expect(echo(text, { X: "value", EMPTY: "" })).toBe(expected);
  });

  it("never interpolates a value again", () => {
    expect(echo("${X}", { X: "${Y} $$" })).toBe("${Y} $$");
  });

  it.each([
    ["${NONE}", "variable-unset The environment variable `NONE` is not set"],
    ["${NONE:?tell me}", "variable-unset The environment variable `NONE` is not set: tell me"],
    ["${EMPTY:?tell me}", "variable-unset `EMPTY` is empty: tell me"],
    ["${", "interpolation-invalid `${` is never closed"],
    ["${a b}", "interpolation-invalid `${a b}` is not an interpolation"],
    ["${X:=d}", "interpolation-invalid `${X:=d}` is not an interpolation"],
    ["${{ X }}", "interpolation-invalid `${{ X }}` is not an interpolation"],
    ["${}", "interpolation-invalid `${}` is not an interpolation"],
    ["${X:-${}", "interpolation-invalid `${}` is not an interpolation"],
    ["${vra.channel}", "reference-unknown The namespace `vra` is unknown"],
    ["${env.X}", "reference-unknown The namespace `env` is unknown"],
    ["${var.chanel}", "reference-unknown The variable `chanel` is not declared"],
    ["${git.sah}", "reference-unknown The member `git.sah` is unknown"],
    ["${git.sha}", "variable-unset `git.sha` has no value"],
    ["${run.state}", "reference-unknown The member `run.state` is unknown"],
    ["${environment.port}", "reference-unknown `environment.` means nothing here"],
    ["${tasks.b}", "reference-unknown `tasks.b` names no output"],
    ["${tasks.c.out}", "task-unknown There is no task `c`"],
    ["${run.status:-x}", "interpolation-invalid `run.status` is known only in the run and takes no default"],
  ])("%j is refused", (text, expected) => {
    expect(echoProblems(text, { EMPTY: "" })).toEqual([expected]);
  });

  it("hints at a variable of the file, and at what was probably meant", () => {
    const file = "variables: { tag: a }\ntasks: { a: { run: [echo, '${tag}', '${git.branhc}'] } }\n";
    expect(diagnose({ "pipelines/main.yaml": file }).map(({ hint }) => hint)).toEqual([
      "did you mean `${var.tag}`?",
      "did you mean `git.branch`?",
    ]);
  });

  it("points at the reference inside the value", () => {
    const file = "tasks:\n  a:\n    timeout: 1m${S}s\n    run: >-\n      first\n      ${T}\n";
    expect(problems({ "pipelines/main.yaml": file })).toEqual([
      "pipelines/main.yaml:3:16 variable-unset",
      "pipelines/main.yaml:6:7 variable-unset",
    ]);
  });

  it("reads git only where a file refers to it", () => {
    const read: string[] = [];
    const git: GitFacts = {
      get sha() {
        read.push("sha");
        return "abc";
      },
      get branch() {
        read.push("branch");
        return "main";
      },
    };
    pipelineOf("tasks: { a: { run: [echo] } }\n", { git });
    expect(read).toEqual([]);
    pipelineOf("tasks: { a: { run: [echo, '${git.sha}'] } }\n", { git });
    expect(read).toEqual(["sha"]);
  });

  it("resolves what belongs to the environment of the variant", () => {
    const file =
      "environments: [blue, green]\ntasks:\n  a: { deploy: {} }\n" +
      "  b: { needs: a, run: [echo, '${environment.name}:${environment.port}', '${environment.variables.TIER:-none}'] }\n";
    const { pipelines } = resolved({ "pipelines/main.yaml": file, "docker/build-config.json": BLUE_AND_GREEN });
    const echoed = pipelines.map((pipeline) => {
      const { command } = taskOf(pipeline, "b", "run").run;
      return command.form === "arguments" ? command.arguments.map(describeTemplate).join(" ") : "";
    });
    expect(echoed).toEqual(["echo blue:8081 front", "echo green:8082 none"]);
  });

  it("converts after interpolation and judges the result", () => {
    const file =
      "concurrency: { tasks: '${JOBS:-3}' }\ntasks:\n  a:\n    timeout: ${T:-5m}\n    continue_on_error: ${C:-true}\n" +
      "    retry: { max: '${M:-2}' }\n    resources: { cpus: '${CPUS:-1.5}', memory: '${MEM:-2GB}' }\n" +
      "    clean: { policy: '${P:-aggressive}' }\n";
    const pipeline = pipelineOf(file);
    expect(pipeline.concurrency.tasks).toBe(3);
    expect(taskOf(pipeline, "a", "clean")).toMatchObject({
      timeoutMs: 300_000,
      continueOnError: true,
      retry: { max: 2 },
      resources: { cpus: 1.5, memoryBytes: 2e9 },
      clean: { policy: "aggressive" },
    });
    const environment = { JOBS: "0", T: "5", C: "yes", M: "-1", CPUS: "x", MEM: "2", P: "gentle" };
    expect(problems({ "pipelines/main.yaml": file }, { environment })).toEqual([
      "pipelines/main.yaml:1:23 value-invalid",
      "pipelines/main.yaml:4:14 duration-invalid",
      "pipelines/main.yaml:5:24 value-invalid",
      "pipelines/main.yaml:6:19 value-invalid",
      "pipelines/main.yaml:7:24 value-invalid",
      "pipelines/main.yaml:7:48 size-invalid",
      "pipelines/main.yaml:8:22 value-invalid",
    ]);
  });
});

describe("interpolation of any text", () => {
  const escape = (text: string): string => text.replaceAll("$", "$$$$");
  const join = (segments: readonly Segment[]): string =>
    segments.map((segment) => (typeof segment === "string" ? segment : segment.text)).join("");

  it("gives escaped text back, whatever it is", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseInterpolation(escape(text));
        return parsed.ok && parsed.segments.every((part) => typeof part === "string") && join(parsed.segments) === text;
      }),
    );
    expect(join([])).toBe("");
  });

  it("replaces references between any texts, however deep their defaults are", () => {
    const text = fc.string().map((plain) => plain.replaceAll("}", ""));
    const property = fc.property(text, text, fc.nat(4), (before, inner, depth) => {
      let reference = escape(inner);
      for (let level = 0; level <= depth; level += 1) reference = `\${NONE:-${reference}}`;
      expect(echo(`${escape(before)}${reference}`)).toBe(`${before}${inner}`);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it("never throws, and names a part of the text where it refuses it", () => {
    const pieces = fc.array(fc.constantFrom("$", "{", "}", "X", ".", ":-", ":?", "a", "var.", "$$", "${", "\n"));
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join("");
        const parsed = parseInterpolation(text);
        return parsed.ok || (parsed.problem.part !== "" && text.includes(parsed.problem.part));
      }),
    );
    expect(parseInterpolation("").ok).toBe(true);
  });
});
