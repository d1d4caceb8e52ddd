import type { Template } from "../model/template.ts";
import { parseReference } from "./interpolation.ts";
import type { InterpolationProblem } from "./interpolation.ts";

/** Prefix of the environment variables that carry values into a script. */
const VARIABLE_PREFIX = "ORC_";

/** A script whose `${…}` became shell variables, and the references whose values they carry. */
export interface ShellScript {
  readonly script: string;
  /** Name of the environment variable with the `${…}` as written. */
  readonly variables: readonly { readonly name: string; readonly reference: string }[];
}

/** The script, or why it cannot be read. */
export type ParsedScript =
  | { readonly ok: true; readonly value: ShellScript }
  | { readonly ok: false; readonly problem: InterpolationProblem };

/** What surrounds a place of a script: nothing, double quotes, single quotes, a here-document, or a comment. */
type Quoting = "none" | "double" | "single" | "document" | "literal-document" | "comment";

/**
 * Replaces each `${…}` of a script by a shell variable, quoted so that the value always stays one word and is never read as
 * shell text. What belongs to the shell (`$HOME`, `$(…)`, `$?`, `$$`) is untouched; `$${name}` is the shell's own `${name}`.
 */
export function parseShellScript(script: string): ParsedScript {
  const scanner = new ScriptScanner(script);
  const problem = scanner.scan();
  return problem === undefined ? { ok: true, value: scanner.result() } : { ok: false, problem };
}

class ScriptScanner {
  readonly #script: string;
  readonly #names = new Map<string, string>();
  /** Quoting outside of the current `$(…)`s and back-quotes, innermost last. */
  readonly #outer: { readonly quoting: Quoting; readonly close: string }[] = [];
  #quoting: Quoting = "none";
  #documents: { readonly end: string; readonly literal: boolean }[] = [];
  #output = "";
  #at = 0;

  constructor(script: string) {
    this.#script = script;
  }

  result(): ShellScript {
    const variables = [...this.#names].map(([reference, name]) => ({ name, reference }));
    return { script: this.#output, variables };
  }

  scan(): InterpolationProblem | undefined {
    while (this.#at < this.#script.length) {
      if (this.#script.startsWith("$${", this.#at)) this.#copy(3, "${");
      else if (this.#script.startsWith("${", this.#at)) {
        const problem = this.#reference();
        if (problem !== undefined) return problem;
      } else this.#plain();
    }
    return undefined;
  }

  #reference(): InterpolationProblem | undefined {
    const parsed = parseReference(this.#script, this.#at);
    if (!parsed.ok) {
      const { part } = parsed.problem;
      return { ...parsed.problem, hint: `if it belongs to the shell, write \`$${part}\`` };
    }
    const { text } = parsed.reference;
    if (this.#quoting === "literal-document") {
      const hint = "take the quotes from its delimiter";
      return { message: `\`${text}\` stands in a here-document that replaces nothing`, hint, part: text };
    }
    const name = this.#names.get(text) ?? `${VARIABLE_PREFIX}${this.#names.size + 1}`;
    this.#names.set(text, name);
    this.#output += quoted(`\${${name}}`, this.#quoting);
    this.#at = parsed.end;
    return undefined;
  }

  #plain(): void {
    const rest = this.#script.slice(this.#at, this.#at + 2);
    const char = rest[0] ?? "";
    if (this.#quoting === "single") {
      if (char === "'") this.#quoting = "none";
      this.#copy(1);
    } else if (char === "\n") this.#newLine();
    else if (this.#quoting === "comment" || this.#quoting === "literal-document") this.#copy(1);
    else if (char === "\\" && rest.length === 2) this.#copy(2);
    else if (rest === "$(") this.#open(")", 2);
    else if (this.#closes(char)) this.#close();
    else if (char === "`") this.#open("`", 1);
    else if (this.#quoting === "none") this.#unquoted(char);
    else {
      if (char === '"' && this.#quoting === "double") this.#quoting = "none";
      this.#copy(1);
    }
  }

  #unquoted(char: string): void {
    if (char === "'") this.#quoting = "single";
    else if (char === '"') this.#quoting = "double";
    else if (char === "(") return this.#open(")", 1);
    else if (char === "#" && /(?:^|[\s;&|(])$/.test(this.#script.slice(Math.max(0, this.#at - 1), this.#at))) {
      this.#quoting = "comment";
    } else if (char === "<") return this.#hereDocument();
    this.#copy(1);
  }

  #hereDocument(): void {
    const match = /^<<-?[ \t]*(?:'([^'\n]+)'|"([^"\n]+)"|\\?([A-Za-z0-9_.]+))/.exec(
      this.#script.slice(this.#at, this.#at + 200),
    );
    if (match === null || this.#script.startsWith("<<<", this.#at)) return this.#copy(1);
    const end = match[1] ?? match[2] ?? match[3] ?? "";
    this.#documents.push({ end, literal: match[3] === undefined || match[0].includes("\\") });
    return this.#copy(match[0].length);
  }

  /** At a line's end a comment ends, and a here-document starts or ends. */
  #newLine(): void {
    this.#copy(1);
    if (this.#quoting === "comment") this.#quoting = "none";
    const inDocument = this.#quoting === "document" || this.#quoting === "literal-document";
    const [document] = this.#documents;
    if (document === undefined || (!inDocument && this.#quoting !== "none")) return;
    const lineEnd = this.#script.indexOf("\n", this.#at);
    const line = this.#script.slice(this.#at, lineEnd === -1 ? undefined : lineEnd);
    if (line.replace(/^\t+/, "") === document.end) {
      this.#copy(line.length);
      this.#documents = this.#documents.slice(1);
      this.#quoting = "none";
    } else this.#quoting = document.literal ? "literal-document" : "document";
  }

  #open(close: string, length: number): void {
    this.#outer.push({ quoting: this.#quoting, close });
    this.#quoting = "none";
    this.#copy(length);
  }

  #closes(char: string): boolean {
    return this.#quoting === "none" && this.#outer.at(-1)?.close === char;
  }

  #close(): void {
    this.#quoting = this.#outer.pop()?.quoting ?? "none";
    this.#copy(1);
  }

  #copy(length: number, replacement?: string): void {
    this.#output += replacement ?? this.#script.slice(this.#at, this.#at + length);
    this.#at += length;
  }
}

function quoted(variable: string, quoting: Quoting): string {
  if (quoting === "single") return `'"${variable}"'`;
  return quoting === "none" ? `"${variable}"` : variable;
}

/** The value of each variable of a script as a template; `resolve` gives undefined where it reported a problem. */
export function scriptEnvironment(
  script: ShellScript,
  resolve: (reference: string) => Template | undefined,
): Readonly<Record<string, Template>> {
  const entries: [string, Template][] = [];
  for (const { name, reference } of script.variables) {
    const template = resolve(reference);
    if (template !== undefined) entries.push([name, template]);
  }
  return Object.fromEntries(entries);
}
