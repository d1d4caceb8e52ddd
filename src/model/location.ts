/** The file of what a command line made without a file, such as the tasks of `orchestrate build`. */
export const COMMAND_LINE = "(command line)";

/** A range in a file the user wrote. Lines and columns count from 1, columns in UTF-16 code units, as editors do. */
export interface SourceLocation {
  /** Path relative to the project directory, with forward slashes. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** End of the range (exclusive); absent when only a point is known. */
  readonly endLine?: number;
  readonly endColumn?: number;
}
