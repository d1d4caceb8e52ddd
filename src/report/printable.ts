import { stripVTControlCharacters } from "node:util";

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001F\u007F-\u009F]/;
// oxlint-disable-next-line no-control-regex -- control characters are what is removed
const CONTROL_RUN = /[\u0000-\u0008\u000A-\u001F\u007F-\u009F]+/g;

/**
 * Text as one line that moves no cursor: escape sequences are removed, of a progress bar drawn with carriage returns the last
 * state is kept, and any other control character becomes a space. Tabs stay.
 */
export function printableLine(text: string): string {
  if (!CONTROL.test(text)) return text;
  const plain = stripVTControlCharacters(text).replace(/[\r\n]+$/, "");
  const drawn = plain.includes("\n") ? plain : plain.slice(plain.lastIndexOf("\r") + 1);
  return drawn.replaceAll(CONTROL_RUN, " ");
}

/** Cuts a line to `width` characters, the last of them an ellipsis. */
export function clip(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}
