import type { DiagnosticCode } from "../model/diagnostic.ts";

/** Keys and indexes from the root of a document to a value. */
export type ValuePath = readonly (string | number)[];

/** One way in which a document breaks its schema. */
export interface Violation {
  readonly code: DiagnosticCode;
  /** Of the value that breaks the schema; for an unknown key, of that key. */
  readonly path: ValuePath;
  /** Whether the key or the value is to blame. */
  readonly blames: "key" | "value";
  readonly message: string;
  readonly hint?: string;
  /** The key that was probably meant, where the key is unknown. */
  readonly meant?: string;
  /** A second key of the same mapping that belongs to the problem, and why. */
  readonly related?: { readonly path: ValuePath; readonly message: string };
}
