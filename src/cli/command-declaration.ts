import type { Surroundings } from "./surroundings.ts";

/** A command of the command line, as data: the parser, `--help` and docs/commands.md are made from it. */
export interface CommandDeclaration {
  readonly name: string;
  /** In commander's notation: `<required>`, `[optional]`, `[many...]`. */
  readonly argument?: ArgumentDeclaration;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What the command promises, for its own help. */
  readonly description: string;
  readonly options: readonly OptionDeclaration[];
  readonly examples: readonly Example[];
  /** Loads what executes it; nothing of it is loaded before. */
  readonly load: () => Promise<CommandModule>;
}

/** The positional argument of a command. */
export interface ArgumentDeclaration {
  readonly notation: string;
  readonly description: string;
}

/** A command line and what it does. */
export interface Example {
  readonly command: string;
  readonly effect: string;
}

/** How the text after an option is read. */
export type OptionValue =
  | { readonly type: "flag" }
  | { readonly type: "text"; readonly placeholder: string }
  /** A size with a unit; a bare number counts as gigabytes, as the scripts had it. */
  | { readonly type: "size" }
  /** A time with a unit, such as `5m`. */
  | { readonly type: "duration" }
  /** A whole number, at least `minimum`. */
  | { readonly type: "count"; readonly minimum: number }
  /** May be given several times, and may hold several values separated by commas. */
  | { readonly type: "list"; readonly placeholder: string }
  | { readonly type: "choice"; readonly choices: readonly string[] };

/** An option of a command. */
export interface OptionDeclaration {
  /** Long name without dashes; options are read under this name. */
  readonly name: string;
  /** Short form, one letter. */
  readonly short?: string;
  readonly value: OptionValue;
  readonly description: string;
}

/** What a command receives. */
export interface Invocation {
  readonly command: CommandDeclaration;
  readonly arguments: readonly string[];
  readonly options: Options;
  /** The command line as typed, for messages. */
  readonly argv: readonly string[];
}

/** What a command's module exports. */
export interface CommandModule {
  /** Resolves with the exit code. Expected trouble is told to the user and becomes a code; only bugs reject. */
  readonly execute: (invocation: Invocation, surroundings: Surroundings) => Promise<number>;
}

/** Typed access to the options that were given. */
export class Options {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  /** Whether a flag was given. */
  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** The text, or the choice, of an option. */
  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  /** The number of a size (bytes), duration (milliseconds) or count option. */
  number(name: string): number | undefined {
    const value = this.#values[name];
    return typeof value === "number" ? value : undefined;
  }

  /** All values of a list option; empty when it was not given. */
  list(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }
}
