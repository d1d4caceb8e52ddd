/** What a terminal of a certain size shows: as much of a terminal emulator as programs that redraw lines need. */
export class Screen {
  readonly #rows: number;
  readonly #columns: number;
  #lines: string[][] = [[]];
  #row = 0;
  #column = 0;
  #pending = "";
  #cursorVisible = true;

  constructor(rows: number, columns: number) {
    this.#rows = rows;
    this.#columns = columns;
  }

  /** Whether the cursor is shown. */
  get cursorVisible(): boolean {
    return this.#cursorVisible;
  }

  /** The visible rows, without spaces at their ends. */
  get text(): string {
    return this.#visible()
      .map((line) =>
        Array.from(line, (character) => character ?? " ")
          .join("")
          .trimEnd(),
      )
      .join("\n");
  }

  /** Everything that was shown and not erased, rows that have scrolled away included. */
  get scrollback(): string {
    return this.#lines
      .map((line) =>
        Array.from(line, (character) => character ?? " ")
          .join("")
          .trimEnd(),
      )
      .join("\n");
  }

  /** Takes what a program prints; an escape sequence may be cut anywhere. */
  write(chunk: string): void {
    const text = this.#pending + chunk;
    // oxlint-disable-next-line no-control-regex -- control sequences are what is read here
    const token = /\u001B\[([?\d;]*)([@-~])|\u001B\][^\u0007\u001B]*(?:\u0007|\u001B\\)|\u001B[^[\]]|[^\u001B]/gu;
    let end = 0;
    for (const match of text.matchAll(token)) {
      end = match.index + match[0].length;
      if (match[2] !== undefined) this.#control(match[1] ?? "", match[2]);
      else if (match[0].length <= 2 && !match[0].startsWith("\u001B")) this.#print(match[0]);
    }
    this.#pending = text.slice(end);
  }

  #visible(): readonly string[][] {
    return this.#lines.slice(-this.#rows);
  }

  get #top(): number {
    return Math.max(0, this.#lines.length - this.#rows);
  }

  #print(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\n") this.#moveTo(this.#row + 1);
    else if (character === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (character >= " ") {
      if (this.#column >= this.#columns) {
        this.#column = 0;
        this.#moveTo(this.#row + 1);
      }
      const line = this.#lines[this.#row];
      if (line !== undefined) line[this.#column] = character;
      this.#column += 1;
    }
  }

  #moveTo(row: number): void {
    this.#row = Math.max(this.#top, row);
    while (this.#lines.length <= this.#row) this.#lines.push([]);
  }

  #control(parameters: string, final: string): void {
    const count = Number.parseInt(parameters, 10) || 1;
    if (parameters === "?25") this.#cursorVisible = final === "h";
    else if (final === "A") this.#moveTo(this.#row - count);
    else if (final === "B") this.#moveTo(this.#row + count);
    else if (final === "C") this.#column += count;
    else if (final === "D") this.#column = Math.max(0, this.#column - count);
    else if (final === "G") this.#column = count - 1;
    else if (final === "K") this.#eraseLine(parameters);
    else if (final === "J") this.#eraseBelow();
    else if (final !== "m" && !parameters.startsWith("?"))
      throw new Error(`the screen does not know CSI ${parameters}${final}`);
  }

  #eraseLine(parameters: string): void {
    const line = this.#lines[this.#row];
    if (line === undefined) return;
    if (parameters === "2") line.length = 0;
    else line.length = Math.min(line.length, this.#column);
  }

  #eraseBelow(): void {
    this.#eraseLine("");
    for (const line of this.#lines.slice(this.#row + 1)) line.length = 0;
  }
}
