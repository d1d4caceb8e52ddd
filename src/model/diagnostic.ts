import type { SourceLocation } from "./location.ts";

/**
 * What can be wrong with a document the user wrote. Every code is documented in docs/diagnostics.md.
 * A diagnostic is data: it is collected, never thrown, so that all problems of all files are shown at once.
 */
export type DiagnosticCode =
  /** The file does not exist or cannot be read. */
  | "file-unreadable"
  /** The text is not valid YAML or JSON. YAML warnings count (an unquoted `!glob` silently becomes ""). */
  | "syntax-invalid"
  /** The same key stands twice in one mapping. */
  | "key-duplicate"
  /** A key that the schema does not know. */
  | "key-unknown"
  /** A required key is missing. */
  | "key-missing"
  /** A value of the wrong type, or outside its range. */
  | "value-invalid"
  /** A duration that cannot be read, or a bare number whose unit would be guessed. */
  | "duration-invalid"
  /** A size that cannot be read, or a bare number whose unit would be guessed. */
  | "size-invalid"
  /** A task with no kind key, or with more than one. */
  | "kind-ambiguous"
  /** `needs`, `--only` or a reference names a task that does not exist. */
  | "task-unknown"
  /** Two tasks end up with the same name. */
  | "task-duplicate"
  /** Tasks that need each other. */
  | "task-cycle"
  /** Files that include each other. */
  | "include-cycle"
  /** A path that leaves the project directory. */
  | "path-outside-project"
  /** `${NAME}` without a value and without a default. */
  | "variable-unset"
  /** An interpolation that cannot be parsed. */
  | "interpolation-invalid"
  /** A namespace or a member of one that does not exist. */
  | "reference-unknown"
  /** A `tasks.` or `run.` reference where the value must be known before the run. */
  | "reference-too-early"
  /** A shared task uses `${environment.…}`. */
  | "environment-in-shared-task"
  /** A pipeline names an environment that docker/build-config.json does not declare. */
  | "environment-unknown"
  /** A deploy task in a pipeline without environments. */
  | "environment-missing"
  /** Two pipelines compile to the same name. */
  | "pipeline-duplicate"
  /** The command line or another document names a pipeline that does not exist. */
  | "pipeline-unknown"
  /** An `if` that cannot be parsed. */
  | "condition-invalid"
  /** `pool` names a pool that `concurrency.pools` does not declare, or asks for more than it holds. */
  | "pool-unknown"
  /** A build task or a service names a bake target that the bake file does not define. */
  | "bake-target-unknown"
  /** `docker buildx bake --print` refused the bake files. */
  | "bake-definition-invalid"
  /** The bake file asks for an entitlement that `allow` does not grant. */
  | "entitlement-not-allowed"
  /** A check or a flag names a service that docker/build-config.json does not declare. */
  | "service-unknown";

/** A problem in the user's files, complete enough to be shown without further look-ups. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: "error" | "warning";
  /** One sentence that starts with what is wrong; no trailing full stop. */
  readonly message: string;
  readonly location?: SourceLocation;
  /** What would mend it, where that is likely ("did you mean `timeout`?"). */
  readonly hint?: string;
  /** Other places that belong to the problem, such as the first of two duplicates or the lines of a cycle. */
  readonly related?: readonly RelatedLocation[];
}

/** A second place of a diagnostic and what it shows. */
export interface RelatedLocation {
  readonly message: string;
  readonly location: SourceLocation;
}

/** Either a value or all that is wrong; warnings may accompany a value. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };
