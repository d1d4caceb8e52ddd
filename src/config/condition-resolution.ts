import type { Condition } from "../model/condition.ts";
import { looksUpstream } from "../model/condition.ts";
import { parseCondition } from "./condition-syntax.ts";
import type { Expression, Operand } from "./condition-syntax.ts";
import { lookUp } from "./scope.ts";
import { didYouMean, suggest } from "../model/suggestion.ts";
import type { ValueReader } from "./value-reader.ts";

const KNOWN_NAMES = [
  "environment.name",
  "environment.port",
  "git.branch",
  "git.sha",
  "success()",
  "failure()",
  "always()",
];

/**
 * The condition of a task's `if`, with every comparison decided. One that does not look at how tasks upstream ended is
 * combined with `success()`, as in GitHub Actions. Success where there is no `if` or it cannot be read, which is reported.
 */
export function resolveCondition(
  container: object,
  written: string | boolean | undefined,
  reader: ValueReader,
): Condition {
  if (written === undefined) return { is: "success" };
  if (typeof written === "boolean") return withSuccess({ is: "constant", value: written, text: String(written) });
  const parsed = parseCondition(written);
  if (!parsed.ok) {
    const location = reader.source.partLocation(container, "if", parsed.part);
    reader.report("condition-invalid", parsed.message, location, parsed.hint);
    return { is: "success" };
  }
  return withSuccess(resolveExpression(parsed.expression, { container, reader }));
}

function withSuccess(condition: Condition): Condition {
  return looksUpstream(condition) ? condition : { is: "all", operands: [{ is: "success" }, condition] };
}

interface ConditionPlace {
  readonly container: object;
  readonly reader: ValueReader;
}

function resolveExpression(expression: Expression, place: ConditionPlace): Condition {
  switch (expression.is) {
    case "status":
      return { is: expression.call };
    case "not":
      return { is: "not", operand: resolveExpression(expression.operand, place) };
    case "all":
    case "any":
      return { is: expression.is, operands: expression.operands.map((operand) => resolveExpression(operand, place)) };
    case "truth": {
      const text = resolveOperand(expression.operand, place);
      const value = text !== "" && text !== "false" && text !== "0";
      return { is: "constant", value, text: expression.operand.written };
    }
    case "comparison": {
      const same = resolveOperand(expression.left, place) === resolveOperand(expression.right, place);
      return { is: "constant", value: same === expression.equal, text: expression.text };
    }
  }
}

/** The text of an operand; what is unset is empty. */
function resolveOperand(operand: Operand, { container, reader }: ConditionPlace): string {
  if (operand.operand === "text") return operand.text;
  const { name } = operand;
  if (/^(?:true|false|\d+)$/.test(name)) return name;
  const location = reader.source.partLocation(container, "if", name);
  if (name.startsWith("env.")) {
    const result = lookUp(name.slice("env.".length), reader.scope);
    return result.found === "text" ? result.text : "";
  }
  if (!name.includes(".")) {
    const meant = suggest(`${name}()`, KNOWN_NAMES);
    const hint =
      meant === undefined
        ? `put text in quotes: '${name}'; an environment variable is \`env.${name}\``
        : didYouMean(meant);
    reader.report("condition-invalid", `\`${name}\` is neither text nor a name`, location, hint);
    return "";
  }
  const result = lookUp(name, reader.scope);
  switch (result.found) {
    case "text":
      if (result.ofEnvironment) reader.useEnvironment(location);
      return result.text;
    case "unset":
      if (result.ofEnvironment) reader.useEnvironment(location);
      return "";
    case "late":
      reader.report(
        "reference-too-early",
        `\`${name}\` is known only in the run, and a condition is decided before`,
        location,
      );
      return "";
    case "problem":
      reader.report(result.code, result.message, location, result.hint);
      return "";
  }
}
