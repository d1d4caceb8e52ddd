import { stripVTControlCharacters } from "node:util";

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001F\u007F-\u009F]/;
// oxlint-disable-next-line no-control-regex -- control characters are what is removed
const CONTROL_RUN = /[\u0000-\u0008\u000A-\u001F\u007F-\u009F]+/g;

/** Text as one line that moves no cursor: escape sequences go, other control characters become spaces. Tabs stay. */
export function printableLine(text: string): string {
  return CONTROL.test(text) ? stripVTControlCharacters(text).trimEnd().replaceAll(CONTROL_RUN, " ") : text;
}

/**
 * A line that a program printed, as {@link printableLine}; of a progress bar drawn with carriage returns the last state is
 * kept. Not for text that we put together: a carriage return in its end would swallow its beginning.
 */
export function printableOutput(line: string): string {
  const drawn = line.replace(/[\r\n]+$/, "");
  return printableLine(drawn.slice(drawn.lastIndexOf("\r") + 1));
}

/** Cuts a line to `width` characters, the last of them an ellipsis. */
export function clip(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}
