import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCondition } from "../../../src/config/condition-syntax.ts";
import { holds } from "../../../src/model/condition.ts";
import type { Condition, UpstreamOutcome } from "../../../src/model/condition.ts";
import { BLUE_AND_GREEN, diagnose, pipelineOf, problems, resolved, taskOf } from "./written-project.ts";

const GOOD: UpstreamOutcome = { succeeded: true, failed: false };
const BAD: UpstreamOutcome = { succeeded: false, failed: true };

function file(condition: string): string {
  return `variables: { channel: stable, off: "false" }\ntasks:\n  a:\n    if: ${JSON.stringify(condition)}\n    run: x\n`;
}

function conditionOf(text: string): Condition {
  const inputs = { environment: { CI: "true", EMPTY: "", ZERO: "0" }, git: { branch: "main" } };
  return taskOf(pipelineOf(file(text), inputs), "a", "run").condition;
}

describe("if", () => {
  it.each([
    ["success()", true, false],
    ["failure()", false, true],
    ["always()", true, true],
    ["!success()", false, true],
    ["success() || failure()", true, true],
    ["env.CI", true, false],
    ["env.NONE", false, false],
    ["env.EMPTY", false, false],
    ["env.ZERO", false, false],
    ["var.off", false, false],
    ["!env.NONE", true, false],
    ["env.CI == 'true'", true, false],
    ["env.CI == true", true, false],
    ["'a' == \"a\"", true, false],
    ["'it''s' == \"it's\"", true, false],
    ["var.channel != 'stable'", false, false],
    ["git.branch == 'main' && always()", true, true],
    ["git.branch == 'dev' && always()", false, false],
    ["always() && (env.NONE || env.CI)", true, true],
    ["env.NONE && env.CI || always()", true, true],
    ["env.CI || env.NONE && always()", true, true],
    ["!(env.CI || failure())", false, false],
    ["!!always()", true, true],
  ])("%s", (text, whenGood, whenBad) => {
    const condition = conditionOf(text);
    expect([holds(condition, GOOD), holds(condition, BAD)]).toEqual([whenGood, whenBad]);
  });

  it("is success() where nothing is written, and takes true and false", () => {
    const pipeline = pipelineOf("tasks: { a: { run: x }, b: { if: false, run: x }, c: { if: true, run: x } }\n");
    expect(pipeline.tasks.map(({ condition }) => [holds(condition, GOOD), holds(condition, BAD)])).toEqual([
      [true, false],
      [false, false],
      [true, false],
    ]);
  });

  it("keeps the words of a comparison, to say later why a task was skipped", () => {
    expect(conditionOf("  var.channel   ==  'beta' ")).toEqual({
      is: "all",
      operands: [{ is: "success" }, { is: "constant", value: false, text: "var.channel   ==  'beta'" }],
    });
  });

  it.each([
    ["env.CI = 'a'", "4:17 condition-invalid", "`=` cannot be read here"],
    ["env.CI == ", "4:10 condition-invalid", "The condition ends too early"],
    ["(env.CI", "4:10 condition-invalid", "The condition ends too early"],
    ["env.CI)", "4:16 condition-invalid", "`)` is not expected here"],
    ["env.CI env.X", "4:17 condition-invalid", "`env.X` is not expected here"],
    ["'open", "4:10 condition-invalid", "`'` cannot be read here"],
    ["failed()", "4:10 condition-invalid", "`failed()` does not exist"],
    ["${{ failure() }}", "4:10 condition-invalid", "`${…}` has no place in a condition"],
    ["blue == 'blue'", "4:10 condition-invalid", "`blue` is neither text nor a name"],
    ["always", "4:10 condition-invalid", "`always` is neither text nor a name"],
    ["var.chanel == 'a'", "4:10 reference-unknown", "The variable `chanel` is not declared"],
    [
      "run.status == 'failed'",
      "4:10 reference-too-early",
      "`run.status` is known only in the run, and a condition is decided before",
    ],
    ["", "4:9 condition-invalid", "The condition ends too early"],
  ])("refuses %j", (text, place, message) => {
    const found = diagnose({ "pipelines/main.yaml": file(text) }, { environment: { CI: "1" } });
    expect(found.map((each) => [`${each.location?.line}:${each.location?.column} ${each.code}`, each.message])).toEqual(
      [[place, message]],
    );
  });

  it("hints at a call without its parentheses", () => {
    expect(diagnose({ "pipelines/main.yaml": file("always") })[0]?.hint).toBe("did you mean `always()`?");
  });

  it("knows the environment of the variant, which makes the task one of the environment", () => {
    const text =
      "environments: [blue, green]\ntasks:\n  a: { deploy: {} }\n  b: { needs: a, if: environment.name == 'blue', run: x }\n";
    const { pipelines } = resolved({ "pipelines/main.yaml": text, "docker/build-config.json": BLUE_AND_GREEN });
    expect(pipelines.map((pipeline) => holds(taskOf(pipeline, "b", "run").condition, GOOD))).toEqual([true, false]);
    const shared = text.replace("needs: a, ", "");
    expect(problems({ "pipelines/main.yaml": shared, "docker/build-config.json": BLUE_AND_GREEN })).toEqual([
      "pipelines/main.yaml:4:12 environment-in-shared-task",
    ]);
  });
});

describe("parseCondition", () => {
  it("never throws and never recurses without end", () => {
    const pieces = fc.constantFrom(
      "(",
      ")",
      "!",
      "&&",
      "||",
      "==",
      "!=",
      "'a'",
      "env.X",
      "always()",
      " ",
      "=",
      "$",
      "'",
    );
    fc.assert(
      fc.property(fc.array(pieces), (parts) => {
        const parsed = parseCondition(parts.join(""));
        return parsed.ok || parsed.message !== "";
      }),
    );
    expect(parseCondition("(".repeat(100_000)).ok).toBe(false);
    expect(parseCondition("!".repeat(100_000)).ok).toBe(false);
  });
});
