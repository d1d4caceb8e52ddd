/** The public API: the vocabulary, and the stages that can be called with plain data. */
export type { Diagnostic, DiagnosticCode, Checked } from "./model/diagnostic.ts";
export type { Failure, Result } from "./model/failure.ts";
export type { RunEvent } from "./model/event.ts";
