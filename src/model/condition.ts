/**
 * When a task runs, as in GitHub Actions. Comparisons of variables are decided when the pipeline is resolved;
 * what is left depends on how the tasks upstream ended.
 */
export type Condition =
  /** Every task upstream succeeded. The default. */
  | { readonly is: "success" }
  /** At least one task upstream failed. */
  | { readonly is: "failure" }
  /** Whatever happened upstream, a cancellation included. */
  | { readonly is: "always" }
  | { readonly is: "constant"; readonly value: boolean; readonly text: string }
  | { readonly is: "not"; readonly operand: Condition }
  | { readonly is: "all" | "any"; readonly operands: readonly Condition[] };

/** How the tasks upstream of a task ended. */
export interface UpstreamOutcome {
  readonly failed: boolean;
  readonly succeeded: boolean;
}

/** Whether the task may start. */
export function holds(condition: Condition, upstream: UpstreamOutcome): boolean {
  switch (condition.is) {
    case "success":
      return upstream.succeeded;
    case "failure":
      return upstream.failed;
    case "always":
      return true;
    case "constant":
      return condition.value;
    case "not":
      return !holds(condition.operand, upstream);
    case "all":
      return condition.operands.every((operand) => holds(operand, upstream));
    case "any":
      return condition.operands.some((operand) => holds(operand, upstream));
  }
}

/**
 * Whether the condition looks at how tasks upstream ended. One that does not is combined with `success()`,
 * as GitHub Actions does, so that `if: environment.name == 'blue'` never runs after a failure.
 */
export function looksUpstream(condition: Condition): boolean {
  switch (condition.is) {
    case "success":
    case "failure":
    case "always":
      return true;
    case "constant":
      return false;
    case "not":
      return looksUpstream(condition.operand);
    case "all":
    case "any":
      return condition.operands.some(looksUpstream);
  }
}

/** The condition as one would write it after `if:`. */
export function describeCondition(condition: Condition): string {
  switch (condition.is) {
    case "success":
    case "failure":
    case "always":
      return `${condition.is}()`;
    case "constant":
      return condition.text;
    case "not":
      return `!${describeOperand(condition.operand)}`;
    case "all":
      return condition.operands.map(describeOperand).join(" && ");
    case "any":
      return condition.operands.map(describeOperand).join(" || ");
  }
}

function describeOperand(condition: Condition): string {
  const composed = condition.is === "all" || condition.is === "any";
  return composed ? `(${describeCondition(condition)})` : describeCondition(condition);
}
