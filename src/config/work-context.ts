import type { PartialBuildConfig } from "./resolve-build-config.ts";
import type { ValueReader } from "./value-reader.ts";

/** What the work of a task depends on besides its own text. */
export interface WorkContext {
  readonly reader: ValueReader;
  readonly build: PartialBuildConfig;
  /** The directory that paths of the file are relative to, itself relative to the project directory. */
  readonly base: string;
  readonly projectDirectory: string;
}
