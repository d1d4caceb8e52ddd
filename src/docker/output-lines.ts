/** What replaces a secret value. */
const REDACTED = "***";

/** Lines longer than this are cut into pieces, so that a program without line ends cannot fill the memory. */
const LONGEST_LINE = 1024 * 1024;

/** Cuts a byte stream into lines. State: bytes of an incomplete character and text of an incomplete line. */
export interface LineSplitter {
  /** Lines completed by this chunk, without line ends. */
  push(chunk: Uint8Array): readonly string[];
  /** The rest at the end of the stream. */
  end(): readonly string[];
}

/**
 * Splits UTF-8 output into lines across chunk borders. A carriage return within a line means that the program drew over
 * it (progress bars), so only what was drawn last is kept.
 */
export function createLineSplitter(): LineSplitter {
  const decoder = new TextDecoder();
  let rest = "";
  const take = (text: string): string[] => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE) {
      lines.push(rest);
      rest = "";
    }
    return lines.map(collapseCarriageReturns);
  };
  return {
    push: (chunk) => take(decoder.decode(chunk, { stream: true })),
    end: () => {
      const lines = take(decoder.decode());
      const last = collapseCarriageReturns(rest);
      rest = "";
      return last === "" ? lines : [...lines, last];
    },
  };
}

function collapseCarriageReturns(line: string): string {
  if (!line.includes("\r")) return line;
  const drawn = line.split("\r").filter((part) => part !== "");
  return drawn.at(-1) ?? "";
}

/**
 * A function that replaces each secret value in a line. Values of several lines are replaced line by line; parts shorter than
 * four characters are left alone unless they are the whole value, because they would match everywhere.
 */
export function createRedactor(secrets: readonly string[]): (line: string) => string {
  const parts = new Set<string>();
  for (const secret of secrets) {
    const lines = secret.split(/\r?\n/).map((line) => line.trim());
    for (const line of lines) {
      if (line.length >= 4 || (line !== "" && lines.length === 1)) parts.add(line);
    }
  }
  if (parts.size === 0) return (line) => line;
  const longestFirst = [...parts].sort((a, b) => b.length - a.length);
  return (line) => {
    let text = line;
    for (const part of longestFirst) text = text.replaceAll(part, REDACTED);
    return text;
  };
}

/** The last lines of something that prints for a long time. */
export interface LineTail {
  push(line: string): void;
  readonly lines: readonly string[];
}

/** Keeps the last `size` lines that are not blank. */
export function createLineTail(size: number): LineTail {
  const lines: string[] = [];
  return {
    push: (line) => {
      if (line.trim() === "") return;
      lines.push(line);
      if (lines.length > size) lines.shift();
    },
    get lines() {
      return [...lines];
    },
  };
}
