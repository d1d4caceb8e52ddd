/** An `if` as written. */
export type Expression =
  | { readonly is: "status"; readonly call: "success" | "failure" | "always" }
  | { readonly is: "truth"; readonly operand: Operand }
  | {
      readonly is: "comparison";
      readonly equal: boolean;
      readonly left: Operand;
      readonly right: Operand;
      readonly text: string;
    }
  | { readonly is: "not"; readonly operand: Expression }
  | { readonly is: "all" | "any"; readonly operands: readonly Expression[] };

/** A side of a comparison. */
export type Operand =
  | { readonly operand: "text"; readonly text: string; readonly written: string }
  | { readonly operand: "name"; readonly name: string; readonly written: string };

/** An expression, or what is wrong with the text and where. */
export type ParsedCondition =
  | { readonly ok: true; readonly expression: Expression }
  | { readonly ok: false; readonly message: string; readonly hint: string; readonly part: string };

interface Token {
  readonly type: "operator" | "text" | "name" | "end";
  readonly written: string;
  readonly start: number;
}

/** Nesting that nobody writes by hand; it keeps the recursion shallow. */
const MAX_DEPTH = 100;
const TOKEN = /\s*(?:(&&|\|\||==|!=|!|\(|\))|('(?:[^']|'')*'|"[^"]*")|([A-Za-z0-9_][A-Za-z0-9_./-]*))/y;

class ConditionError extends Error {
  readonly hint: string;
  readonly part: string;

  constructor(message: string, hint: string, part: string) {
    super(message);
    this.hint = hint;
    this.part = part;
  }
}

/** Parses the text of an `if`: calls, comparisons, `&&`, `||`, `!` and parentheses, `&&` binding tighter than `||`. */
export function parseCondition(text: string): ParsedCondition {
  try {
    const parser = new ConditionParser(text, tokenize(text));
    return { ok: true, expression: parser.parse() };
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    return { ok: false, message: error.message, hint: error.hint, part: error.part };
  }
}

function tokenize(text: string): readonly Token[] {
  if (text.includes("${")) {
    const part = text.slice(text.indexOf("${"));
    throw new ConditionError(
      "`${…}` has no place in a condition",
      "write the bare name, such as `var.NAME` or `env.NAME`",
      part,
    );
  }
  const tokens: Token[] = [];
  let at = 0;
  while (text.slice(at).trim() !== "") {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) throw unreadable(text.slice(at).trim());
    at = TOKEN.lastIndex;
    const written = match[1] ?? match[2] ?? match[3] ?? "";
    const type = match[1] !== undefined ? "operator" : match[2] !== undefined ? "text" : "name";
    tokens.push({ type, written, start: at - written.length });
  }
  return [...tokens, { type: "end", written: "", start: text.length }];
}

function unreadable(rest: string): ConditionError {
  const first = rest[0] ?? "";
  const hints: Readonly<Record<string, string>> = {
    "=": "write `==`",
    "&": "write `&&`",
    "|": "write `||`",
    "'": "the text is never closed",
    '"': "the text is never closed",
  };
  return new ConditionError(`\`${first}\` cannot be read here`, hints[first] ?? "put text in quotes", first);
}

class ConditionParser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  parse(): Expression {
    const expression = this.#any();
    const rest = this.#peek();
    if (rest.type !== "end") throw this.#unexpected(rest, "join conditions with `&&` or `||`");
    return expression;
  }

  #any(): Expression {
    return this.#joined("||", "any", () => this.#joined("&&", "all", () => this.#unary()));
  }

  #joined(operator: string, is: "all" | "any", next: () => Expression): Expression {
    const operands = [next()];
    while (this.#take(operator)) operands.push(next());
    const [only] = operands;
    return operands.length === 1 && only !== undefined ? only : { is, operands };
  }

  #unary(): Expression {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new ConditionError("The condition is nested too deeply", "make it simpler", "(");
    const expression = this.#nested();
    this.#depth -= 1;
    return expression;
  }

  #nested(): Expression {
    if (this.#take("!")) return { is: "not", operand: this.#unary() };
    if (!this.#take("(")) return this.#comparison();
    const inner = this.#any();
    if (!this.#take(")")) throw this.#unexpected(this.#peek(), "close the parenthesis");
    return inner;
  }

  #comparison(): Expression {
    const start = this.#peek().start;
    const left = this.#operand();
    if (left.operand === "name" && this.#take("(")) return this.#call(left.name);
    const operator = this.#peek().written;
    if (this.#peek().type !== "operator" || (operator !== "==" && operator !== "!="))
      return { is: "truth", operand: left };
    this.#at += 1;
    const right = this.#operand();
    const end = this.#tokens[this.#at - 1];
    const text = this.#text.slice(start, (end?.start ?? 0) + (end?.written.length ?? 0));
    return { is: "comparison", equal: operator === "==", left, right, text };
  }

  #call(name: string): Expression {
    if (name !== "success" && name !== "failure" && name !== "always") {
      throw new ConditionError(`\`${name}()\` does not exist`, "known: success(), failure(), always()", name);
    }
    if (!this.#take(")")) throw this.#unexpected(this.#peek(), `\`${name}()\` takes nothing`);
    return { is: "status", call: name };
  }

  #operand(): Operand {
    const token = this.#peek();
    if (token.type === "operator" || token.type === "end")
      throw this.#unexpected(token, "expected a name or text in quotes");
    this.#at += 1;
    const { written } = token;
    if (token.type === "name") return { operand: "name", name: written, written };
    const inner = written.slice(1, -1);
    return { operand: "text", text: written.startsWith("'") ? inner.replaceAll("''", "'") : inner, written };
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { type: "end", written: "", start: this.#text.length };
  }

  #take(operator: string): boolean {
    const token = this.#peek();
    const found = token.type === "operator" && token.written === operator;
    if (found) this.#at += 1;
    return found;
  }

  #unexpected(token: Token, hint: string): ConditionError {
    const message = token.type === "end" ? "The condition ends too early" : `\`${token.written}\` is not expected here`;
    return new ConditionError(message, hint, token.written === "" ? this.#text : token.written);
  }
}
