/** Writes bytes from an offset and says how many it took; throws where it cannot. `fs.writeSync` bound to a file is one. */
export type WriteBytes = (bytes: Uint8Array, offset: number) => number;

/**
 * Appends whole lines through a writer that may take a part only or throw in the middle (a full disk). A line that was torn so
 * stays torn, and the next one begins on a line of its own: what comes after is readable. Throws what the writer throws.
 */
export function createLineWriter(write: WriteBytes): (line: string) => void {
  let torn = false;
  return (line) => {
    const bytes = Buffer.from(torn ? `\n${line}` : line);
    let written = 0;
    try {
      while (written < bytes.length) written += write(bytes, written);
    } finally {
      torn = written === 0 ? torn : written < bytes.length;
    }
  };
}
