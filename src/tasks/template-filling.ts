import type { Failure, Result } from "../model/failure.ts";
import type { TaskContext } from "../model/performer.ts";
import { describeTemplate, renderTemplate } from "../model/template.ts";
import type { LateReference, Template } from "../model/template.ts";

/** The text of a template with its late references replaced; a reference without a value is a failure. */
export function fillTemplate(template: Template, context: TaskContext): Result<string> {
  const missing: LateReference[] = [];
  const text = renderTemplate(template, (reference) => {
    const value = context.lookUp(reference);
    if (value === undefined) missing.push(reference);
    return value ?? "";
  });
  const [first] = missing;
  return first === undefined ? { ok: true, value: text } : { ok: false, failure: unresolved(first) };
}

function unresolved(reference: LateReference): Failure {
  return { reason: "reference-unresolved", reference: describeTemplate({ parts: [reference] }) };
}
