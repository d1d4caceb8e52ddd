import type { SourceLocation } from "./location.ts";

/** A value that only the run knows: `${tasks.images/frontend.image_id}` or `${run.status}`. */
export type LateReference =
  | { readonly namespace: "tasks"; readonly task: string; readonly output: string; readonly location: SourceLocation }
  | { readonly namespace: "run"; readonly member: RunMember; readonly location: SourceLocation };

/** What `${run.…}` offers. `status` is that of the run so far, as `if: failure()` sees it. */
export type RunMember = "id" | "status" | "pipeline" | "log_directory";

/** Text whose references to `var.`, `environment.`, `git.` and environment variables are already replaced. */
export interface Template {
  readonly parts: readonly (string | LateReference)[];
}

/** Wraps plain text. */
export function constantTemplate(text: string): Template {
  return { parts: [text] };
}

/** Replaces each late reference by what `lookUp` returns for it. */
export function renderTemplate(template: Template, lookUp: (reference: LateReference) => string): string {
  return template.parts.map((part) => (typeof part === "string" ? part : lookUp(part))).join("");
}

/** A template as a person would read it, late references in their written form. */
export function describeTemplate(template: Template): string {
  return renderTemplate(template, (reference) =>
    reference.namespace === "tasks" ? `\${tasks.${reference.task}.${reference.output}}` : `\${run.${reference.member}}`,
  );
}
